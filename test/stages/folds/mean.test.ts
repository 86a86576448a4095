import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mean } from '#lib/index.ts'
import { addExactly, nearest } from '#lib/stages/folds/exact-sum.ts'
import { codeOf, folded, inOrder, resultOf, specOf } from './folding.ts'

const meanOf = (...values: number[]): number =>
  resultOf(
    mean((v: number) => v),
    inOrder(...values),
  )
const sumOf = (values: readonly number[]): number => {
  const partials: number[] = []
  for (const v of values) addExactly(partials, v, 0)
  return nearest(partials, 0)
}

/** A finite double as a whole number of 2^−1074, which every one of them is. */
function unitsOf(value: number): bigint {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0]!
  const exponent = (bits >> 52n) & 0x7ffn
  const fraction = bits & 0xfffffffffffffn
  const units = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n)
  return value < 0 ? -units : units
}
/** Whether no double is nearer to the sum than `found`, and an even one stands where two are as near. */
function isNearest(found: number, values: readonly number[]): boolean {
  const exact = values.reduce((sum, v) => sum + unitsOf(v), 0n)
  const distance = (v: number): bigint => {
    const d = unitsOf(v) - exact
    return d < 0n ? -d : d
  }
  const bits = new BigInt64Array(new Float64Array([found]).buffer)[0]!
  return [-1n, 1n].every(step => {
    const other = new Float64Array(new BigInt64Array([bits + step]).buffer)[0]!
    if (found === 0 || !Number.isFinite(other)) return distance(found) === 0n || !Number.isFinite(other)
    return distance(found) < distance(other) || (distance(found) === distance(other) && (bits & 1n) === 0n)
  })
}

test('a mean is the exact sum, rounded, by the count', () => {
  assert.equal(meanOf(1, 2, 6), 3)
  assert.equal(meanOf(0.1, 0.2, 0.3), 0.6 / 3) // one after the other they add up to 0.6000000000000001
  assert.equal(meanOf(1e16, 1, -1e16, 1), 0.5)
  assert.equal(meanOf(...Array<number>(10).fill(0.1)), 0.1)
  assert.equal(meanOf(-7), -7)
})

test('a sum of doubles is the double nearest to what they add up to, ties to even', () => {
  assert.equal(sumOf([]), 0)
  assert.equal(sumOf([1, 2 ** -53]), 1)
  assert.equal(sumOf([1, 2 ** -53, 2 ** -200]), 1 + 2 ** -52) // a hair more than half a unit
  assert.equal(sumOf([1 + 2 ** -52, 2 ** -53]), 1 + 2 ** -51)
  assert.equal(sumOf([-1, -(2 ** -53), -(2 ** -200)]), -1 - 2 ** -52)
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), { minLength: 1 }), values =>
      assert.ok(isNearest(sumOf(values), values), String(sumOf(values))),
    ),
    { numRuns: 1_000 },
  )
})

test('sums that take one another away leave what is left, to the last bit', () => {
  const small = fc.integer({ min: -1000, max: 1000 }).map(n => n / 64)
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e280, max: 1e280 })), fc.array(small), (noise, rest) => {
      const all = [...noise, ...rest, ...noise.map(v => -v).reverse()]
      assert.equal(
        sumOf(all),
        rest.reduce((sum, v) => sum + v, 0),
      )
    }),
  )
})

test('the state of a mean stays small', () => {
  const state = folded(specOf(mean((v: number) => v)), inOrder(...Array.from({ length: 10_000 }, (_, i) => ((i * 7919) % 10_007) / 100)))
  assert.ok((state as number[]).length <= 4, String(state))
})

test('a sum that leaves the doubles has no mean: the result is refused, and stays so', () => {
  for (const values of [
    [1.7e308, 1.7e308],
    [1.7e308, 1.7e308, -1.7e308, -1.7e308, 5],
    [-1.7e308, -1.7e308, 1],
    [1.7e308, 1.7e308, -1.7e308, -1.7e308, -1.7e308, -1.7e308],
  ])
    assert.equal(
      codeOf(() => meanOf(...values)),
      'RESULT_OVERFLOW',
      String(values),
    )
})
