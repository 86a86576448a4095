// A schema registry with Confluent's API, over the HTTP client of @kafkajs/confluent-schema-registry. Ids never change their meaning: what was read once is kept.
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import api from '@kafkajs/confluent-schema-registry/dist/api/index.js'
import { parseSchema } from '../../codec/avro-schema.ts'
import { identityOf } from '../../codec/schema-identity.ts'
import type { AvroSchema } from '../../model/avro-type.ts'
import { MillraceError } from '../../model/errors.ts'
import type { Compatibility, RegisteredSchema, Registry } from '../../ports/registry.ts'
import { isLostRace, isNotThere, registryFailure } from './confluent-failures.ts'
import { inlined, type Reference } from './references.ts'

export interface ConfluentSettings {
  /** `http://host:8081`, `https://…`; with a path where the API does not lie at the root. */
  readonly url: string
  readonly user?: string
  readonly password?: string
  /** PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** A request without an answer is given up after so long, default 10,000 ms. */
  readonly timeoutMs?: number
}

interface SchemaReply {
  readonly id?: number
  readonly version?: number
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly Reference[]
}
/** How often somebody else may be first before it is an error. */
const RACES = 5

type Answer = { data<T>(): T }

/** Asks the registry once, so that a wrong address shows at the start. @throws REGISTRY_UNAVAILABLE, REGISTRY_REFUSED, OPTION_INVALID */
export async function openConfluentRegistry(settings: ConfluentSettings): Promise<Registry> {
  const registry = new ConfluentRegistry(settings)
  await registry.subjects()
  return registry
}

class ConfluentRegistry implements Registry {
  readonly #url: string
  readonly #api: ReturnType<typeof api.default>
  readonly #agent: HttpAgent
  readonly #timeout: number
  /** What ids mean; a promise, so that records that name an id at the same time ask once. */
  readonly #schemas = new Map<number, Promise<AvroSchema | null>>()
  /** Ids of what was registered here, by subject and schema. */
  readonly #ids = new Map<string, number>()
  #closed = false

