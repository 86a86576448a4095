// Which row stays: revisions, first rows, insert-only modes, several writes of one load (exactly-once.md §4, S4.5).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decimal } from '../../model/decimal.ts'
import { isMillraceError } from '../../model/errors.ts'
import type { TableSpec } from '../../model/table.ts'
import { comparable, load, PLAIN, type Placed, REVISED, revised, type Row, type Subject, write } from './tables-under-test.ts'

export function rowsConformance(s: Subject): void {
  let next = 0
  /** Loads the batches one after the other into a sink of their own. */
  const loadAll = async (table: TableSpec, mode: 'upsert' | 'insert-skip', batches: readonly (readonly Row[])[]): Promise<void> => {
    const sink = `rows-${next++}`
    await s.tables.position(sink, 'conformance', 0, 0)
    let at = 0
    for (const batch of batches) {
      const rows = batch.map((row, i): Placed => [at + i, row])
      await s.tables.load(load(sink, at, at + batch.length, [write(table, mode, rows)]))
      at += batch.length
    }
  }
  const low = revised('r', 1, { note: 'low' })
  const high = revised('r', 2, { note: 'high', amount: decimal('-0.3', 4) })
  const same = revised('r', 2, { note: 'same revision, later' })

  for (const [how, split] of [
    ['within a batch', (rows: Row[]) => [rows]],
    ['across batches', (rows: Row[]) => rows.map(r => [r])],
  ] as const) {
    test(`S4.5 the highest revision wins ${how}, whatever the order`, async () => {
      const id = (n: number, row: Row): Row => ({ ...row, id: `wins-${how}-${n}` })
      for (const [n, order] of [
        [low, high],
        [high, low],
        [low, high, low],
        [high, low, low],
      ].entries())
        await loadAll(REVISED, 'upsert', split(order.map(r => id(n, r))))
      assert.deepEqual(
        await s.held(REVISED, `wins-${how}`),
        comparable(
          REVISED,
          [0, 1, 2, 3].map(n => id(n, high)),
        ),
      )
    })
    test(`S4.5 among equal revisions the first stays ${how}`, async () => {
      const id = (row: Row): Row => ({ ...row, id: `equal-${how}` })
      await loadAll(REVISED, 'upsert', split([low, high, same].map(id)))
      assert.deepEqual(await s.held(REVISED, `equal-${how}`), comparable(REVISED, [id(high)]))
    })
    for (const mode of ['upsert', 'insert-skip'] as const)
      test(`without a revision column ${mode} keeps the first row of a key ${how}`, async () => {
        const id = `first-${mode}-${how}`
        const rows: Row[] = ['one', 'two', 'three'].map(note => ({ id, line: 1, note }))
        await loadAll(PLAIN, mode, split([...rows, { id, line: 2, note: 'other' }]))
        assert.deepEqual(await s.held(PLAIN, id), comparable(PLAIN, [rows[0]!, { id, line: 2, note: 'other' }]))
      })
    test(`insert-skip keeps the first row ${how} even when a later one has a higher revision`, async () => {
      const id = (row: Row): Row => ({ ...row, id: `skip-${how}` })
      await loadAll(REVISED, 'insert-skip', split([low, high].map(id)))
      assert.deepEqual(await s.held(REVISED, `skip-${how}`), comparable(REVISED, [id(low)]))
    })
  }

  test('a replacing row replaces every column, also by NULL', async () => {
    const rows = [revised('null', 1, { note: 'gone', part: 5 }), revised('null', 2, { note: null, part: 6 })]
    await loadAll(
      REVISED,
      'upsert',
      rows.map(r => [r]),
    )
    assert.deepEqual(await s.held(REVISED, 'null'), comparable(REVISED, [rows[1]!]))
  })

  test('several writes of one load go to their tables, two writes to one table count in offset order', async () => {
    await s.tables.position('several', 'conformance', 0, 0)
    const later: Placed[] = [[4, { id: 'several', line: 0, note: 'later' }]]
    const sooner: Placed[] = [[3, { id: 'several', line: 0, note: 'sooner' }]]
    await s.tables.load(
      load('several', 0, 5, [
        write(PLAIN, 'upsert', later),
        write(REVISED, 'upsert', [[3, revised('several', 1)]]),
        write(PLAIN, 'upsert', sooner),
      ]),
    )
    assert.deepEqual(await s.held(PLAIN, 'several'), comparable(PLAIN, [sooner[0]![1]]))
    assert.deepEqual(await s.held(REVISED, 'several'), comparable(REVISED, [revised('several', 1)]))
  })

  test('a load of 12,000 rows is one transaction', async () => {
    await s.tables.position('large', 'conformance', 0, 0)
    const rows = Array.from({ length: 12_000 }, (_, i): Placed => [i, { id: 'large', line: (i * 7919) % 12_000, note: null }])
    const broken: Placed[] = [...rows.slice(0, -1), [11_999, { id: 'large', line: 2 ** 31 }]]
    assert.equal((await s.refused(load('large', 0, 12_000, [write(PLAIN, 'upsert', broken)]), 'ROW_REFUSED')).where.offset, 11_999)
    assert.deepEqual(await s.held(PLAIN, 'large'), [])
    await s.tables.load(load('large', 0, 12_000, [write(PLAIN, 'upsert', rows)]))
    assert.equal((await s.held(PLAIN, 'large')).length, 12_000)
  })

  for (const mode of ['insert-dead-letter', 'insert-stop'] as const) {
    test(`${mode} refuses the second row of a key with DUPLICATE_ROW and its offset, and writes nothing`, async () => {
      const sink = `dup-${mode}`
      const row = (line: number, note: string): Row => ({ id: sink, line, note })
      await s.tables.position(sink, 'conformance', 0, 0)
      await s.tables.load(
        load(sink, 0, 2, [
          write(PLAIN, mode, [
            [0, row(0, 'a')],
            [1, row(1, 'a')],
          ]),
        ]),
      )
      const stored = await s.refused(
        load(sink, 2, 5, [
          write(PLAIN, mode, [
            [2, row(2, 'b')],
            [3, row(1, 'b')],
            [4, row(3, 'b')],
          ]),
        ]),
        'DUPLICATE_ROW',
      )
      assert.equal(stored.where.offset, 3)
      const within = await s.refused(
        load(sink, 2, 5, [
          write(PLAIN, mode, [
            [2, row(2, 'b')],
            [4, row(2, 'c')],
          ]),
        ]),
        'DUPLICATE_ROW',
      )
      assert.equal(within.where.offset, 4)
      assert.equal(await s.tables.position(sink, 'conformance', 0, 0), 2)
      assert.deepEqual(await s.held(PLAIN, sink), comparable(PLAIN, [row(0, 'a'), row(1, 'a')]))
    })
  }
  test('leaving out what DUPLICATE_ROW names, again and again, keeps the first row of every key', async () => {
    const row = (i: number): Row => ({ id: 'again', line: i % 5, note: String(i) })
    await s.tables.position('again', 'conformance', 0, 0)
    let left = Array.from({ length: 12 }, (_, i): Placed => [i, row(i)])
    const gone: number[] = []
    for (let tries = 0; tries < 20; tries++) {
      const outcome = await s.tables.load(load('again', 0, 12, [write(PLAIN, 'insert-dead-letter', left)])).then(
        () => null,
        (e: unknown) => e,
      )
      if (outcome === null) break
      if (!isMillraceError(outcome) || outcome.code !== 'DUPLICATE_ROW') throw outcome
      gone.push(outcome.where.offset!)
      left = left.filter(([offset]) => offset !== outcome.where.offset)
    }
    assert.deepEqual(
      gone.sort((a, b) => a - b),
      [5, 6, 7, 8, 9, 10, 11],
    )
    assert.deepEqual(await s.held(PLAIN, 'again'), comparable(PLAIN, [0, 1, 2, 3, 4].map(row)))
  })
}
