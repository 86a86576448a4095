// Defaults of record fields: JSON in the schema, values in the reader (specification, "Complex Types: field default values").
import type { AvroType, Mapping } from './avro-model.ts'
import { branchName, decimalOf, isWrapped } from './avro-model.ts'
import { MillraceError } from '../model/errors.ts'

const isObject = (json: unknown): json is { readonly [key: string]: unknown } =>
  typeof json === 'object' && json !== null && !Array.isArray(json)
/** Text that stands for bytes: one character per byte. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is the point
const BYTES = /^[\u0000-\u00ff]*$/

/** Whether `json` is a default for the type. A long may also be given as bigint: JSON text cannot hold all of them exactly. */
export function fitsDefault(type: AvroType, json: unknown): boolean {
  switch (type.kind) {
    case 'null':
      return json === null
    case 'boolean':
      return typeof json === 'boolean'
    case 'int':
      return typeof json === 'number' && (json | 0) === json
    case 'long':
      return typeof json === 'bigint' ? BigInt.asIntN(64, json) === json : Number.isSafeInteger(json)
    case 'float':
    case 'double':
      return typeof json === 'number'
    case 'string':
      return typeof json === 'string'
    case 'bytes':
      return typeof json === 'string' && BYTES.test(json)
    case 'fixed':
      return typeof json === 'string' && BYTES.test(json) && json.length === type.size
    case 'enum':
      return typeof json === 'string' && type.symbols.includes(json)
    case 'array':
      return Array.isArray(json) && json.every(item => fitsDefault(type.items, item))
    case 'map':
      return isObject(json) && Object.values(json).every(value => fitsDefault(type.values, value))
    case 'union':
      // since 1.12 the first branch that fits, before that the first branch
      return type.branches.some(branch => fitsDefault(branch, json))
    case 'record':
      return (
        isObject(json) &&
        type.fields.every(field => (Object.hasOwn(json, field.name) ? fitsDefault(field.type, json[field.name]) : field.default !== null))
      )
  }
}

/** Of one default, its own records' defaults included: beyond, it is taken for one that contains itself. */
const MOST_VALUES = 10_000
const DEEPEST_VALUE = 100

/**
 * JavaScript source that makes a fresh value of a default each time it runs; `Decimal` in it is the class.
 * @throws SCHEMA_INVALID when records that contain themselves by default would never end
 */
export const defaultSource = (type: AvroType, json: unknown, mapping: Mapping): string => sourceOf(type, json, mapping, { values: 0 }, 0)

function sourceOf(type: AvroType, json: unknown, mapping: Mapping, made: { values: number }, depth: number): string {
  if (++made.values > MOST_VALUES || depth > DEEPEST_VALUE) {
    throw new MillraceError(
      'SCHEMA_INVALID',
      `a default of the Avro schema holds itself, more than ${MOST_VALUES} values or ${DEEPEST_VALUE} levels`,
    )
  }
  switch (type.kind) {
    case 'long':
      if (mapping.longs === 'bigint' || type.bigint) return `${BigInt(json as number)}n`
      if (Number.isSafeInteger(Number(json))) return String(json)
      throw new MillraceError('SCHEMA_INVALID', `the default ${json} of a long is no exact number; the type can say "as": "bigint"`)
    case 'float':
      return Object.is(json, -0) ? '-0' : String(Math.fround(json as number))
    case 'double':
      return Object.is(json, -0) ? '-0' : String(json)
    case 'bytes':
    case 'fixed': {
      const bytes = Buffer.from(json as string, 'latin1')
      const decimal = decimalOf(type, mapping)
      if (decimal === null) return `new Uint8Array([${[...bytes].join(',')}])`
      return `new Decimal(${bytes.length === 0 ? 0 : BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))}n,${decimal.scale})`
    }
    case 'array':
      return `[${(json as unknown[]).map(item => sourceOf(type.items, item, mapping, made, depth + 1)).join(',')}]`
    case 'map':
      return objectSource(
        Object.entries(json as object).map(([key, value]) => [key, sourceOf(type.values, value, mapping, made, depth + 1)]),
      )
    case 'record': {
      const given = json as { readonly [key: string]: unknown }
      return objectSource(
        type.fields.map(f => [
          f.name,
          sourceOf(f.type, Object.hasOwn(given, f.name) ? given[f.name] : f.default!.json, mapping, made, depth + 1),
        ]),
      )
    }
    case 'union': {
      const branch = type.branches.find(b => fitsDefault(b, json))!
      const source = sourceOf(branch, json, mapping, made, depth + 1)
      return isWrapped(type, mapping) && branch.kind !== 'null' ? objectSource([[branchName(branch), source]]) : source
    }
    default:
      return JSON.stringify(json)
  }
}

/** An object literal; computed keys, because `__proto__: x` in a literal is not a property. */
export const objectSource = (entries: readonly (readonly [key: string, source: string])[]): string =>
  `{${entries.map(([key, source]) => `[${JSON.stringify(key)}]:${source}`).join(',')}}`
