// Values as lines of a golden file, and back: what JSON has no word for is text that people can read.
import type { AvroType, UnionType } from '../../codec/avro-model.ts'
import { logicalOf } from '../../codec/avro-model.ts'
import { parseSchema } from '../../codec/avro-schema.ts'
import { plain } from '../../cli/inspection/plain.ts'
import type { Codec } from '../../model/codec.ts'
import { codecSpecOf } from '../../model/codec.ts'
import { Decimal, decimal } from '../../model/decimal.ts'
import { MillraceError } from '../../model/errors.ts'

/**
 * The value that a line's JSON means to a topic. Where the topic's schema says so, `"12.50"` is a decimal, `"2023-06-01T12:00:00Z"` a time in ms, digits a
 * 64-bit integer, base64 bytes, and `"NaN"` a double.
 */
export function valueFromJson(codec: Codec<unknown>, json: unknown): unknown {
  const type = schemaOf(codec)
  return type === null ? json : fromJson(type, json)
}
/** The JSON of a line for a value of a topic. */
export function valueToJson(codec: Codec<unknown>, value: unknown): unknown {
  const type = schemaOf(codec)
  return plain(type === null ? value : toJson(type, value))
}

function schemaOf(codec: Codec<unknown>): AvroType | null {
  const spec = codecSpecOf(codec)
  return spec.codec === 'avro' ? parseSchema(spec.schema, 'own') : null
}

/** A part that does not fit is left as it is: the topic's writer refuses it by the name of its field. */
function fromJson(type: AvroType, json: unknown): unknown {
  switch (type.kind) {
    case 'record':
      return isObject(json) ? { ...json, ...fields(type.fields, json, fromJson) } : json
    case 'array':
      return Array.isArray(json) ? json.map(item => fromJson(type.items, item)) : json
    case 'map':
      return isObject(json) ? Object.fromEntries(Object.entries(json).map(([k, v]) => [k, fromJson(type.values, v)])) : json
    case 'union':
      return fromJson(
        branchOf(type, json, json => typeof json),
        json,
      )
    case 'bytes':
    case 'fixed': {
      const logical = logicalOf(type)
      if (logical?.name === 'decimal') return isDecimal(json) ? decimal(json, logical.scale) : json
      return typeof json === 'string' ? Buffer.from(json, 'base64') : json
    }
    case 'long':
      if (type.bigint) return typeof json === 'string' || typeof json === 'number' ? BigInt(json) : json
      return isTime(type) && typeof json === 'string' ? timeOf(json) : json
    case 'float':
    case 'double':
      return json === 'NaN' || json === 'Infinity' || json === '-Infinity' ? Number(json) : json
    default:
      return json
  }
}

function toJson(type: AvroType, value: unknown): unknown {
  switch (type.kind) {
    case 'record':
      return isObject(value) ? { ...value, ...fields(type.fields, value, toJson) } : value
    case 'array':
      return Array.isArray(value) ? value.map(item => toJson(type.items, item)) : value
    case 'map':
      return isObject(value) ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, toJson(type.values, v)])) : value
    case 'union':
      return toJson(branchOf(type, value, jsonTypeOf), value)
    case 'long':
      return isTime(type) && typeof value === 'number' ? new Date(value).toISOString() : value
    default:
      return value
  }
}

type Fields = readonly { readonly name: string; readonly type: AvroType }[]
const fields = (of: Fields, value: object, convert: (type: AvroType, value: unknown) => unknown): object =>
  Object.fromEntries(of.flatMap(({ name, type }) => (name in value ? [[name, convert(type, value[name as never])]] : [])))
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)
const isDecimal = (json: unknown): json is string | number => typeof json === 'string' || typeof json === 'number'
/** Nothing is lost when a time in ms is written as text. */
const isTime = (type: AvroType): boolean => ['timestamp-millis', 'local-timestamp-millis'].includes(logicalOf(type)?.name ?? '')

function timeOf(text: string): number {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new MillraceError('ROW_INVALID', `'${text}' is no time such as 2023-06-01T12:00:00Z`)
  return time
}

/** What the JSON of a value would be, in the words of `typeof`. */
const jsonTypeOf = (value: unknown): string =>
  value instanceof Decimal || value instanceof Uint8Array || typeof value === 'bigint' ? 'string' : typeof value

/** The first branch that a value can belong to; the last one when it belongs nowhere. */
function branchOf(union: UnionType, value: unknown, typeOf: (value: unknown) => string): AvroType {
  const found = union.branches.find(branch => {
    if (value === null || branch.kind === 'null') return value === null && branch.kind === 'null'
    return (JSON_TYPES[branch.kind] ?? ['object']).includes(Array.isArray(value) ? 'array' : typeOf(value))
  })
  return found ?? union.branches.at(-1)!
}
const JSON_TYPES: Readonly<Record<string, readonly string[]>> = {
  boolean: ['boolean'],
  int: ['number'],
  long: ['number', 'string'],
  float: ['number', 'string'],
  double: ['number', 'string'],
  string: ['string'],
  enum: ['string'],
  bytes: ['string', 'number'],
  fixed: ['string', 'number'],
  array: ['array'],
}
