import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Batch, literalsOf } from '#lib/adapters/postgres/batch.ts'
import { partsOf } from '#lib/adapters/postgres/parts.ts'
import { float8, integer, nullable, table, type TableSpec, tableSpecOf, text, timestamptz } from '#lib/model/table.ts'
import type { WriteMode } from '#lib/model/table-target.ts'
import type { Load, TableWrite } from '#lib/ports/tables.ts'

const spec = (t: unknown): TableSpec => tableSpecOf(t as never)
const revised = spec(table('b_revised', { columns: { id: text, note: text, revision: integer }, key: ['id'], revision: 'revision' }))
const plain = spec(table('a_plain', { columns: { id: text, line: integer, note: nullable(text) }, key: ['line', 'id'] }))

const write = (
  t: TableSpec,
  rows: readonly (readonly unknown[])[],
  offsets = rows.map((_, i) => i),
  mode: WriteMode = 'upsert',
): TableWrite => ({
  table: t,
  mode,
  columns: Object.keys(t.columns).map((_, c) => rows.map(r => r[c])),
  offsets,
})
const load = (...writes: TableWrite[]): Load => ({
  sink: 's',
  topic: 't',
  partition: 3,
  from: 0,
  to: 100,
  writes,
  deletes: [],
  deadLetters: [],
})
const batchesOf = (l: Load) => partsOf(l) as Batch[]
const only = (...writes: TableWrite[]) => batchesOf(load(...writes))[0]!

test('S4.5 of the rows of a key the highest revision is kept, among equals the first', () => {
  const batch = only(
    write(revised, [
      ['k', 'low', 1],
      ['k', 'first', 3],
      ['k', 'same', 3],
      ['j', 'other', 0],
      ['k', 'mid', 2],
    ]),
  )
  assert.deepEqual(literalsOf(batch), ['{"j","k"}', '{"other","first"}', '{0,3}'])
})

test('without a revision, and in insert-skip, the first row of a key is kept', () => {
  assert.deepEqual(
    literalsOf(
      only(
        write(plain, [
          ['a', 1, 'x'],
          ['a', 1, 'y'],
        ]),
      ),
    ),
    ['{"a"}', '{1}', '{"x"}'],
  )
  assert.deepEqual(
    literalsOf(
      only(
        write(
          revised,
          [
            ['a', 'x', 1],
            ['a', 'y', 2],
          ],
          [0, 1],
          'insert-skip',
        ),
      ),
    ),
    ['{"a"}', '{"x"}', '{1}'],
  )
})

test('rows of one order of keys come out in that order, however they went in', () => {
  const rows = [
    ['b', 10, null],
    ['a', 9, null],
    ['b', 9, null],
    ['a', 10, null],
    ['', -1, null],
  ] as const
  const sorted = literalsOf(only(write(plain, rows)))
  for (const shuffled of [rows.toReversed(), [rows[2], rows[4], rows[0], rows[1], rows[3]]])
    assert.deepEqual(literalsOf(only(write(plain, shuffled))), sorted)
})

test('keys that only look alike when joined are different keys', () => {
  const two = spec(table('two', { columns: { a: text, b: text }, key: ['a', 'b'] }))
  const rows = [
    ['x,"y', 'z'],
    ['x', 'y,"z'],
    ['x"', ',y'],
    ['x', '",y'],
    ['NULL', ''],
    ['', 'NULL'],
  ]
  assert.equal(only(write(two, rows)).rows.length, rows.length)
})

test('0 and -0 are one key, as they are to an index', () => {
  const floats = spec(table('floats', { columns: { f: float8, n: integer }, key: ['f'] }))
  assert.deepEqual(
    literalsOf(
      only(
        write(floats, [
          [-0, 1],
          [0, 2],
          [NaN, 3],
          [NaN, 4],
        ]),
      ),
    ),
    ['{-0,NaN}', '{1,3}'],
  )
})

test('batches come in the order of their tables, whatever the order of the outputs', () => {
  const writes = [write(revised, [['k', '', 1]]), write(plain, [['k', 1, '']])]
  assert.deepEqual(
    batchesOf(load(...writes)).map(b => b.table.name),
    ['a_plain', 'b_revised'],
  )
  assert.deepEqual(
    batchesOf(load(...writes.toReversed())).map(b => b.table.name),
    ['a_plain', 'b_revised'],
  )
})

test('several outputs into one table count in the order of the records, and of the outputs within a record', () => {
  const first = write(
    plain,
    [
      ['a', 1, '1st@5'],
      ['b', 1, '1st@6'],
    ],
    [5, 6],
  )
  const second = write(
    plain,
    [
      ['a', 1, '2nd@4'],
      ['b', 1, '2nd@6'],
    ],
    [4, 6],
  )
  const batch = only(first, second)
  assert.deepEqual(literalsOf(batch), ['{"a","b"}', '{1,1}', '{"2nd@4","1st@6"}'])
  assert.deepEqual(
    batch.rows.map(r => batch.offsets[r]),
    [4, 6],
  )
})

test('two outputs that write one table in different ways are TABLE_INVALID', () => {
  assert.throws(() => only(write(plain, [['a', 1, '']]), write(plain, [['b', 1, '']], [0], 'insert-skip')), { code: 'TABLE_INVALID' })
})

test('rows without a column, or columns of different lengths, are TABLE_INVALID', () => {
  assert.throws(() => only({ ...write(plain, [['a', 1, '']]), columns: [['a'], [1]] }), { code: 'TABLE_INVALID' })
  assert.throws(() => only({ ...write(plain, [['a', 1, '']]), columns: [['a'], [1], []] }), { code: 'TABLE_INVALID' })
})

test('the first row that does not fit is refused, by column, table and record, also when another row of its key would be kept', () => {
  const rows = [
    ['k', 'fine', 1],
    ['k', 5, 2],
    ['k', 'fine', 2 ** 31],
    ['k', 'wins', 9],
  ]
  assert.throws(() => only(write(revised, rows, [10, 11, 12, 13])), {
    code: 'ROW_REFUSED',
    where: { topic: 't', partition: 3, offset: 11 },
    message: "column 'note' of table 'b_revised' holds number, not text (record t/3@11)",
  })
})

test('a second row of a key in the same batch is DUPLICATE_ROW in the modes that refuse it', () => {
  for (const mode of ['insert-dead-letter', 'insert-stop'] as const)
    assert.throws(
      () =>
        only(
          write(
            plain,
            [
              ['a', 1, ''],
              ['b', 1, ''],
              ['a', 1, ''],
            ],
            [7, 8, 9],
            mode,
          ),
        ),
      { code: 'DUPLICATE_ROW', where: { topic: 't', partition: 3, offset: 9 } },
    )
})

test('times are keys by their instant', () => {
  const timed = spec(table('timed', { columns: { at: timestamptz, n: integer }, key: ['at'] }))
  assert.equal(
    only(
      write(timed, [
        [new Date(5), 1],
        [new Date(5), 2],
        [new Date(6), 3],
      ]),
    ).rows.length,
    2,
  )
})
