// Rows of a sink's batch: what a refused record had made is taken back, rows that come and rows that leave alike.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CollectedRows } from '#lib/engine/collected-rows.ts'
import { deleteWhere, integer, table, text, upsert, upsertMany } from '#lib/index.ts'
import type { RowTargetSpec, TombstoneTargetSpec } from '#lib/model/table-target.ts'

interface V {
  readonly id: string
  readonly n: number
}
const rows = table('rows', { columns: { id: text, n: integer, revision: integer }, key: ['id'], revision: 'revision' })
const plain = table('plain', { columns: { id: text, n: integer }, key: ['id', 'n'] })
const rowsTarget = (t: unknown): RowTargetSpec => t as RowTargetSpec
const removable = rowsTarget(upsert(rows, (v: V) => ({ ...v, revision: v.n }), { remove: v => v.n < 0 }))
const many = rowsTarget(upsertMany(plain, (v: V) => [v, { id: `${v.id}!`, n: v.n === 7 ? (undefined as unknown as number) : v.n }]))
const gone = deleteWhere(plain, id => ({ id })) as unknown as TombstoneTargetSpec

test('rows are collected by table, what leaves by the columns that it leaves by, each with its offset', () => {
  const collected = new CollectedRows()
  const [put, leave] = [collected.rowsOf(removable), collected.tombstonesOf(gone)]
  put({ id: 'a', n: 1 }, { offset: 3 })
  put({ id: 'b', n: -2 }, { offset: 4 })
  leave('c', { offset: 5 })
  assert.equal(collected.rows, 3)
  const { writes, deletes } = collected.take()
  assert.deepEqual(
    writes.map(w => [w.table.name, w.mode, w.columns, w.offsets]),
    [['rows', 'upsert', [['a'], [1], [1]], [3]]],
  )
  assert.deepEqual(
    deletes.map(d => [d.table.name, d.where, d.columns, d.below, d.offsets]),
    [
      ['rows', ['id'], [['b']], [-2], [4]],
      ['plain', ['id'], [['c']], null, [5]],
    ],
  )
  assert.deepEqual(collected.take(), { writes: [], deletes: [] })
})

test('a rollback takes back the rows since a mark, also those of places that did not exist then', () => {
  const collected = new CollectedRows()
  const [put, putMany, leave] = [collected.rowsOf(removable), collected.rowsOf(many), collected.tombstonesOf(gone)]
  put({ id: 'a', n: 1 }, { offset: 0 })
  const mark = collected.rows
  put({ id: 'b', n: 1 }, { offset: 1 })
  put({ id: 'c', n: -1 }, { offset: 1 })
  leave('d', { offset: 1 })
  assert.throws(() => putMany({ id: 'e', n: 7 }, { offset: 1 }), { code: 'ROW_REFUSED', message: /'plain' has no 'n'/ })
  collected.rollback(mark)
  putMany({ id: 'f', n: 1 }, { offset: 2 })
  const { writes, deletes } = collected.take()
  assert.deepEqual(deletes, [])
  assert.deepEqual(
    writes.map(w => [w.columns[0], w.offsets]),
    [
      [['a'], [0]],
      [
        ['f', 'f!'],
        [2, 2],
      ],
    ],
  )
})
