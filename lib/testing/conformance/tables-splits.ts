// Batch-bound independence: any split of the same records into loads gives the same rows (exactly-once.md §4), and they are the fold of the records one by one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decimal } from '../../model/decimal.ts'
import { comparable, load, PLAIN, type Placed, REVISED, revised, type Row, type Subject, write } from './tables-under-test.ts'

/** mulberry32: small, seeded, good enough to shuffle tests. */
export function seeded(seed: number): (below: number) => number {
  let a = seed >>> 0
  return below => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

interface Made {
  readonly revised: readonly (readonly Row[])[]
  readonly plain: readonly (readonly Row[])[]
}

/** For every record 0 … 2 rows for each table, on few keys with few revisions, so that they collide. */
function made(seed: number, records: number): Made {
  const below = seeded(seed)
  const rows = (make: (n: number) => Row): Row[][] =>
    Array.from({ length: records }, (_, o) => Array.from({ length: below(3) }, (_, n) => make(o * 10 + n)))
  return {
    revised: rows(n => revised(`k${below(6)}`, below(4), { note: `r${n}`, amount: decimal(n, 4), at: new Date(below(2) * 60_000) })),
    plain: rows(n => ({ id: `k${below(6)}`, line: below(3), note: `p${n}` })),
  }
}

/** What the rows must be: the records applied one by one, by S4's rule. */
function folded(keyOf: (row: Row) => string, rows: readonly (readonly Row[])[], revision: string | null): Row[] {
  const kept = new Map<string, Row>()
  for (const row of rows.flat()) {
    const old = kept.get(keyOf(row))
    if (old === undefined || (revision !== null && Number(row[revision]) > Number(old[revision]))) kept.set(keyOf(row), row)
  }
  return [...kept.values()]
}

export function splitsConformance(s: Subject): void {
  const RECORDS = 40
  for (const seed of [1, 2, 3, 4, 5, 6])
    test(`any split of the same records gives the rows of their fold (seed ${seed})`, async () => {
      const rows = made(seed, RECORDS)
      const below = seeded(seed * 1000)
      const sizes: (() => number)[] = [() => 1, () => RECORDS, () => 7, () => 1 + below(12)]
      for (const [n, size] of sizes.entries()) {
        const prefix = `split-${seed}-${n}-`
        const named = (row: Row): Row => ({ ...row, id: prefix + String(row['id']) })
        await s.tables.position(prefix, 'conformance', 0, 0)
        for (let from = 0; from < RECORDS; ) {
          const to = Math.min(RECORDS, from + size())
          const placed = (all: readonly (readonly Row[])[]): Placed[] =>
            all.slice(from, to).flatMap((r, i) => r.map((row): Placed => [from + i, named(row)]))
          await s.tables.load(
            load(prefix, from, to, [write(REVISED, 'upsert', placed(rows.revised)), write(PLAIN, 'upsert', placed(rows.plain))]),
          )
          from = to
        }
        const byKey = (row: Row): string => `${String(row['id'])}/${row['at'] instanceof Date ? row['at'].getTime() : String(row['line'])}`
        assert.deepEqual(await s.held(REVISED, prefix), comparable(REVISED, folded(byKey, rows.revised, 'revision').map(named)))
        assert.deepEqual(await s.held(PLAIN, prefix), comparable(PLAIN, folded(byKey, rows.plain, null).map(named)))
      }
    })
}
