// How values become rows of a table, and how rows leave it again.
import { type NotNull, type Table, type TableSpec, tableSpecOf } from './table.ts'
import type { Target } from './topic.ts'

/** How rows of one target get into its table. */
export type WriteMode = 'upsert' | 'insert-skip' | 'insert-dead-letter' | 'insert-stop'
export type RowValues = Readonly<Record<string, unknown>>

/** Takes values. */
export interface RowTargetSpec {
  readonly kind: 'rows'
  readonly to: string
  readonly table: TableSpec
  readonly mode: WriteMode
  /** The rows of a value: functions of the processor's author. */
  readonly rows: (value: unknown) => Iterable<RowValues>
  /** Whether they leave the table instead. */
  readonly remove: ((value: unknown) => boolean) | null
  /** The author's own functions, for the plan's field analysis. */
  readonly reads: readonly ((value: never) => unknown)[]
}
/** Takes tombstones. */
export interface TombstoneTargetSpec {
  readonly kind: 'tombstones'
  readonly to: string
  readonly table: TableSpec
  /** Columns, and what they equal in the rows that leave. */
  readonly where: (key: string) => RowValues
}
export type TableTargetSpec = RowTargetSpec | TombstoneTargetSpec

const rowTarget = <T>(
  t: Table<never>,
  mode: WriteMode,
  rows: RowTargetSpec['rows'],
  remove: ((value: T) => boolean) | undefined,
  author: (value: T) => unknown,
): Target<T> => {
  const spec: RowTargetSpec = {
    kind: 'rows',
    to: t.name,
    table: tableSpecOf(t),
    mode,
    rows,
    remove: (remove as RowTargetSpec['remove'] | undefined) ?? null,
    reads: remove === undefined ? [author] : [author, remove],
  }
  return Object.freeze(spec) as unknown as Target<T>
}
const one =
  <T, Row>(row: (value: T) => Row): RowTargetSpec['rows'] =>
  value => [row(value as T) as RowValues]

/**
 * One row per value; a row with the same key is replaced when its revision is higher (without a revision column the first stays).
 * @param o `remove`: values whose row leaves the table instead: the row with its key, if its revision is lower (without a revision column, whatever it is). Of
 * such a value's row only key and revision count. It is how a result that takes another one back (S3.5) reaches a table.
 */
export const upsert = <T, Row>(t: Table<Row>, row: (value: T) => NoInfer<Row>, o: { remove?: (value: T) => boolean } = {}): Target<T> =>
  rowTarget(t as never, 'upsert', one(row), o.remove, row)

/** Any number of rows per value. */
export const upsertMany = <T, Row>(t: Table<Row>, rows: (value: T) => Iterable<NoInfer<Row>>): Target<T> =>
  rowTarget(t as never, 'upsert', value => rows(value as T) as Iterable<RowValues>, undefined, rows)

/** One row per value, never replaced: `duplicate` says what a second row with the same key becomes. */
export const insertOnly = <T, Row>(
  t: Table<Row>,
  row: (value: T) => NoInfer<Row>,
  o: { duplicate: 'skip' | 'dead-letter' | 'stop' },
): Target<T> => rowTarget(t as never, `insert-${o.duplicate}`, one(row), undefined, row)

/**
 * Rows leave the table when their record's topic says so with a tombstone, a record without a value: all whose columns equal what `where` makes of the
 * record's key, as text, since a tombstone has nothing else. It stands beside the target that takes the values, directly behind from(), and takes nothing else.
 * @param where at least one column; all that it names must be equal. A key that is a number comes as its digits
 * @throws PLAN_INVALID when it stands elsewhere; ROW_REFUSED (as a dead letter) without columns, for an unknown one or a null
 * @example
 * from(customers).to(upsert(customersTable, c => ({ … })), deleteWhere(customersTable, id => ({ customer_id: id })))
 */
export const deleteWhere = <Row, C extends NotNull<Row>>(t: Table<Row>, where: (key: string) => Pick<Row, C>): Target<unknown> => {
  const spec: TombstoneTargetSpec = {
    kind: 'tombstones',
    to: t.name,
    table: tableSpecOf(t as never),
    where: where as unknown as TombstoneTargetSpec['where'],
  }
  return Object.freeze(spec) as unknown as Target<unknown>
}

type Any = { readonly to: string }
const kindOf = (t: Any): unknown => (t as { kind?: unknown }).kind
export const isRowTarget = (t: Any): t is RowTargetSpec => kindOf(t) === 'rows'
export const isTombstoneTarget = (t: Any): t is TombstoneTargetSpec => kindOf(t) === 'tombstones'
export const isTableTarget = (t: Any): t is TableTargetSpec => isRowTarget(t) || isTombstoneTarget(t)
