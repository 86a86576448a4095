import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EARLIEST_TIME, misfitOf, numericSizeOf } from '#lib/model/column-fit.ts'
import { Decimal, decimal } from '#lib/model/decimal.ts'
import type { SqlType } from '#lib/model/table.ts'

const fits = (sql: SqlType, value: unknown): string | null => misfitOf({ sql, nullable: false }, value)
const CASES: Readonly<Record<string, { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }>> = {
  text: { good: ['', 'é😀', '\ufeff', '\uffff'], bad: ['\0', 'a\0', '\ud800', '\udc00x', 1, undefined, {}] },
  integer: {
    good: [0, -0, 2147483647, -2147483648, 5n],
    bad: [2147483648, -2147483649, 2n ** 31n, 1.5, NaN, Infinity, '1', true, undefined],
  },
  bigint: {
    good: [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n)],
    bad: [2 ** 53, 1.5, NaN, 2n ** 63n, -(2n ** 63n) - 1n, '1'],
  },
  float8: { good: [0, NaN, Infinity, -Infinity, 5e-324], bad: [1n, '1', undefined] },
  boolean: { good: [true, false], bad: [0, 't', undefined] },
  timestamptz: {
    good: [new Date(0), new Date(8.64e15), new Date(EARLIEST_TIME)],
    bad: [new Date(NaN), new Date(EARLIEST_TIME - 1), 0, '2024-01-01'],
  },
  'numeric(5,2)': {
    good: [decimal('999.99', 2), decimal('-999.99', 2), decimal('999.994', 3), decimal(0, 9)],
    bad: [decimal('1000', 2), decimal('999.995', 3), decimal('-999.995', 3), new Decimal(10n ** 30n, 0), 1, '1', 1n],
  },
}
for (const [sql, { good, bad }] of Object.entries(CASES))
  test(`${sql} holds what fits and names what does not`, () => {
    for (const value of good) assert.equal(fits(sql as SqlType, value), null, String(value))
    for (const value of bad) assert.equal(typeof fits(sql as SqlType, value), 'string', String(value))
  })

test('NULL fits a nullable column of any type and no other', () => {
  for (const sql of Object.keys(CASES) as SqlType[]) {
    assert.equal(misfitOf({ sql, nullable: true }, null), null)
    assert.equal(misfitOf({ sql, nullable: false }, null), 'is NULL but must not be')
  }
})

test('a value that is missing altogether fits nowhere', () => {
  for (const sql of Object.keys(CASES) as SqlType[]) assert.equal(typeof misfitOf({ sql, nullable: true }, undefined), 'string', sql)
})

test('the size of numeric columns is read from their type', () => {
  assert.deepEqual(numericSizeOf('numeric(18,4)'), { precision: 18, decimals: 4 })
  assert.equal(numericSizeOf('float8'), null)
})
