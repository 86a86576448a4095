// What a batch of a sink makes of its records, by table and column, until the database takes it.
import { MillraceError } from '../model/errors.ts'
import type { TableSpec } from '../model/table.ts'
import type { RowTargetSpec, RowValues, TombstoneTargetSpec, WriteMode } from '../model/table-target.ts'
import type { TableDelete, TableWrite } from '../ports/tables.ts'
import { promised, saidYes } from '../stages/synchronous.ts'

type At = { readonly offset: number }

/** Values of some columns of one table. */
class Columns {
  readonly table: TableSpec
  readonly names: readonly string[]
  values: unknown[][]
  offsets: number[] = []
  constructor(table: TableSpec, names: readonly string[]) {
    this.table = table
    this.names = names
    this.values = names.map(() => [])
  }
  /** @throws ROW_REFUSED for a row that lacks a column */
  add(row: RowValues, offset: number): void {
    const { names, values } = this
    for (let c = 0; c < names.length; c++) {
      const value = row[names[c]!]
      if (value === undefined) {
        this.#truncate()
        throw new MillraceError('ROW_REFUSED', `a row for table '${this.table.name}' has no '${names[c]}'`)
      }
      values[c]!.push(value)
    }
    this.offsets.push(offset)
  }
  takeBack(): void {
    this.offsets.length--
    this.#truncate()
  }
  /** Everything; starts anew. */
  take(): { columns: unknown[][]; offsets: number[] } {
    const { values, offsets } = this
    this.values = this.names.map(() => [])
    this.offsets = []
    return { columns: values, offsets }
  }
  #truncate(): void {
    for (const column of this.values) column.length = this.offsets.length
  }
}

/** The column that a delete's revision travels in, beside those of its table; no column of a table can be called so. */
const REVISION = ' revision'

export class CollectedRows {
  readonly #writes = new Map<string, Columns & { readonly mode: WriteMode }>()
  readonly #deletes = new Map<string, Columns>()
  /** Where each row went, in order: what a rollback takes back. */
  readonly #log: Columns[] = []

  /** Rows so far, those that leave included: a place to go back to. */
  get rows(): number {
    return this.#log.length
  }
  rollback(rows: number): void {
    while (this.#log.length > rows) this.#log.pop()!.takeBack()
  }
  /** Takes the rows that a target makes of a value; two outputs into one table in one mode share a place. */
  rowsOf(target: RowTargetSpec): (value: unknown, at: At) => void {
    const { table, mode, rows, remove } = target
    const writes = this.#writesOf(table, mode)
    const leaving = table.revision === null ? table.key : [...table.key, REVISION]
    return (value, { offset }) => {
      const leaves = remove !== null && saidYes(`remove of table '${table.name}'`, remove(value))
      for (const row of rows(value)) {
        if ((row as unknown) instanceof Promise) throw promised(`the row of table '${table.name}'`, row)
        if (!leaves) this.#add(writes, row, offset)
        else this.#add(this.#deletesOf(table, leaving), table.revision === null ? row : { ...row, [REVISION]: row[table.revision] }, offset)
      }
    }
  }
  /** Takes what leaves by the tombstone of a key. */
  tombstonesOf({ table, where }: TombstoneTargetSpec): (key: string, at: At) => void {
    return (key, { offset }) => {
      const row: unknown = where(key)
      if (row instanceof Promise) throw promised(`deleteWhere() of table '${table.name}'`, row)
      const names = typeof row === 'object' && row !== null ? Object.keys(row).sort() : []
      if (names.length === 0)
        throw new MillraceError(
          'ROW_REFUSED',
          `deleteWhere() of table '${table.name}' names no column for key '${key}': all rows would leave`,
        )
      const unknown = names.find(name => table.columns[name] === undefined)
      if (unknown !== undefined)
        throw new MillraceError('ROW_REFUSED', `deleteWhere() of table '${table.name}' names '${unknown}', which is no column of it`)
      this.#add(this.#deletesOf(table, names), row as RowValues, offset)
    }
  }
  /** Everything collected; starts anew. */
  take(): { readonly writes: readonly TableWrite[]; readonly deletes: readonly TableDelete[] } {
    this.#log.length = 0
    const filled = <C extends Columns>(all: ReadonlyMap<string, C>): C[] => [...all.values()].filter(c => c.offsets.length > 0)
    return {
      writes: filled(this.#writes).map(c => ({ table: c.table, mode: c.mode, ...c.take() })),
      deletes: filled(this.#deletes).map(deleteOf),
    }
  }
  #add(to: Columns, row: RowValues, offset: number): void {
    to.add(row, offset)
    this.#log.push(to)
  }
  #writesOf(table: TableSpec, mode: WriteMode): Columns {
    const id = `${table.name}\0${mode}`
    const writes = this.#writes.get(id) ?? Object.assign(new Columns(table, Object.keys(table.columns)), { mode })
    this.#writes.set(id, writes)
    return writes
  }
  #deletesOf(table: TableSpec, names: readonly string[]): Columns {
    const id = `${table.name}\0${names.join('\0')}`
    const deletes = this.#deletes.get(id) ?? new Columns(table, names)
    this.#deletes.set(id, deletes)
    return deletes
  }
}

function deleteOf(c: Columns): TableDelete {
  const { columns, offsets } = c.take()
  const at = c.names.indexOf(REVISION)
  const below = at === -1 ? null : (columns[at] as number[])
  return { table: c.table, where: c.names.filter(n => n !== REVISION), columns: columns.filter((_, i) => i !== at), below, offsets }
}
