// What a registry in this process knows and decides; where it is kept is the caller's. Calls that change something happen one after the other,
// and nothing is known before it is kept.
import { checkNextVersion } from '../../codec/avro-compatibility.ts'
import { parseSchema } from '../../codec/avro-schema.ts'
import { identityOf } from '../../codec/schema-identity.ts'
import type { AvroSchema } from '../../model/avro-type.ts'
import { MillraceError } from '../../model/errors.ts'
import type { Compatibility, RegisteredSchema, Registry } from '../../ports/registry.ts'

export interface SubjectContent {
  readonly name: string
  /** Null: the default. */
  readonly compatibility: Compatibility | null
  /** Ids, oldest first. */
  readonly versions: readonly number[]
}
/** Everything a registry holds, as JSON. */
export interface RegistryContent {
  readonly subjects: readonly SubjectContent[]
  /** The schema of id i is at i − 1. */
  readonly schemas: readonly AvroSchema[]
}
export const NO_CONTENT: RegistryContent = { subjects: [], schemas: [] }

export const LEVELS: readonly Compatibility[] = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
]
/** Differences that an error lists. */
const MOST_LISTED = 5

export class SchemaStore implements Registry {
  readonly #keep: (content: RegistryContent) => Promise<void>
  #content: RegistryContent
  readonly #ids: Map<string, number>
  #queue: Promise<unknown> = Promise.resolve()
  #closed = false
  /** `keep` resolves when the content is durable, and rejects when it is not: then the call that needed it changed nothing. */
  constructor(content: RegistryContent, keep: (content: RegistryContent) => Promise<void>) {
    this.#content = content
    this.#keep = keep
    this.#ids = new Map(content.schemas.map((schema, index) => [identityOf(schema), index + 1]))
  }

  register(subject: string, schema: AvroSchema): Promise<number> {
    return this.#change(async () => {
      parseSchema(schema, 'own')
      const { text, kept } = asJson(schema)
      const known = this.#ids.get(text)
      const of = this.#subject(subject)
      if (known !== undefined && of.versions.includes(known)) return known
      this.#check(of, kept)
      const id = known ?? this.#content.schemas.length + 1
      const schemas = known === undefined ? [...this.#content.schemas, kept] : this.#content.schemas
      await this.#replace({ ...of, versions: [...of.versions, id] }, schemas)
      this.#ids.set(text, id)
      return id
    })
  }

  async schema(id: number): Promise<AvroSchema | null> {
    this.#open()
    return this.#content.schemas[id - 1] ?? null
  }

  async latest(subject: string): Promise<RegisteredSchema | null> {
    this.#open()
    const { versions } = this.#subject(subject)
    const id = versions.at(-1)
    return id === undefined ? null : { id, version: versions.length, schema: this.#schemaOf(id) }
  }

  async subjects(): Promise<readonly string[]> {
    this.#open()
    return this.#content.subjects.filter(subject => subject.versions.length > 0).map(subject => subject.name)
  }

  async compatibility(subject: string): Promise<Compatibility> {
    this.#open()
    return this.#subject(subject).compatibility ?? 'BACKWARD'
  }

  setCompatibility(subject: string, level: Compatibility): Promise<void> {
    return this.#change(async () => {
      if (!LEVELS.includes(level)) throw new MillraceError('OPTION_INVALID', `'${level}' is no compatibility level: ${LEVELS.join(', ')}`)
      await this.#replace({ ...this.#subject(subject), compatibility: level }, this.#content.schemas)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#queue
  }

  #open(): void {
    if (this.#closed) throw new MillraceError('REGISTRY_UNAVAILABLE', 'the schema registry is closed')
  }

  async #change<T>(work: () => Promise<T>): Promise<T> {
    this.#open()
    const turn = this.#queue.then(work)
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  async #replace(subject: SubjectContent, schemas: readonly AvroSchema[]): Promise<void> {
    const { subjects } = this.#content
    const at = subjects.findIndex(s => s.name === subject.name)
    const content = { subjects: at < 0 ? [...subjects, subject] : subjects.with(at, subject), schemas }
    await this.#keep(content)
    this.#content = content
  }

  #subject(name: string): SubjectContent {
    return this.#content.subjects.find(subject => subject.name === name) ?? { name, compatibility: null, versions: [] }
  }
  #schemaOf(id: number): AvroSchema {
    return this.#content.schemas[id - 1]!
  }

  #check(subject: SubjectContent, schema: AvroSchema): void {
    const level = subject.compatibility ?? 'BACKWARD'
    const earlier = subject.versions.map(id => this.#schemaOf(id))
    const found = checkNextVersion(level, schema, earlier)
    if (found.length === 0) return
    const listed = found.slice(0, MOST_LISTED).map(({ path, why }) => `${path === '' ? 'the value' : `field '${path}'`}: ${why}`)
    const more = found.length > MOST_LISTED ? `; and ${found.length - MOST_LISTED} more` : ''
    throw new MillraceError(
      'SCHEMA_INCOMPATIBLE',
      `the schema cannot be version ${earlier.length + 1} of '${subject.name}' (${level}): ${listed.join('; ')}${more}`,
    )
  }
}

/** A copy that later changes of the caller's object do not reach. */
function asJson(schema: AvroSchema): { readonly text: string; readonly kept: AvroSchema } {
  try {
    return { text: identityOf(schema), kept: JSON.parse(JSON.stringify(schema)) as AvroSchema }
  } catch (error) {
    throw new MillraceError('SCHEMA_INVALID', 'the Avro schema cannot be written as JSON', { cause: error })
  }
}
