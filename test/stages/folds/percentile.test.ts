import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { percentile } from '#lib/index.ts'
import { bucketsFor } from '#lib/stages/folds/quantile-sketch.ts'
import { bytesOf, codeOf, folded, inOrder, resultOf, specOf } from './folding.ts'

const quantile = (p: number, relativeError: number, values: readonly number[]): number =>
  resultOf(
    percentile((v: number) => v, { p, relativeError }),
    inOrder(...values),
  )
/** The value at place ⌊p·(n−1)⌋ of all, p in thousandths. */
const exactly = (thousandths: number, values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((thousandths * (values.length - 1)) / 1000)]!

const magnitudes = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: 0.001, max: 100_000 }),
  fc.constantFrom(0, -0, 5e-324, -5e-324, 1.5e-323, Number.MAX_VALUE, -Number.MAX_VALUE, 2.2250738585072014e-308, 1, -1),
)

test('a percentile is within the relative error of the value that stands there, for values of any size and sign', () => {
  fc.assert(
    fc.property(
      fc.array(magnitudes, { minLength: 1, maxLength: 60 }),
      fc.nat(1000),
      fc.oneof(fc.constantFrom(1e-6, 0.01, 0.5, 0.99), fc.double({ noNaN: true, min: 1e-6, max: 0.999 })),
      (values, thousandths, relativeError) => {
        const exact = exactly(thousandths, values)
        const found = quantile(thousandths / 1000, relativeError, values)
        assert.ok(Math.abs(found - exact) <= relativeError * Math.abs(exact), `${found} for ${exact}`)
      },
    ),
    { numRuns: 3_000 },
  )
})

test('the smallest and the largest value are exact, and nothing lies outside of them', () => {
  const values = [3.3, -17.1, 250, 251, 252]
  assert.equal(quantile(0, 0.5, values), -17.1)
  assert.equal(quantile(1, 0.5, values), 252)
  assert.equal(quantile(0.5, 0.9, [7.7]), 7.7)
  fc.assert(
    fc.property(fc.array(magnitudes, { minLength: 1 }), fc.double({ noNaN: true, min: 0, max: 1 }), (all, p) => {
      const found = quantile(p, 0.3, all)
      assert.ok(found >= Math.min(...all) && found <= Math.max(...all))
    }),
  )
})

test('a share means what is written: the 29th of 100 steps is not the 28th, though 0.29 · 100 is less than 29', () => {
  const hundred = Array.from({ length: 101 }, (_, i) => 1000 + i)
  for (let percent = 0; percent <= 100; percent++) {
    const found = quantile(percent / 100, 1e-6, hundred)
    assert.equal(Math.round(found), 1000 + percent)
  }
})

test('the state does not depend on the order of the values, to the byte', () => {
  const spec = specOf(percentile((v: number) => v, { p: 0.5, relativeError: 0.02 }))
  fc.assert(
    fc.property(
      fc.array(magnitudes).chain(values => fc.tuple(fc.constant(values), fc.shuffledSubarray(values, { minLength: values.length }))),
      ([values, shuffled]) => assert.deepEqual(bytesOf(folded(spec, inOrder(...shuffled))), bytesOf(folded(spec, inOrder(...values)))),
    ),
  )
})

test('memory grows with the buckets in use, not with the values', () => {
  const spec = specOf(percentile((v: number) => v, { p: 0.5, relativeError: 0.01 }))
  const many = folded(spec, inOrder(...Array.from({ length: 50_000 }, (_, i) => 1 + ((i * 7919) % 999_983)))) as { keys: number[] }
  assert.ok(many.keys.length <= 692, `${many.keys.length}`)
})

test('which bucket a value falls into is part of what is stored, and does not change', () => {
  const values = [5e-324, 0.001, 1, 1.005, 2, 42.5, 1e6, Number.MAX_VALUE, -42.5, 0]
  assert.deepEqual(
    values.map(v => bucketsFor(0.01).keyOf(v)),
    [30, 36905, 37250, 37251, 37285, 37438, 37941, 72739, -37438, 0],
  )
})

test('p may be changed over stored state, the relative error may not', () => {
  const at = (p: number, relativeError: number) => specOf(percentile((v: number) => v, { p, relativeError }))
  assert.deepEqual(at(0.5, 0.01).state, at(0.99, 0.01).state)
  assert.notDeepEqual(at(0.5, 0.01).state, at(0.5, 0.02).state)
  const state = folded(at(0.5, 0.01), inOrder(1, 2, 3))
  assert.equal(at(1, 0.01).result(state), 3)
})

test('a share outside 0 … 1 or a relative error outside of what can be is no plan', () => {
  for (const [p, relativeError] of [
    [-0.1, 0.01],
    [1.1, 0.01],
    [99, 0.01],
    [NaN, 0.01],
    [0.5, 0],
    [0.5, 1],
    [0.5, -1],
    [0.5, NaN],
    [0.5, 1e-7],
  ] as const)
    assert.equal(
      codeOf(() => percentile((v: number) => v, { p, relativeError })),
      'PLAN_INVALID',
      `${p}, ${relativeError}`,
    )
})
