// What one load does to its tables, as few statements: rows to write and rows that leave, in an order that gives what the records one by one would give.
import { MillraceError } from '../../model/errors.ts'
import type { Load, TableDelete } from '../../ports/tables.ts'
import { type Batch, batchOf, type Elements, elementsOf, type FittingRows, fittingRows, joinedTexts } from './batch.ts'

/** Rows that leave a table. */
export interface Leaving extends Elements {
  readonly where: readonly string[]
  /** `'below'`: the last column of `elements` is the revision that theirs must be lower than. */
  readonly guard: 'below' | 'any revision'
  /** The entries to carry out. */
  readonly rows: readonly number[]
}
export type Part = Batch | Leaving
export const isLeaving = (part: Part): part is Leaving => 'where' in part

/**
 * The parts of a load, by table in the order of names: with rows sorted by key, all loaders lock rows in one order (S4).
 * @throws ROW_REFUSED, DUPLICATE_ROW, TABLE_INVALID
 */
export function partsOf(load: Load): Part[] {
  const tables = [...new Set([...load.writes, ...load.deletes].map(w => w.table.name))].sort()
  return tables.flatMap(name => {
    const writes = load.writes.filter(w => w.table.name === name)
    const rows = writes.length === 0 ? null : fittingRows(load, writes)
    const deletes = load.deletes.filter(d => d.table.name === name).map(d => fittingEntries(load, d))
    if (deletes.length > 0) return inOrder(load, rows, deletes)
    return rows === null ? [] : [batchOf(load, rows, rows.offsets.keys())]
  })
}

/** Entries of one delete of a load. */
interface Entries extends Elements {
  readonly where: readonly string[]
  readonly guard: Leaving['guard']
  readonly below: readonly number[] | null
  /** What the columns equal, as one text. */
  readonly texts: readonly string[]
}

function fittingEntries(load: Load, { table, where, columns, below, offsets }: TableDelete): Entries {
  const unknown = where.find(name => table.columns[name] === undefined)
  if (where.length === 0 || unknown !== undefined || (below !== null && table.revision === null))
    throw new MillraceError(
      'TABLE_INVALID',
      `rows of table '${table.name}' cannot leave by ${unknown ?? (where.length === 0 ? 'no column' : 'a revision')}`,
    )
  const notNull = (name: string) => ({ ...table.columns[name]!, nullable: false })
  const [names, values] =
    below === null
      ? [where, columns]
      : [
          [...where, table.revision!],
          [...columns, below],
        ]
  const elements = elementsOf(load, table, names, values, offsets, notNull)
  return {
    table,
    where,
    guard: below === null ? 'any revision' : 'below',
    below,
    elements,
    offsets,
    texts: joinedTexts(table, where, where, elements),
  }
}

/**
 * Whether what leaves may leave before rows of earlier records are written, if those of them that it means are not written at all. It may when it goes by the
 * key, because then the row in the table and the rows to come are meant or not meant alike, and when of two rows the one stays that it would have found.
 */
const mayGoFirst = ({ table, where, guard }: Entries, rows: FittingRows | null): boolean =>
  rows === null ||
  (where.every(name => table.key.includes(name)) && (rows.mode === 'upsert' || (rows.mode === 'insert-skip' && guard === 'any revision')))

/** Offsets decide; of one offset deletes come first. */
function inOrder(load: Load, rows: FittingRows | null, deletes: readonly Entries[]): Part[] {
  const steps = [
    ...deletes.flatMap(entries => entries.offsets.map((offset, index) => ({ offset, index, entries }))),
    ...(rows?.offsets ?? []).map((offset, index) => ({ offset, index, entries: null })),
  ].sort((a, b) => a.offset - b.offset) // stable: deletes stand before rows
  const parts: Part[] = []
  let stretch = new Stretch(load, rows)
  for (const { index, entries } of steps) {
    if (entries === null) stretch.write(index)
    else {
      if (stretch.writes > 0 && !mayGoFirst(entries, rows)) {
        parts.push(...stretch.parts())
        stretch = new Stretch(load, rows)
      }
      stretch.leave(entries, index)
    }
  }
  return [...parts, ...stretch.parts()]
}

/** Steps that can be carried out as: first everything that leaves, then the rows that are left to write. */
class Stretch {
  readonly #load: Load
  readonly #rows: FittingRows | null
  readonly #written = new Set<number>()
  readonly #left = new Map<Entries, number[]>()
  /** The rows to write by what they have in some columns, for every set of columns that something left by. */
  readonly #found = new Map<string, Found>()
  constructor(load: Load, rows: FittingRows | null) {
    this.#load = load
    this.#rows = rows
  }
  get writes(): number {
    return this.#written.size
  }
  write(row: number): void {
    this.#written.add(row)
    for (const found of this.#found.values()) found.add(row)
  }
  leave(entries: Entries, index: number): void {
    const all = this.#left.get(entries)
    if (all === undefined) this.#left.set(entries, [index])
    else all.push(index)
    if (this.#rows === null || this.#written.size === 0) return
    const { below } = entries
    for (const row of this.#by(this.#rows, entries.where).with(entries.texts[index]!))
      if (below === null || Number(this.#rows.revisions![row]) < below[index]!) this.#written.delete(row)
  }
  parts(): Part[] {
    const leaving = [...this.#left].map(
      ([entries, rows]): Leaving => ({ ...entries, rows: rows.sort((a, b) => (entries.texts[a]! < entries.texts[b]! ? -1 : 1)) }),
    )
    return this.#written.size === 0 ? leaving : [...leaving, batchOf(this.#load, this.#rows!, this.#written)]
  }
  #by(rows: FittingRows, where: readonly string[]): Found {
    const id = where.join(',')
    let found = this.#found.get(id)
    if (found === undefined) {
      this.#found.set(id, (found = new Found(joinedTexts(rows.table, where, Object.keys(rows.table.columns), rows.elements))))
      for (const row of this.#written) found.add(row)
    }
    return found
  }
}

/** Rows by a text that each of them has. */
class Found {
  readonly #texts: readonly string[]
  readonly #rows = new Map<string, number[]>()
  constructor(texts: readonly string[]) {
    this.#texts = texts
  }
  add(row: number): void {
    const text = this.#texts[row]!
    const rows = this.#rows.get(text)
    if (rows === undefined) this.#rows.set(text, [row])
    else rows.push(row)
  }
  with(text: string): readonly number[] {
    return this.#rows.get(text) ?? []
  }
}
