// Parses and checks an Avro schema (specification 1.12, "Schema Declaration" and "Names"). Where the Java library is laxer than the
// specification and schemas in registries rely on it, we are as lax and say so.
import type { AvroSchema } from '../model/avro-type.ts'
import { MillraceError } from '../model/errors.ts'
import { defaultSource, fitsDefault } from './avro-default.ts'
import type { AvroType, EnumType, FixedType, NamedType, PrimitiveKind, PrimitiveType, RecordField, RecordType } from './avro-model.ts'
import { EXACT } from './avro-model.ts'
import { logicalTypeOf } from './avro-logical.ts'

/**
 * 'own': a schema of ours; everything must be right. 'foreign': what another writer registered; a wrong logical type is dropped (as the
 * specification asks) and so is a wrong default (nobody reads it).
 */
export type Origin = 'own' | 'foreign'

const PRIMITIVES: ReadonlySet<unknown> = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'])
const COMPLEX: ReadonlySet<string> = new Set(['record', 'error', 'enum', 'fixed', 'array', 'map', 'union'])
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const FULL_NAME = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/
const DEEPEST_SCHEMA = 100

/** @throws SCHEMA_INVALID naming the place, e.g. `Order.items[].price` */
export function parseSchema(schema: AvroSchema, origin: Origin = 'own'): AvroType {
  const parser = new Parser(origin)
  const type = parser.type(schema, '', '', 0)
  parser.checkDefaults()
  return type
}

type Json = { readonly [property: string]: unknown }
interface Pending {
  readonly path: string
  readonly record: { fields: RecordField[] }
  readonly index: number
}

class Parser {
  readonly #origin: Origin
  readonly #names = new Map<string, NamedType>()
  readonly #defaults: Pending[] = []
  constructor(origin: Origin) {
    this.#origin = origin
  }

  type(schema: unknown, namespace: string, path: string, depth: number): AvroType {
    if (depth > DEEPEST_SCHEMA) throw invalid(path, `is nested deeper than ${DEEPEST_SCHEMA} levels`)
    if (typeof schema === 'string') return this.#reference(schema, namespace, path)
    if (Array.isArray(schema)) return this.#union(schema, namespace, path, depth)
    if (typeof schema !== 'object' || schema === null) throw invalid(path, `is ${kindOf(schema)}, not a schema`)
    const json = schema as Json
    switch (json['type']) {
      case 'record':
      case 'error':
        return this.#record(json, namespace, path, depth)
      case 'enum':
        return this.#enum(json, namespace, path)
      case 'fixed':
        return this.#fixed(json, namespace, path)
      case 'array':
        return { kind: 'array', items: this.type(json['items'], namespace, `${path}[]`, depth + 1) }
      case 'map':
        return { kind: 'map', values: this.type(json['values'], namespace, `${path}{}`, depth + 1) }
      default:
        if (PRIMITIVES.has(json['type'])) return this.#primitive(json, path)
        // a wrapped type, `{"type": {"type": …}}`, or a reference with properties beside it
        return this.type(json['type'], namespace, path, depth + 1)
    }
  }

  /** In the order of the fields, when every type is complete. */
  checkDefaults(): void {
    for (const { path, record, index } of this.#defaults) {
      const field = record.fields[index]!
      const fits = fitsDefault(field.type, field.default!.json)
      if (this.#origin === 'foreign') {
        if (!fits) record.fields[index] = { ...field, default: null }
      } else if (fits) defaultSource(field.type, field.default!.json, EXACT)
      else throw invalid(path, 'has a default that is not a value of its type')
    }
  }

