// Values of a column as the elements of a PostgreSQL array literal: built by hand, because this is where a load spends the client's time.
import { type ColumnSpec, EARLIEST_TIME, misfitOf, numericSizeOf } from '../../model/column-fit.ts'
import { Decimal, unitsOf } from '../../model/decimal.ts'

/** One value as an element of an array literal; null when it does not fit the column (misfitOf says why). */
export type ElementText = (value: unknown) => string | null

const NULL = 'NULL'
const INT_MAX = 2147483647
/** What needs a closer look: quotes and backslashes to escape, NUL and surrogates that may have to be refused. */
const AWKWARD = /["\\\0\ud800-\udfff]/

/** Text within double quotes, so that neither 'NULL' nor an empty string nor a comma means anything else. */
export const quoted = (text: string): string => (AWKWARD.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : `"${text}"`)

const two = (n: number): string => (n < 10 ? `0${n}` : String(n))
const three = (n: number): string => (n < 10 ? `00${n}` : n < 100 ? `0${n}` : String(n))

/** A time as PostgreSQL reads it, in UTC to the millisecond: years beyond 9999 with all their digits, years before 1 as BC. */
export function timeText(ms: number): string {
  const date = new Date(ms)
  const year = date.getUTCFullYear()
  const day = `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}.${three(date.getUTCMilliseconds())}`
  return `${day} ${time}+00${year > 0 ? '' : ' BC'}`
}

/** Times of a batch come in runs of the same window: the last text is kept. */
function timeElement(column: ColumnSpec): ElementText {
  let last = NaN
  let text = ''
  return value => {
    if (!(value instanceof Date)) return value === null && column.nullable ? NULL : null
    const ms = value.getTime()
    if (ms === last) return text
    if (!(ms >= EARLIEST_TIME)) return null
    last = ms
    text = `"${timeText(ms)}"`
    return text
  }
}

function numericElement(column: ColumnSpec): ElementText {
  const { precision, decimals } = numericSizeOf(column.sql)!
  const limit = 10n ** BigInt(precision)
  return value => {
    if (!(value instanceof Decimal)) return value === null && column.nullable ? NULL : null
    const fitting = value.decimals === decimals ? value : new Decimal(unitsOf(value, decimals), decimals)
    return fitting.units < limit && fitting.units > -limit ? fitting.toString() : null
  }
}

const floatText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

/** For columns whose values need no state: the common case first, everything else by misfitOf. */
function plainElement(column: ColumnSpec, textOf: (value: NonNullable<unknown>) => string | null): ElementText {
  return value => {
    if (value === null) return column.nullable ? NULL : null
    const text = value === undefined ? null : textOf(value)
    if (text !== null) return text
    return misfitOf(column, value) === null ? String(value) : null
  }
}

/** How the values of a column become text. Refuses exactly what misfitOf refuses. */
export function elementTextOf(column: ColumnSpec): ElementText {
  switch (column.sql) {
    case 'text':
      return value => {
        if (typeof value !== 'string') return value === null && column.nullable ? NULL : null
        if (!AWKWARD.test(value)) return `"${value}"`
        return misfitOf(column, value) === null ? quoted(value) : null
      }
    case 'integer':
      return plainElement(column, v =>
        typeof v === 'number' && Number.isInteger(v) && v <= INT_MAX && v >= -INT_MAX - 1 ? String(v) : null,
      )
    case 'bigint':
      return plainElement(column, v => (typeof v === 'number' && Number.isSafeInteger(v) ? String(v) : null))
    case 'float8':
      return plainElement(column, v => (typeof v === 'number' ? floatText(v) : null))
    case 'boolean':
      return plainElement(column, v => (v === true ? 't' : v === false ? 'f' : null))
    case 'timestamptz':
      return timeElement(column)
    default:
      return numericElement(column)
  }
}

/** `{a,b,c}` of the elements at the given places, in that order. */
export function arrayLiteral(elements: readonly string[], places: ArrayLike<number>, from = 0, to = places.length): string {
  let text = '{'
  for (let i = from; i < to; i++) {
    if (i > from) text += ','
    text += elements[places[i]!]!
  }
  return `${text}}`
}

/** `{…}` of texts that are no column's: each quoted, null as NULL. Characters that SQL text cannot hold are replaced by U+FFFD. */
export const textArray = (values: readonly (string | null)[]): string =>
  `{${values.map(v => (v === null ? NULL : quoted(v.toWellFormed().replaceAll('\0', '\ufffd')))).join(',')}}`
export const numberArray = (values: readonly number[]): string => `{${values.join(',')}}`
/** Bytes in PostgreSQL's hex form. */
export const byteaArray = (values: readonly (Uint8Array | null)[]): string =>
  textArray(values.map(v => (v === null ? null : `\\x${Buffer.from(v.buffer, v.byteOffset, v.length).toString('hex')}`)))
