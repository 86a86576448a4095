import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { approxDistinct } from '#lib/index.ts'
import { codeOf, folded, inOrder, resultOf, specOf } from './folding.ts'

type Value = string | number
const distinct = (exactUpTo: number, relativeError: number) => approxDistinct((v: Value) => v, { exactUpTo, relativeError })
const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => `user-${i}`)

test('distinct values are exact up to the limit, however often each comes', () => {
  for (const n of [0, 1, 99, 100]) assert.equal(resultOf(distinct(100, 0.02), inOrder(...numbered(n), ...numbered(n))), n)
})

test('a number and its text are two values', () => {
  assert.equal(resultOf(distinct(10, 0.02), inOrder<Value>(5, '5', '#5', '#5"', 5)), 4)
})

test('beyond the limit the estimate stays near: three standard deviations on these sets', () => {
  for (const relativeError of [0.005, 0.02, 0.1])
    for (const n of [101, 1_000, 20_000]) {
      const found = resultOf(distinct(100, relativeError), inOrder(...numbered(n)))
      assert.ok(Math.abs(found - n) <= Math.max(3 * relativeError * n, 1), `${found} of ${n} at ${relativeError}`)
    }
})

test('how a value finds its register is part of what is stored, and does not change', () => {
  const values = Array.from({ length: 5_000 }, (_, i): Value[] => [
    i,
    `v${i}`,
    `ключ-${i}`,
    'x'.repeat(i % 300) + String(i),
    `#${i}`,
  ]).flat()
  const { registers } = folded(specOf(distinct(0, 0.02)), inOrder(...values)) as { registers: Uint8Array }
  assert.equal(registers.length, 4_096)
  assert.equal(createHash('sha256').update(registers).digest('hex'), '21c11ac645b949e4baca2976108ce5a3796cbceb21da74aa8f3da43129a5e888')
})

test('a limit or a relative error outside of what can be is no plan', () => {
  for (const [exactUpTo, relativeError] of [
    [-1, 0.02],
    [1.5, 0.02],
    [100_001, 0.02],
    [10, 0.004],
    [10, 0.3],
    [10, NaN],
  ] as const)
    assert.equal(
      codeOf(() => distinct(exactUpTo, relativeError)),
      'PLAN_INVALID',
    )
})
