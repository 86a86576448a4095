import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collect, count, mean } from '#lib/index.ts'
import { foldSpecOf } from '#lib/stages/folds/fold.ts'
import { accumulate } from '#lib/stages/window/accumulate.ts'

const all = accumulate(
  ['n', 'list', 'avg'],
  [count(), collect((v: number) => v, { atMost: 2, beyond: 'fail' }), mean((v: number) => v)].map(f => foldSpecOf(f as never)),
)
const of = (...values: readonly number[]): unknown[] => {
  const [first, ...others] = values
  const states = all.begun(all.measureFirst(first, { at: 0, ordinal: first! }))
  for (const [i, v] of others.entries()) all.add(states, 0, all.measure(v, { at: i + 1, ordinal: v }, states, 0))
  return states
}

test('a fold that refuses its result refuses the result of the window, and people are shown why beside what the others hold', () => {
  const states = all.copied(of(1, 2), 0)
  all.merge(states, 0, of(3), 0)
  assert.throws(() => all.result(states, 0), { code: 'RESULT_OVERFLOW' })
  assert.deepEqual(all.shown(states, 0), { n: 3, list: 'refused: collect() holds at most 2 values', avg: 2 })
})

test('S5.4: one fold that refuses a value keeps all of them as they were', () => {
  const states = of(1, 2)
  assert.throws(() => all.measure(3, { at: 3, ordinal: 3 }, states, 0), { code: 'RESULT_OVERFLOW' })
  assert.throws(() => all.measure(NaN, { at: 3, ordinal: 3 }, of(1), 0), { code: 'VALUE_REFUSED' })
  assert.deepEqual(all.result(states, 0), { n: 2, list: [1, 2], avg: 1.5 })
})

test('what is merged into a copy reaches neither of the two', () => {
  const [a, b] = [of(1), of(2)]
  const states = all.copied(a, 0)
  all.merge(states, 0, b, 0)
  all.merge(states, 0, of(3), 0)
  assert.deepEqual(
    [all.result(a, 0), all.result(b, 0)],
    [
      { n: 1, list: [1], avg: 1 },
      { n: 1, list: [2], avg: 2 },
    ],
  )
})
