// What each column type accepts and refuses, and that what was written is what is there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Decimal, decimal } from '../../model/decimal.ts'
import { comparable, EVERY, load, PLAIN, type Placed, type Subject, write } from './tables-under-test.ts'

const TEXTS = [
  '',
  ' ',
  'NULL',
  'null',
  '"',
  '""',
  "'",
  '\\',
  '\\N',
  '\\\\"',
  'a,b',
  '{}',
  '{"a",NULL}',
  '(1,2)',
  'line\nfeed\r\t',
  'é',
  'e\u0301',
  '日本',
  '😀',
  '\u{10ffff}',
  '\ufeff',
  '$1',
  '%s',
]
const LONG = 2n ** 63n
const ACCEPTED: Readonly<Record<string, readonly unknown[]>> = {
  t: [...TEXTS, 'x'.repeat(100_000), null],
  i: [0, -0, 1, -1, 2147483647, -2147483648, null],
  l: [0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1e15, null],
  b: [0n, LONG - 1n, -LONG, 5, null],
  f: [0, -0, 0.1, -1e-300, 5e-324, Number.MAX_VALUE, 1e21, NaN, Infinity, -Infinity, null],
  o: [true, false, null],
  at: [
    0,
    1,
    -1,
    999,
    Date.UTC(2011, 11, 9, 12, 50, 0, 7),
    Date.UTC(1969, 11, 31, 23, 59, 59, 999),
    Date.UTC(9999, 11, 31),
    Date.UTC(10_000, 0, 1),
    8.64e15,
    Date.UTC(-1, 5, 5),
    Date.UTC(-4713, 10, 24),
  ]
    .map((ms): unknown => new Date(ms))
    .concat([null]),
  n: [
    decimal(0, 4),
    decimal('-0.0001', 4),
    decimal('99999999999999.9999', 4),
    decimal('-99999999999999.9999', 4),
    decimal('1.00005', 5),
    decimal('-1.00005', 5),
    decimal(12, 0),
    null,
  ],
}
const REFUSED: Readonly<Record<string, readonly unknown[]>> = {
  t: ['nul \0 character', 'half a pair \ud83d', '\udc00', 5, true],
  i: [2147483648, -2147483649, 0.5, NaN, Infinity, '5'],
  l: [2 ** 53, 0.5, NaN, '5'],
  b: [LONG, -LONG - 1n, 2 ** 53],
  f: ['1.5', 1n],
  o: ['t', 1],
  at: [new Date(NaN), new Date(Date.UTC(-4713, 10, 24) - 1), 0, '2024-01-01'],
  n: [decimal('100000000000000', 4), new Decimal(10n ** 19n - 5n, 5), 1.5, '1.5'],
  id: [null],
}

export function valuesConformance(s: Subject): void {
  for (const [column, values] of Object.entries(ACCEPTED))
    test(`column '${column}' (${EVERY.columns[column]!.sql}) gives back what it was given`, async () => {
      const sink = `every-${column}-`
      await s.tables.position(sink, 'conformance', 0, 0)
      const rows = values.map((value, i): Placed => [i, { id: sink + i, [column]: value }])
      await s.tables.load(load(sink, 0, rows.length, [write(EVERY, 'upsert', rows)]))
      assert.deepEqual(
        await s.held(EVERY, sink),
        comparable(
          EVERY,
          rows.map(([, row]) => row),
        ),
      )
    })
  for (const [column, values] of Object.entries(REFUSED))
    test(`a value that column '${column}' cannot hold is ROW_REFUSED with its offset and the column, and nothing is written`, async () => {
      const sink = `not-${column}-`
      await s.tables.position(sink, 'conformance', 0, 0)
      for (const value of values) {
        const rows = Array.from({ length: 9 }, (_, i): Placed => [i * 10, { id: sink + i, ...(i === 6 ? { [column]: value } : {}) }])
        const error = await s.refused(load(sink, 0, 100, [write(EVERY, 'upsert', rows)], []), 'ROW_REFUSED')
        assert.equal(error.where.offset, 60)
        assert.ok(error.message.includes(`'${column}'`), error.message)
      }
      assert.deepEqual(await s.held(EVERY, sink), [])
      assert.equal(await s.tables.position(sink, 'conformance', 0, 0), 0)
    })
  test('texts that look alike are different keys', async () => {
    await s.tables.position('keys', 'conformance', 0, 0)
    const rows = TEXTS.map((t, i): Placed => [i, { id: `keys-${t}`, line: 0, note: String(i) }])
    await s.tables.load(load('keys', 0, 100, [write(PLAIN, 'insert-stop', rows)]))
    assert.deepEqual(
      await s.held(PLAIN, 'keys'),
      comparable(
        PLAIN,
        rows.map(([, row]) => row),
      ),
    )
  })
}
