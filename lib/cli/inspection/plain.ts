// Values of the engine as plain JSON: what JSON has no word for becomes text.
import { Decimal } from '../../model/decimal.ts'

/** Decimals and 64-bit integers become their digits, bytes base64, NaN and infinities their names; a value that contains itself ends in `…`. */
export function plain(value: unknown, depth = 0): unknown {
  if (depth > 100) return '…'
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return value.toString()
    case 'object': {
      if (value === null) return null
      if (value instanceof Decimal) return value.toString()
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
      const each = (v: unknown): unknown => plain(v, depth + 1)
      if (Array.isArray(value)) return value.map(each)
      if (value instanceof Map) return [...value].map(each)
      if (value instanceof Set) return [...value].map(each)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, each(v)]))
    }
    case 'string':
    case 'boolean':
      return value
    default:
      return null
  }
}
