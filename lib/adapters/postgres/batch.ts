// One load's rows of one table, ready for SQL: checked, one row a key, sorted by key (exactly-once.md §4).
import { type ColumnSpec, misfitOf } from '../../model/column-fit.ts'
import { MillraceError } from '../../model/errors.ts'
import type { TableSpec } from '../../model/table.ts'
import type { WriteMode } from '../../model/table-target.ts'
import type { Load, TableWrite } from '../../ports/tables.ts'
import { arrayLiteral, elementTextOf } from './column-text.ts'

/** Columns of some rows as elements of array literals. */
export interface Elements {
  readonly table: TableSpec
  /** By column, then by row as given. */
  readonly elements: readonly (readonly string[])[]
  /** Offset of the record of each row as given. */
  readonly offsets: readonly number[]
}
/** Rows of a table that fit it. */
export interface FittingRows extends Elements {
  readonly mode: WriteMode
  /** The key of each as one text. */
  readonly keys: readonly string[]
  /** Null where no higher revision wins. */
  readonly revisions: readonly unknown[] | null
}
export interface Batch extends Elements {
  readonly mode: WriteMode
  /** The rows to write, in the order of their keys. */
  readonly rows: readonly number[]
}

/**
 * All rows of a table, in the order of their records. They are checked before any is dropped for another of its key: which record is refused must not
 * depend on its neighbours.
 * @throws ROW_REFUSED, TABLE_INVALID
 */
export function fittingRows(load: Load, writes: readonly TableWrite[]): FittingRows {
  const write = merged(writes)
  const { table, mode, offsets, columns } = write
  const names = Object.keys(table.columns)
  const elements = elementsOf(load, table, names, columns, offsets)
  const revisions = table.revision === null || mode !== 'upsert' ? null : columns[names.indexOf(table.revision)]!
  return { table, mode, elements, offsets, keys: joinedTexts(table, table.key, names, elements), revisions }
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

/** Of the given rows, in the order of their records, the one of each key that is written. @throws DUPLICATE_ROW */
export function batchOf(load: Load, fitting: FittingRows, rows: Iterable<number>): Batch {
  const { table, mode, elements, offsets, keys, revisions } = fitting
  const kept = new Map<string, number>()
  for (const row of rows) {
    const key = keys[row]!
    const before = kept.get(key)
    if (before === undefined) kept.set(key, row)
    else if (revisions !== null) {
      if (Number(revisions[row]) > Number(revisions[before])) kept.set(key, row)
    } else if (mode === 'insert-dead-letter' || mode === 'insert-stop') throw duplicate(load, table, offsets[row]!, 'earlier in its batch')
  }
  return { table, mode, elements, offsets, rows: [...kept.keys()].sort().map(key => kept.get(key)!) }
}

/**
 * @param specOf how a column is looked at; by default as the table has it
 * @throws ROW_REFUSED for the first row that does not fit
 */
export function elementsOf(
  load: Load,
  table: TableSpec,
  names: readonly string[],
  columns: readonly (readonly unknown[])[],
  offsets: readonly number[],
  specOf: (name: string) => ColumnSpec = name => table.columns[name]!,
): string[][] {
  if (columns.length !== names.length || columns.some(values => values.length !== offsets.length))
    throw new MillraceError('TABLE_INVALID', `rows for table '${table.name}' do not have its ${names.length} columns`)
  let misfit: { readonly row: number; readonly column: number } | null = null
  const elements = names.map((name, c) => {
    const textOf = elementTextOf(specOf(name))
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
  if (misfit === null) return elements
  const { row, column } = misfit as { readonly row: number; readonly column: number }
  const name = names[column]!
  throw misfitting(load, table, name, misfitOf(specOf(name), columns[column]![row] ?? null), offsets[row]!)
}

function misfitting(load: Load, table: TableSpec, column: string, why: string | null, offset: number): MillraceError {
  const { topic, partition } = load
  return new MillraceError(
    'ROW_REFUSED',
    `column '${column}' of table '${table.name}' ${why ?? 'has no value'} (record ${topic}/${partition}@${offset})`,
    { where: { topic, partition, offset } },
  )
}

/** Some columns of each row as one text: elements are quoted or free of commas, so different values have different texts, whatever they hold. */
export function joinedTexts(
  table: TableSpec,
  wanted: readonly string[],
  names: readonly string[],
  elements: readonly (readonly string[])[],
): string[] {
  const columns = wanted.map(name => ({ texts: elements[names.indexOf(name)]!, zero: table.columns[name]!.sql === 'float8' }))
  const [first, ...rest] = columns as [(typeof columns)[number], ...(typeof columns)[number][]]
  // To an index -0 and 0 are one value.
  const part = ({ texts, zero }: (typeof columns)[number], row: number): string => (zero && texts[row] === '-0' ? '0' : texts[row]!)
  return Array.from({ length: first.texts.length }, (_, row) => {
    let text = part(first, row)
    for (const column of rest) text += `,${part(column, row)}`
    return text
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

/** Array literals of the columns for the rows from `from` to `to` (places in `rows`). */
export const literalsOf = (part: Elements & { readonly rows: readonly number[] }, from = 0, to = part.rows.length): string[] =>
  part.elements.map(texts => arrayLiteral(texts, part.rows, from, to))
