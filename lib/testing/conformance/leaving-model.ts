// Records that bring rows and let rows leave, drawn at random, and what a table holds after them: one record after the other, by the rules, in plain code.
import type { TableSpec } from '../../model/table.ts'
import type { WriteMode } from '../../model/table-target.ts'
import { type Row, revised } from './tables-under-test.ts'

export interface Model {
  readonly table: TableSpec
  readonly mode: WriteMode
  /** Sets of columns to leave by. */
  readonly wheres: readonly (readonly string[])[]
}
export type Step =
  | { readonly kind: 'come'; readonly offset: number; readonly row: Row }
  | { readonly kind: 'leave'; readonly offset: number; readonly where: readonly string[]; readonly row: Row; readonly below: number | null }

const text = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value))

/** @param below draws a whole number below its argument */
export function stepped(
  { table, mode, wheres }: Model,
  records: number,
  below: (n: number) => number,
): { all: readonly Step[]; left: readonly Row[] } {
  const guarded = table.revision !== null
  const drawn = (): Row =>
    guarded
      ? revised(`k${below(4)}`, below(5), { at: new Date(60_000 * below(2)), note: `n${below(2)}` })
      : { id: `k${below(4)}`, line: below(2), note: `n${below(2)}` }
  const all = Array.from({ length: records }, (_, offset): Step[] => {
    const gone: Step[] = Array.from({ length: below(5) === 0 ? 1 + below(2) : 0 }, () => ({
      kind: 'leave',
      offset,
      where: wheres[below(wheres.length)]!,
      row: drawn(),
      below: guarded && below(2) === 0 ? below(5) : null,
    }))
    return [...gone, ...Array.from({ length: below(3) }, (): Step => ({ kind: 'come', offset, row: drawn() }))]
  }).flat()

  const keyOf = (row: Row): string => table.key.map(k => text(row[k])).join('/')
  const revisionOf = (row: Row): number => Number(row[table.revision ?? ''])
  let rows = new Map<string, Row>()
  for (const step of all) {
    if (step.kind === 'come') {
      const there = rows.get(keyOf(step.row))
      if (there === undefined || (mode === 'upsert' && guarded && revisionOf(step.row) > revisionOf(there)))
        rows.set(keyOf(step.row), step.row)
    } else {
      const { where, row, below: bound } = step
      const leaves = (r: Row): boolean => where.every(c => text(r[c]) === text(row[c])) && (bound === null || revisionOf(r) < bound)
      rows = new Map([...rows].filter(([, r]) => !leaves(r)))
    }
  }
  return { all, left: [...rows.values()] }
}
