// What a column can hold: decided here once, so that every adapter refuses the same rows for the same reason (ROW_REFUSED).
import { Decimal, unitsOf } from './decimal.ts'
import type { SqlType, TableSpec } from './table.ts'

export type ColumnSpec = TableSpec['columns'][string]

/** PostgreSQL's timestamptz begins with 4714-11-24 BC, the first day of the Julian calendar; a Date ends before it does. */
export const EARLIEST_TIME = Date.UTC(-4713, 10, 24)
const LONG = 2n ** 63n

export interface NumericSize {
  readonly precision: number
  readonly decimals: number
}
/** The two numbers of `numeric(18,4)`, null for any other type. */
export function numericSizeOf(sql: SqlType): NumericSize | null {
  const match = /^numeric\((\d+),(\d+)\)$/.exec(sql)
  return match === null ? null : { precision: Number(match[1]), decimals: Number(match[2]) }
}

const kindOf = (value: unknown): string =>
  value === null ? 'NULL' : value instanceof Decimal ? `the decimal ${value}` : typeof value === 'object' ? 'an object' : typeof value

/** Why `value` does not fit the column, in words that follow "column 'x' "; null when it does. Numbers are never rounded to fit, decimals only to the column's digits. */
export function misfitOf(column: ColumnSpec, value: unknown): string | null {
  if (value === null) return column.nullable ? null : 'is NULL but must not be'
  switch (column.sql) {
    case 'text':
      return textMisfit(value)
    case 'integer':
      if (typeof value !== 'number' && typeof value !== 'bigint') return `holds ${kindOf(value)}, not a number`
      if (typeof value === 'number' && !Number.isInteger(value)) return `holds ${value}, not a whole number`
      return value >= -2147483648 && value <= 2147483647 ? null : `holds ${value}, beyond 32 bits`
    case 'bigint':
      if (typeof value === 'number')
        return Number.isSafeInteger(value) ? null : `holds ${value}, not a safe whole number (beyond 2^53 use bigint)`
      if (typeof value !== 'bigint') return `holds ${kindOf(value)}, not a number`
      return value >= -LONG && value < LONG ? null : `holds ${value}, beyond 64 bits`
    case 'float8':
      return typeof value === 'number' ? null : `holds ${kindOf(value)}, not a number`
    case 'boolean':
      return typeof value === 'boolean' ? null : `holds ${kindOf(value)}, not true or false`
    case 'timestamptz':
      if (!(value instanceof Date)) return `holds ${kindOf(value)}, not a Date`
      if (Number.isNaN(value.getTime())) return 'holds an invalid Date'
      return value.getTime() >= EARLIEST_TIME ? null : 'holds a time before 4714-11-24 BC'
    default:
      return numericMisfit(column.sql, value)
  }
}

function textMisfit(value: unknown): string | null {
  if (typeof value !== 'string') return `holds ${kindOf(value)}, not text`
  if (value.includes('\0')) return 'holds text with a NUL character, which SQL text cannot hold'
  return value.isWellFormed() ? null : 'holds text with half a surrogate pair, which is no Unicode text'
}

function numericMisfit(sql: SqlType, value: unknown): string | null {
  const size = numericSizeOf(sql)
  if (size === null) return `has the unknown type ${sql}`
  if (!(value instanceof Decimal)) return `holds ${kindOf(value)}, not a Decimal`
  const units = unitsOf(value, size.decimals)
  const limit = 10n ** BigInt(size.precision)
  return units < limit && units > -limit ? null : `holds ${value}, beyond ${sql}`
}
