import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { collect } from '#lib/index.ts'
import { anyWay, arriving, bytesOf, codeOf, copyOf, folded, foldedApart, inOrder, resultOf, specOf } from './folding.ts'

const id = <V>(v: V): V => v
const collecting = (atMost: number, beyond: 'drop-oldest' | 'drop-newest' | 'fail') => collect(id<unknown>, { atMost, beyond })

test('values stand in the order of arrival, whatever their event times', () => {
  const given = [
    { value: 'a', at: 9, ordinal: 1 },
    { value: 'b', at: 2, ordinal: 2 },
    { value: 'c', at: 5, ordinal: 7 },
  ]
  assert.deepEqual(resultOf(collecting(9, 'fail'), given), ['a', 'b', 'c'])
})

test('values of one record stand by event time, those of one time as they come', () => {
  const given = ['b', 'c', 'a', 'a too'].map((value, i) => ({ value, at: [5, 7, 3, 3][i]!, ordinal: 1 }))
  assert.deepEqual(resultOf(collecting(9, 'fail'), given), ['a', 'a too', 'b', 'c'])
  assert.deepEqual(resultOf(collecting(2, 'drop-newest'), given), ['a', 'a too'])
  assert.deepEqual(resultOf(collecting(2, 'drop-oldest'), given), ['b', 'c'])
})

test("beyond the limit 'drop-oldest' keeps what arrived last and 'drop-newest' what arrived first", () => {
  const given = inOrder(1, 2, 3, 4, 5)
  assert.deepEqual(resultOf(collecting(3, 'drop-oldest'), given), [3, 4, 5])
  assert.deepEqual(resultOf(collecting(3, 'drop-newest'), given), [1, 2, 3])
  for (const beyond of ['drop-oldest', 'drop-newest', 'fail'] as const)
    assert.deepEqual(resultOf(collecting(5, beyond), given), [1, 2, 3, 4, 5])
})

test("'fail' refuses the record that is one too many, and keeps those before it", () => {
  const spec = specOf(collecting(2, 'fail'))
  const state = folded(spec, inOrder('a', 'b'))
  const before = bytesOf(state)
  assert.equal(
    codeOf(() => spec.measure('c', { at: 3, ordinal: 3 }, state)),
    'RESULT_OVERFLOW',
  )
  assert.deepEqual(bytesOf(state), before)
  assert.deepEqual(spec.result(state), ['a', 'b'])
})

test("parts that hold too much only together: their result is refused under 'fail', in any order of merging, and no longer than it must be", () => {
  const spec = specOf(collecting(5, 'fail'))
  fc.assert(
    fc.property(arriving(fc.integer(), 20), anyWay, (given, way) => {
      const parts = new Map<number, number>()
      given.forEach((_each, i) => parts.set(way.parts[i]!, (parts.get(way.parts[i]!) ?? 0) + 1))
      fc.pre([...parts.values()].every(n => n <= 5)) // a part that is full refuses records
      const state = foldedApart(spec, given, way)
      assert.ok((state as unknown[]).length <= 6, 'what is not shown need not be kept')
      if (given.length > 5)
        assert.equal(
          codeOf(() => spec.result(state)),
          'RESULT_OVERFLOW',
        )
      else
        assert.deepEqual(
          spec.result(state),
          given.map(g => g.value),
        )
    }),
  )
})

test('a refused result is of this window only: its parts go on as they were', () => {
  const spec = specOf(collecting(2, 'fail'))
  const [a, b] = [folded(spec, inOrder(1, 2)), folded(spec, [{ value: 3, at: 3, ordinal: 3 }])]
  assert.equal(
    codeOf(() => spec.result(spec.merge(copyOf(spec, a), b))),
    'RESULT_OVERFLOW',
  )
  assert.deepEqual([spec.result(a), spec.result(b)], [[1, 2], [3]])
})

test('a limit that is no positive whole number, or an unknown word, is no plan', () => {
  for (const atMost of [0, -1, 1.5, NaN, Infinity, '3' as unknown as number])
    assert.equal(
      codeOf(() => collecting(atMost, 'fail')),
      'PLAN_INVALID',
      String(atMost),
    )
  assert.equal(
    codeOf(() => collecting(1, 'drop' as 'fail')),
    'PLAN_INVALID',
  )
})
