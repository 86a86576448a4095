import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { earliest, first, last, latest } from '#lib/index.ts'
import { arriving, type Given, resultOf, specOf } from './folding.ts'

const id = <V>(v: V): V => v
const all = (given: readonly Given<unknown>[]): unknown[] => [first, last, earliest, latest].map(keeping => resultOf(keeping(id), given))

test('first and last go by arrival, earliest and latest by event time', () => {
  assert.deepEqual(
    all([
      { value: 'a', at: 5, ordinal: 1 },
      { value: 'b', at: 2, ordinal: 2 },
      { value: 'c', at: 9, ordinal: 3 },
      { value: 'd', at: 4, ordinal: 4 },
    ]),
    ['a', 'd', 'b', 'c'],
  )
})

test('of values with the same event time earliest is the one that arrived first, latest the one that arrived last', () => {
  const tied = ['a', 'b', 'c'].map((value, i) => ({ value, at: 5, ordinal: i + 1 }))
  assert.deepEqual(all(tied), ['a', 'c', 'a', 'c'])
})

test('values of one record arrive together: by event time, and those of one time as they come', () => {
  assert.deepEqual(
    all([
      { value: 'b', at: 5, ordinal: 1 },
      { value: 'c', at: 7, ordinal: 1 },
      { value: 'd', at: 7, ordinal: 1 },
      { value: 'a', at: 3, ordinal: 1 },
      { value: 'a too', at: 3, ordinal: 1 },
      { value: 'middle', at: 5, ordinal: 1 },
    ]),
    ['a', 'd', 'a', 'd'],
  )
})

test('any value counts, also null, undefined, NaN and zero: the moment decides, never the value', () => {
  for (const value of [null, undefined, NaN, 0, '', false]) {
    assert.deepEqual(all([{ value, at: 5, ordinal: 2 }]), [value, value, value, value])
    assert.deepEqual(
      all([
        { value: 'x', at: 6, ordinal: 1 },
        { value, at: 7, ordinal: 2 },
      ]),
      ['x', value, 'x', value],
    )
  }
})

test('all four are what sorting gives', () => {
  fc.assert(
    fc.property(arriving(fc.integer()), given => {
      const byArrival = given.toSorted((a, b) => a.ordinal - b.ordinal || a.at - b.at)
      const byTime = given.toSorted((a, b) => a.at - b.at || a.ordinal - b.ordinal)
      assert.deepEqual(
        all(given),
        [byArrival[0], byArrival.at(-1), byTime[0], byTime.at(-1)].map(g => g!.value),
      )
    }),
  )
})

test('what is kept is a copy: the value of a record may live in memory that is used again', () => {
  const bytes = new Uint8Array([1, 2, 3])
  const spec = specOf(last(id<{ bytes: Uint8Array }>))
  const moment = { at: 1, ordinal: 1 }
  const state = spec.add(spec.initial(), spec.measure({ bytes }, moment, spec.initial()))
  bytes.fill(9)
  assert.deepEqual(spec.result(state), { bytes: new Uint8Array([1, 2, 3]) })
})

test('a moment is read when it is measured: the cursor that it is moves on', () => {
  const spec = specOf(first(id<string>))
  const cursor = { at: 5, ordinal: 1 }
  const measured = spec.measure('a', cursor, spec.initial())
  Object.assign(cursor, { at: 1, ordinal: 0 })
  const state = spec.add(spec.initial(), measured)
  assert.equal(spec.result(spec.add(state, spec.measure('b', { at: 3, ordinal: 2 }, state))), 'a')
})
