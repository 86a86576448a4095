// One table of the simulated database: its rows by key, and which row of a key stays.
import { misfitOf, numericSizeOf } from '../../model/column-fit.ts'
import { Decimal, decimal } from '../../model/decimal.ts'
import { MillraceError } from '../../model/errors.ts'
import type { SqlType, TableSpec, WriteMode } from '../../model/table.ts'
import type { TableWrite } from '../../ports/tables.ts'

export type RowValues = readonly unknown[]
/** A row on its way into a table. */
export interface NewRow {
  readonly table: TableSpec
  readonly mode: WriteMode
  readonly offset: number
  readonly values: RowValues
}

/** The rows of all writes of one table, in offset order; of one offset in the order given. */
export function rowsByTable(writes: readonly TableWrite[]): ReadonlyMap<string, readonly NewRow[]> {
  const rows = new Map<string, NewRow[]>()
  for (const { table, mode, columns, offsets } of writes) {
    if (offsets.length === 0) continue
    let of = rows.get(table.name)
    if (of === undefined) rows.set(table.name, (of = []))
    for (let r = 0; r < offsets.length; r++) of.push({ table, mode, offset: offsets[r]!, values: columns.map(c => c[r]) })
  }
  for (const of of rows.values()) of.sort((a, b) => a.offset - b.offset)
  return rows
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
   * What these rows, one after the other, would change: the row that stays for each key.
   * @throws ROW_REFUSED, DUPLICATE_ROW
   */
  changes(rows: readonly NewRow[]): ReadonlyMap<string, RowValues> {
    const changed = new Map<string, RowValues>()
    for (const row of rows) this.#refuseMisfit(row)
    for (const { mode, offset, values } of rows) {
      const key = this.#keyOf(values)
      const there = changed.get(key) ?? this.#rows.get(key)
      if (there === undefined || (mode === 'upsert' && this.#replaces(values, there))) changed.set(key, values)
      else if (mode === 'insert-dead-letter' || mode === 'insert-stop')
        throw new MillraceError('DUPLICATE_ROW', `table '${this.spec.name}' already has a row with the key ${key}`, { where: { offset } })
    }
    return changed
  }
  put(changes: ReadonlyMap<string, RowValues>): void {
    for (const [key, values] of changes) this.#rows.set(key, values)
  }
  /** S4.5: the higher revision; among equals, or without one, the row that is there stays. */
  #replaces(values: RowValues, there: RowValues): boolean {
    return this.#revision >= 0 && (values[this.#revision] as number) > (there[this.#revision] as number)
  }
  #refuseMisfit({ values, offset }: NewRow): void {
    Object.entries(this.spec.columns).forEach(([name, column], i) => {
      const misfit = misfitOf(column, values[i])
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
