// One table of the simulated database: its rows by key, and which row of a key stays.
import { misfitOf, numericSizeOf } from '../../model/column-fit.ts'
import { Decimal, decimal } from '../../model/decimal.ts'
import { MillraceError } from '../../model/errors.ts'
import type { SqlType, TableSpec } from '../../model/table.ts'
import type { WriteMode } from '../../model/table-target.ts'
import type { TableDelete, TableWrite } from '../../ports/tables.ts'

export type RowValues = readonly unknown[]
/** What one record does to a table: a row on its way into it, or the rows that leave. */
export type Change = {
  readonly table: TableSpec
  readonly offset: number
  readonly values: RowValues
} & (
  | { readonly kind: 'write'; readonly mode: WriteMode }
  | { readonly kind: 'leave'; readonly where: readonly string[]; readonly below: number | null }
)

/** The changes of each table in offset order; of one offset what leaves comes first, then rows in the order given. */
export function changesByTable(writes: readonly TableWrite[], deletes: readonly TableDelete[]): ReadonlyMap<string, readonly Change[]> {
  const changes = new Map<string, Change[]>()
  const add = (change: Change): void => {
    const of = changes.get(change.table.name)
    if (of === undefined) changes.set(change.table.name, [change])
    else of.push(change)
  }
  for (const { table, where, columns, below, offsets } of deletes)
    offsets.forEach((offset, i) => add({ kind: 'leave', table, where, offset, below: below?.[i] ?? null, values: columns.map(c => c[i]) }))
  for (const { table, mode, columns, offsets } of writes)
    offsets.forEach((offset, i) => add({ kind: 'write', table, mode, offset, values: columns.map(c => c[i]) }))
  for (const of of changes.values()) of.sort((a, b) => a.offset - b.offset)
  return changes
}

export class HeldTable {
  readonly spec: TableSpec
  readonly #rows = new Map<string, RowValues>()
  readonly #keyColumns: readonly number[]
  readonly #revision: number

  constructor(spec: TableSpec) {
    const names = Object.keys(spec.columns)
    this.spec = spec
    this.#keyColumns = spec.key.map(name => names.indexOf(name))
    this.#revision = spec.revision === null ? -1 : names.indexOf(spec.revision)
  }
  /** The rows, by column name. */
  get rows(): readonly Readonly<Record<string, unknown>>[] {
    return [...this.#rows.values()].map(row => this.named(row))
  }
  /** The rows by key, as they were put: a row that was replaced is another object. */
  get held(): ReadonlyMap<string, RowValues> {
    return this.#rows
  }
  named(row: RowValues): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.keys(this.spec.columns).map((name, i) => [name, row[i]]))
  }
  /**
   * What these changes, one after the other, would make of the table: the row that stays for each key, null for none.
   * @throws ROW_REFUSED, DUPLICATE_ROW
   */
  changes(changes: readonly Change[]): ReadonlyMap<string, RowValues | null> {
    const changed = new Map<string, RowValues | null>()
    for (const change of changes) this.#refuseMisfit(change)
    for (const change of changes) {
      if (change.kind === 'leave') {
        for (const [key, row] of [...this.#rows, ...changed])
          if (row !== null && this.#means(change, changed.get(key) ?? row)) changed.set(key, null)
        continue
      }
      const { mode, offset, values } = change
      const key = this.#keyOf(values)
      const there = changed.has(key) ? changed.get(key)! : (this.#rows.get(key) ?? null)
      if (there === null || (mode === 'upsert' && this.#replaces(values, there))) changed.set(key, values)
      else if (mode === 'insert-dead-letter' || mode === 'insert-stop')
        throw new MillraceError('DUPLICATE_ROW', `table '${this.spec.name}' already has a row with the key ${key}`, { where: { offset } })
    }
    return changed
  }
  put(changes: ReadonlyMap<string, RowValues | null>): void {
    for (const [key, values] of changes) {
      if (values === null) this.#rows.delete(key)
      else this.#rows.set(key, values)
    }
  }
  #means({ where, below, values }: Change & { readonly kind: 'leave' }, row: RowValues): boolean {
    const names = Object.keys(this.spec.columns)
    const equal = where.every((name, i) => {
      const value = row[names.indexOf(name)]
      const { sql } = this.spec.columns[name]!
      return value !== null && keyPart(sql, value) === keyPart(sql, values[i])
    })
    return equal && (below === null || Number(row[this.#revision]) < below)
  }
  /** S4.5: the higher revision; among equals, or without one, the row that is there stays. */
  #replaces(values: RowValues, there: RowValues): boolean {
    return this.#revision >= 0 && (values[this.#revision] as number) > (there[this.#revision] as number)
  }
  #refuseMisfit(change: Change): void {
    const { values, offset } = change
    const names = change.kind === 'write' ? Object.keys(this.spec.columns) : change.where
    if (change.kind === 'leave' && (names.length === 0 || names.some(n => this.spec.columns[n] === undefined)))
      throw new MillraceError('TABLE_INVALID', `rows of table '${this.spec.name}' cannot leave by '${names.join(', ')}'`)
    names.forEach((name, i) => {
      const column = this.spec.columns[name]!
      const misfit = misfitOf(change.kind === 'write' ? column : { ...column, nullable: false }, values[i])
      if (misfit !== null)
        throw new MillraceError('ROW_REFUSED', `table '${this.spec.name}', column '${name}' ${misfit}`, { where: { offset } })
    })
  }
  #keyOf(values: RowValues): string {
    const types = Object.values(this.spec.columns)
    return JSON.stringify(this.#keyColumns.map(i => keyPart(types[i]!.sql, values[i])))
  }
}

/** Equal exactly for values that SQL calls equal. */
function keyPart(sql: SqlType, value: unknown): string {
  if (value instanceof Date) return String(value.getTime())
  if (value instanceof Decimal) return decimal(value, numericSizeOf(sql)!.decimals).toString()
  return String(value === 0 ? 0 : value)
}
