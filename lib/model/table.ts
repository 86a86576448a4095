// SQL tables as the loader sees them: the one truth of columns; sql/ is checked against it.
import type { Decimal } from './decimal.ts'
import { MillraceError } from './errors.ts'
import type { FieldOf } from './topic.ts'

export type SqlType = 'text' | 'integer' | 'bigint' | 'float8' | 'boolean' | 'timestamptz' | `numeric(${number},${number})`
export interface Column<in out V> {
  readonly sql: SqlType
  readonly nullable: boolean
  readonly both: (v: V) => V
}
const column = <V>(sql: SqlType, nullable = false): Column<V> => Object.freeze({ sql, nullable }) as Column<V>

export const text: Column<string> = column('text')
/** 32 bits: a number outside −2^31 … 2^31 − 1 is ROW_REFUSED. */
export const integer: Column<number> = column('integer')
export const bigintColumn: Column<bigint> = column('bigint')
/** 64 bits, for counts that a `number` holds (safe integers). */
export const long: Column<number> = column('bigint')
export const float8: Column<number> = column('float8')
export const bool: Column<boolean> = column('boolean')
export const timestamptz: Column<Date> = column('timestamptz')
export function numeric<P extends number, D extends number>(precision: P, decimals: D): Column<Decimal<D>> {
  if (!(precision > 0 && precision <= 1000 && decimals >= 0 && decimals <= precision))
    throw new MillraceError('TABLE_INVALID', `numeric(${precision},${decimals}) is no column type`)
  return column(`numeric(${precision},${decimals})`)
}
export const nullable = <V>(c: Column<V>): Column<V | null> => column(c.sql, true)

/** What a table really holds; `Table` is its typed face. */
export interface TableSpec {
  readonly name: string
  readonly columns: Readonly<Record<string, { readonly sql: SqlType; readonly nullable: boolean }>>
  readonly key: readonly string[]
  readonly revision: string | null
  readonly time: string | null
}
export interface Table<in out Row> {
  readonly name: string
  readonly both: (row: Row) => Row
}
type RowOf<C> = { [P in keyof C]: C[P] extends Column<infer V> ? V : never }
/** The columns of a row that are never null. */
export type NotNull<R> = { [P in keyof R]: null extends R[P] ? never : P }[keyof R]

const NAME = /^[a-z_][a-z0-9_]{0,62}$/

/**
 * Describes a table. Key and revision are said once, here: an upsert keeps the row with the highest revision (S4.5).
 * @throws TABLE_INVALID
 */
export function table<const C extends Readonly<Record<string, Column<never>>> | Readonly<Record<string, { readonly sql: string }>>>(
  name: string,
  o: {
    columns: C
    key: readonly [NotNull<RowOf<C>>, ...NotNull<RowOf<C>>[]]
    revision?: FieldOf<RowOf<C>, number>
    time?: FieldOf<RowOf<C>, Date>
  },
): Table<RowOf<C>> {
  const columns = o.columns as unknown as TableSpec['columns']
  for (const n of [name, ...Object.keys(columns)])
    if (!NAME.test(n))
      throw new MillraceError('TABLE_INVALID', `'${n}' is no name for a table or column: lower case letters, digits and '_', at most 63`)
  for (const k of o.key)
    if (columns[k as string] === undefined)
      throw new MillraceError('TABLE_INVALID', `table '${name}' has no column '${String(k)}' for its key`)
  const spec: TableSpec = { name, columns, key: o.key as readonly string[], revision: o.revision ?? null, time: o.time ?? null }
  return Object.freeze(spec) as unknown as Table<RowOf<C>>
}
export const tableSpecOf = (t: Table<never>): TableSpec => t as unknown as TableSpec
