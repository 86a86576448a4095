// Which logical type a schema's JSON asks for, and whether it may stand there.
import type { Logical, PlainLogical } from './avro-model.ts'
import { PLAIN_LOGICALS } from './avro-model.ts'

/** As many as PostgreSQL's numeric(p, s) takes; 10^precision is calculated for every decimal of a reader. */
const MOST_DIGITS = 1_000

/** Null: none, or one that we do not know. Text: what is wrong with it. */
export function logicalTypeOf(json: { readonly [property: string]: unknown }, kind: string, size: number | null): Logical | null | string {
  const name = json['logicalType']
  if (name === 'decimal') return decimalTypeOf(json, kind, size)
  if (typeof name !== 'string' || !Object.hasOwn(PLAIN_LOGICALS, name)) return null
  const allowed: readonly string[] = PLAIN_LOGICALS[name as PlainLogical]
  if (!allowed.includes(kind)) return `has the logical type '${name}', which belongs on ${allowed.join(' or ')}, not on ${kind}`
  if (name === 'uuid' && size !== null && size !== 16) return `has the logical type 'uuid' on ${size} bytes; it needs 16`
  if (name === 'duration' && size !== 12) return `has the logical type 'duration' on ${size} bytes; it needs 12`
  return { name: name as PlainLogical }
}

function decimalTypeOf(json: { readonly [property: string]: unknown }, kind: string, size: number | null): Logical | string {
  const { precision, scale = 0 } = json
  if (kind !== 'bytes' && kind !== 'fixed') return `has the logical type 'decimal', which belongs on bytes or fixed, not on ${kind}`
  if (typeof precision !== 'number' || !Number.isInteger(precision) || precision < 1) return `is a decimal without a positive precision`
  if (precision > MOST_DIGITS) return `is a decimal of ${precision} digits; at most ${MOST_DIGITS} are supported`
  if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > precision) {
    return `is a decimal with a scale that is not from 0 to its precision`
  }
  if (size !== null && precision > digitsIn(size))
    return `is a decimal of ${precision} digits in ${size} bytes, which hold ${digitsIn(size)}`
  return { name: 'decimal', precision, scale }
}

/** Digits that any two's-complement number of `size` bytes can hold (specification, "Decimal"). */
const digitsIn = (size: number): number => (size === 0 ? 0 : Math.floor(Math.log10(2) * (8 * size - 1)))