  constructor({ url, user, password, tls, timeoutMs = 10_000 }: ConfluentSettings) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new MillraceError('OPTION_INVALID', 'the address of the schema registry is not http://host:port or https://host:port')
    this.#url = url.replace(/\/+$/, '')
    this.#timeout = timeoutMs
    this.#agent = url.startsWith('https:') ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true })
    this.#api = api.default({
      clientId: 'millrace',
      host: this.#url,
      agent: this.#agent as never,
      ...(user !== undefined && { auth: { username: user, password: password ?? '' } }),
      // All of it: what is left out is whatever the last client of this process was given.
      retry: { maxRetryTimeInSecs: 1, initialRetryTimeInSecs: 0.1, factor: 0.2, multiplier: 2, retries: 3 },
    })
  }

  async register(subject: string, schema: AvroSchema): Promise<number> {
    parseSchema(schema, 'own')
    const name = JSON.stringify([subject, identityOf(schema)])
    const known = this.#ids.get(name)
    if (known !== undefined && !this.#closed) return known
    const body = { schemaType: 'AVRO', schema: JSON.stringify(inOrder(schema)) }
    const id = await this.#registered(subject, body, RACES)
    this.#ids.set(name, id)
    return id
  }

  /** Of several that register the first schema of a subject at once some registries (Apicurio) let one win and refuse the others: those ask again. */
  async #registered(subject: string, body: object, races: number): Promise<number> {
    try {
      const request = (timeout: number): Promise<unknown> => this.#api.Subject.register({ subject, body, timeout })
      return (await this.#ask<{ id: number }>(`registering a schema of '${subject}'`, request)).id
    } catch (error) {
      if (races === 0 || !(error instanceof MillraceError) || !isLostRace(error.cause)) throw error
      return this.#registered(subject, body, races - 1)
    }
  }

  schema(id: number): Promise<AvroSchema | null> {
    if (this.#closed) return Promise.reject(closed())
    let schema = this.#schemas.get(id)
    if (schema === undefined) {
      schema = this.#find(id)
      this.#schemas.set(id, schema)
      // Null is final for its record, not for the id: it may be given later.
      schema.then(
        found => found ?? this.#schemas.delete(id),
        () => this.#schemas.delete(id),
      )
    }
    return schema
  }

  async latest(subject: string): Promise<RegisteredSchema | null> {
    const reply = await this.#found<SchemaReply>(`reading the latest schema of '${subject}'`, timeout =>
      this.#api.Subject.latestVersion({ subject, timeout }),
    )
    return reply === null ? null : { id: reply.id!, version: reply.version!, schema: await this.#schemaOf(reply, `'${subject}'`) }
  }

  subjects(): Promise<readonly string[]> {
    return this.#ask('reading the subjects', timeout => this.#api.Subject.all({ timeout }))
  }

  async compatibility(subject: string): Promise<Compatibility> {
    const reply = await this.#found<{ compatibilityLevel: Compatibility }>(`reading the level of '${subject}'`, timeout =>
      this.#api.Subject.config({ subject, defaultToGlobal: true, timeout }),
    )
    return reply?.compatibilityLevel ?? 'BACKWARD'
  }

  async setCompatibility(subject: string, level: Compatibility): Promise<void> {
    const body = { compatibility: level }
    await this.#ask(`setting the level of '${subject}'`, timeout => this.#api.Subject.updateConfig({ subject, body, timeout }))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#agent.destroy()
  }

  async #find(id: number): Promise<AvroSchema | null> {
    const reply = await this.#found<SchemaReply>(`reading the schema of id ${id}`, timeout => this.#api.Schema.find({ id, timeout }))
    return reply === null ? null : this.#schemaOf(reply, `id ${id}`)
  }

  async #schemaOf({ schema, schemaType = 'AVRO', references = [] }: SchemaReply, what: string): Promise<AvroSchema> {
    if (schemaType !== 'AVRO') throw new MillraceError('SCHEMA_INVALID', `the schema of ${what} is ${schemaType}, not Avro`)
    const others = new Map<string, AvroSchema>()
    await this.#collect(references, others)
    return inlined(JSON.parse(schema) as AvroSchema, others)
  }
  /** What is referred to, and what that refers to, each once. */
  async #collect(references: readonly Reference[], into: Map<string, AvroSchema>): Promise<void> {
    for (const { name, subject, version } of references) {
      if (into.has(name)) continue
      const reply = await this.#ask<SchemaReply>(`reading version ${version} of '${subject}', which is referred to`, timeout =>
        this.#api.Subject.version({ subject, version, timeout }),
      )
      into.set(name, JSON.parse(reply.schema) as AvroSchema)
      await this.#collect(reply.references ?? [], into)
    }
  }

  /** Null when the registry says that there is no such thing. */
  async #found<T>(doing: string, request: (timeout: number) => Promise<unknown>): Promise<T | null> {
    try {
      return await this.#ask<T>(doing, request)
    } catch (error) {
      if (error instanceof MillraceError && isNotThere(error.cause)) return null
      throw error
    }
  }
  async #ask<T>(doing: string, request: (timeout: number) => Promise<unknown>): Promise<T> {
    if (this.#closed) throw closed()
    try {
      return ((await request(this.#timeout)) as Answer).data<T>()
    } catch (error) {
      throw registryFailure(error, doing, this.#url)
    }
  }
}

const closed = (): MillraceError => new MillraceError('REGISTRY_UNAVAILABLE', 'the schema registry is closed')

/** Properties by name, so that a registry which compares texts finds the same schema again. */
function inOrder(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(inOrder)
  if (typeof schema !== 'object' || schema === null) return schema
  const ordered: Record<string, unknown> = Object.create(null)
  for (const [name, value] of Object.entries(schema).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) ordered[name] = inOrder(value)
  return ordered
}