  #reference(name: string, namespace: string, path: string): AvroType {
    if (PRIMITIVES.has(name)) return { kind: name as PrimitiveKind, logical: null, bigint: false }
    // a bare name also finds a type without a namespace, as the Java library does
    const found = this.#names.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ?? this.#names.get(name)
    if (found === undefined) throw invalid(path, `refers to '${name}', which is not defined before it`)
    return found
  }

  #primitive(json: Json, path: string): PrimitiveType {
    const kind = json['type'] as PrimitiveKind
    return { kind, logical: this.#logical(json, kind, null, path), bigint: kind === 'long' && json['as'] === 'bigint' }
  }

  #logical(json: Json, kind: string, size: number | null, path: string): PrimitiveType['logical'] {
    const logical = logicalTypeOf(json, kind, size)
    if (typeof logical !== 'string') return logical
    if (this.#origin === 'own') throw invalid(path, logical)
    return null
  }

  #union(schema: readonly unknown[], namespace: string, path: string, depth: number): AvroType {
    if (schema.length === 0) throw invalid(path, 'is a union without branches')
    const taken = new Set<string>()
    const branches = schema.map(branch => {
      const type = this.type(branch, namespace, path, depth + 1)
      if (type.kind === 'union') throw invalid(path, 'is a union directly within a union')
      const name = 'name' in type ? type.name : type.kind
      if (taken.has(name)) throw invalid(path, `is a union with two branches of '${name}'`)
      taken.add(name)
      return type
    })
    return { kind: 'union', branches }
  }

  #record(json: Json, outer: string, path: string, depth: number): RecordType {
    const named = this.#named(json, outer, path)
    const fields: RecordField[] = []
    const record: RecordType = { kind: 'record', ...named.names, fields }
    this.#names.set(record.name, record)
    const here = path === '' ? shortNameOf(record.name) : path
    if (!Array.isArray(json['fields'])) throw invalid(here, 'is a record without a list of fields')
    const taken = new Set<string>()
    for (const [index, raw] of json['fields'].entries()) {
      if (typeof raw !== 'object' || raw === null) throw invalid(here, `has a field ${index} that is ${kindOf(raw)}, not an object`)
      const field = raw as Json
      const name = field['name']
      if (typeof name !== 'string' || !NAME.test(name)) throw invalid(here, `has a field ${index} without a valid name: ${quoted(name)}`)
      if (taken.has(name)) throw invalid(here, `has two fields '${name}'`)
      taken.add(name)
      const at = `${here}.${name}`
      const aliases = namesIn(field['aliases'], at, NAME)
      const type = this.type(field['type'], named.namespace, at, depth + 1)
      const hasDefault = Object.hasOwn(field, 'default') && field['default'] !== undefined
      fields.push({ name, aliases, type, default: hasDefault ? { json: field['default'] } : null, doc: textOf(field['doc']) })
      if (hasDefault) this.#defaults.push({ path: at, record: { fields }, index })
    }
    return record
  }

  #enum(json: Json, outer: string, path: string): EnumType {
    const { names } = this.#named(json, outer, path)
    const here = path === '' ? shortNameOf(names.name) : path
    const symbols = json['symbols']
    if (!Array.isArray(symbols) || symbols.length === 0) throw invalid(here, 'is an enum without a list of symbols')
    const seen = new Set<unknown>()
    for (const symbol of symbols) {
      if (typeof symbol !== 'string' || !NAME.test(symbol)) throw invalid(here, `has a symbol that is not a name: ${quoted(symbol)}`)
      if (seen.has(symbol)) throw invalid(here, `has the symbol '${symbol}' twice`)
      seen.add(symbol)
    }
    const fallback = json['default'] ?? null
    if (fallback !== null && !seen.has(fallback)) throw invalid(here, `has a default that is not one of its symbols: ${quoted(fallback)}`)
    const type: EnumType = { kind: 'enum', ...names, symbols: symbols as string[], fallback: fallback as string | null }
    this.#names.set(type.name, type)
    return type
  }

  #fixed(json: Json, outer: string, path: string): FixedType {
    const { names } = this.#named(json, outer, path)
    const here = path === '' ? shortNameOf(names.name) : path
    const size = json['size']
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > 0x7fffffff) {
      throw invalid(here, `is a fixed without a size from 0 to 2147483647`)
    }
    const type: FixedType = { kind: 'fixed', ...names, size, logical: this.#logical(json, 'fixed', size, here) }
    this.#names.set(type.name, type)
    return type
  }

  #named(json: Json, outer: string, path: string): { names: { name: string; aliases: string[]; doc: string | null }; namespace: string } {
    const given = json['name']
    if (typeof given !== 'string' || !FULL_NAME.test(given)) throw invalid(path, `has no valid name: ${quoted(given)}`)
    const own = json['namespace']
    if (own !== undefined && (typeof own !== 'string' || (own !== '' && !FULL_NAME.test(own)))) {
      throw invalid(path === '' ? given : path, `has a namespace that is not one: ${quoted(own)}`)
    }
    const dot = given.lastIndexOf('.')
    const namespace = dot >= 0 ? given.slice(0, dot) : ((own as string | undefined) ?? outer)
    const name = dot >= 0 || namespace === '' ? given : `${namespace}.${given}`
    if (PRIMITIVES.has(shortNameOf(name)) || COMPLEX.has(name)) throw invalid(path, `cannot be named '${name}': Avro uses the word itself`)
    if (this.#names.has(name)) throw invalid(path, `defines '${name}' a second time`)
    const aliases = namesIn(json['aliases'], path === '' ? name : path, FULL_NAME).map(alias =>
      alias.includes('.') || namespace === '' ? alias : `${namespace}.${alias}`,
    )
    return { names: { name, aliases, doc: textOf(json['doc']) }, namespace }
  }
}

const shortNameOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1)
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const kindOf = (value: unknown): string => (value === undefined ? 'missing' : value === null ? 'null' : `a ${typeof value}`)
const quoted = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : kindOf(value))
const invalid = (path: string, what: string): MillraceError =>
  new MillraceError('SCHEMA_INVALID', `the Avro schema ${path === '' ? '' : `at '${path}' `}${what}`)

function namesIn(value: unknown, path: string, form: RegExp): string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every(alias => typeof alias === 'string' && form.test(alias))) return value as string[]
  throw invalid(path, 'has aliases that are not a list of names')
}
