// One load's rows of one table, ready for SQL: checked, one row a key, sorted by key (exactly-once.md §4).
import { misfitOf } from '../../model/column-fit.ts'
import { MillraceError } from '../../model/errors.ts'
import type { TableSpec, WriteMode } from '../../model/table.ts'
import type { Load, TableWrite } from '../../ports/tables.ts'
import { arrayLiteral, elementTextOf } from './column-text.ts'

export interface Batch {
  readonly table: TableSpec
  readonly mode: WriteMode
  /** By column, then by row as given: elements of array literals. */
  readonly elements: readonly (readonly string[])[]
  /** Offset of the record of each row as given. */
  readonly offsets: readonly number[]
  /** The rows to write, in the order of their keys. */
  readonly rows: readonly number[]
}

/**
 * The batches of a load in the order of their tables' names: with rows sorted by key, all loaders lock rows in one order (S4).
 * All rows are checked before any is dropped for another of its key: which record is refused must not depend on its neighbours.
 * @throws ROW_REFUSED, DUPLICATE_ROW, TABLE_INVALID
 */
export function batchesOf(load: Load): Batch[] {
  const byTable = new Map<string, TableWrite[]>()
  for (const write of load.writes) byTable.set(write.table.name, [...(byTable.get(write.table.name) ?? []), write])
  return [...byTable.keys()].sort().map(name => batchOf(load, merged(byTable.get(name)!)))
}

/** Several outputs into one table: their rows in the order of the records. */
function merged(writes: readonly TableWrite[]): TableWrite {
  const [first, ...others] = writes as [TableWrite, ...TableWrite[]]
  if (others.length === 0) return first
  if (others.some(w => w.mode !== first.mode))
    throw new MillraceError('TABLE_INVALID', `two outputs write table '${first.table.name}' in different ways; write it in one way`)
  const offsets = writes.flatMap(w => w.offsets)
  const order = offsets.map((_, i) => i).sort((a, b) => offsets[a]! - offsets[b]! || a - b)
  const columns = first.columns.map((_, c) => {
    const all = writes.flatMap(w => w.columns[c]!)
    return order.map(i => all[i])
  })
  return { ...first, columns, offsets: order.map(i => offsets[i]!) }
}

function batchOf(load: Load, write: TableWrite): Batch {
  const { table, mode, offsets } = write
  const elements = checkedElements(load, write)
  const keys = keysOf(table, elements, offsets.length)
  const kept = new Map<string, number>()
  const revisions = table.revision === null || mode !== 'upsert' ? null : write.columns[Object.keys(table.columns).indexOf(table.revision)]!
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row]!
    const before = kept.get(key)
    if (before === undefined) kept.set(key, row)
    else if (revisions !== null) {
      if (Number(revisions[row]) > Number(revisions[before])) kept.set(key, row)
    } else if (mode === 'insert-dead-letter' || mode === 'insert-stop') throw duplicate(load, table, offsets[row]!, 'earlier in its batch')
  }
  return { table, mode, elements, offsets, rows: [...kept.keys()].sort().map(key => kept.get(key)!) }
}

/** @throws ROW_REFUSED for the first row that does not fit */
function checkedElements(load: Load, { table, columns, offsets }: TableWrite): string[][] {
  const specs = Object.entries(table.columns)
  if (columns.length !== specs.length || columns.some(values => values.length !== offsets.length))
    throw new MillraceError('TABLE_INVALID', `rows for table '${table.name}' do not have its ${specs.length} columns`)
  let misfit: { readonly row: number; readonly column: number } | null = null
  const elements = specs.map(([, spec], c) => {
    const textOf = elementTextOf(spec)
    const values = columns[c]!
    const texts = new Array<string>(values.length)
    for (let row = 0; row < values.length; row++) {
      const text = textOf(values[row])
      if (text === null) {
        if (misfit === null || row < misfit.row) misfit = { row, column: c }
        break
      }
      texts[row] = text
    }
    return texts
  })
  if (misfit !== null) throw misfitting(load, { table, columns, offsets }, misfit)
  return elements
}

function misfitting(
  load: Load,
  write: Pick<TableWrite, 'table' | 'columns' | 'offsets'>,
  at: { readonly row: number; readonly column: number },
): MillraceError {
  const { topic, partition } = load
  const [name, spec] = Object.entries(write.table.columns)[at.column]!
  const why = misfitOf(spec, write.columns[at.column]![at.row] ?? null) ?? 'has no value'
  const offset = write.offsets[at.row]
  return new MillraceError(
    'ROW_REFUSED',
    `column '${name}' of table '${write.table.name}' ${why} (record ${topic}/${partition}@${offset})`,
    {
      where: { topic, partition, offset },
    },
  )
}

/** The key of each row as one text: elements are quoted or free of commas, so different keys have different texts, whatever they hold. */
function keysOf(table: TableSpec, elements: readonly (readonly string[])[], count: number): string[] {
  const names = Object.keys(table.columns)
  const columns = table.key.map(name => ({ texts: elements[names.indexOf(name)]!, zero: table.columns[name]!.sql === 'float8' }))
  const [first, ...rest] = columns as [(typeof columns)[number], ...(typeof columns)[number][]]
  // To an index -0 and 0 are one value.
  const part = ({ texts, zero }: (typeof columns)[number], row: number): string => (zero && texts[row] === '-0' ? '0' : texts[row]!)
  return Array.from({ length: count }, (_, row) => {
    let key = part(first, row)
    for (const column of rest) key += `,${part(column, row)}`
    return key
  })
}

/** @param with what the row's key is taken, in words */
export function duplicate(load: Load, table: TableSpec, offset: number, taken: string): MillraceError {
  const { topic, partition } = load
  return new MillraceError(
    'DUPLICATE_ROW',
    `table '${table.name}' has a row with the key of record ${topic}/${partition}@${offset} already (${taken})`,
    {
      where: { topic, partition, offset },
    },
  )
}

/** Array literals of the columns for the rows from `from` to `to` (places in `batch.rows`). */
export const literalsOf = (batch: Batch, from = 0, to = batch.rows.length): string[] =>
  batch.elements.map(texts => arrayLiteral(texts, batch.rows, from, to))
