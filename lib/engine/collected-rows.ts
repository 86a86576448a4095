// Rows that a batch of a sink makes, by table and column, until the database takes them.
import { MillraceError } from '../model/errors.ts'
import type { TableTargetSpec } from '../model/table.ts'
import type { TableWrite } from '../ports/tables.ts'

/** Rows collected for one table. */
export class Collected {
  readonly target: TableTargetSpec
  readonly #names: readonly string[]
  #columns: unknown[][]
  #offsets: number[] = []
  constructor(target: TableTargetSpec) {
    this.target = target
    this.#names = Object.keys(target.table.columns)
    this.#columns = this.#names.map(() => [])
  }
  get rows(): number {
    return this.#offsets.length
  }
  /** @throws ROW_REFUSED for a row that lacks a column */
  add(row: Readonly<Record<string, unknown>>, offset: number): void {
    const names = this.#names
    for (let c = 0; c < names.length; c++) {
      const value = row[names[c]!]
      if (value === undefined) throw new MillraceError('ROW_REFUSED', `a row for table '${this.target.to}' has no '${names[c]}'`)
      this.#columns[c]!.push(value)
    }
    this.#offsets.push(offset)
  }
  truncate(rows: number): void {
    for (const column of this.#columns) column.length = rows
    this.#offsets.length = rows
  }
  /** Everything collected; starts anew. */
  take(): TableWrite {
    const write = { table: this.target.table, mode: this.target.mode, columns: this.#columns, offsets: this.#offsets }
    this.#columns = this.#names.map(() => [])
    this.#offsets = []
    return write
  }
}

/** Takes the rows that a target makes of a value; two outputs into one table in one mode share a place. */
export function rowsInto(
  collected: Map<string, Collected>,
  target: TableTargetSpec,
): (value: unknown, cursor: { readonly offset: number }) => void {
  const id = `${target.to}\0${target.mode}`
  const rows = collected.get(id) ?? new Collected(target)
  collected.set(id, rows)
  return (value, cursor) => {
    for (const row of target.rows(value)) rows.add(row, cursor.offset)
  }
}
