import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareKeys, type Key } from '#lib/model/key.ts'
import { IdSet } from '#lib/state/id-set.ts'
import { KeyIds } from '#lib/state/key-ids.ts'

const key: fc.Arbitrary<Key> = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'aa', 'é', '10', '9', ''),
  fc.integer({ min: -3, max: 12 }),
  fc.string({ maxLength: 2 }),
  fc.integer({ min: 100, max: 400 }),
)

test('S3.9: the ids of any keys come in key order, whatever keys came before, and are theirs as long as something holds them', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ keys: fc.uniqueArray(key, { maxLength: 120 }), sweeps: fc.boolean() }), { maxLength: 8 }), rounds => {
      const keys = new KeyIds()
      let before: readonly number[] = []
      for (const { keys: round, sweeps } of rounds) {
        const set = new IdSet()
        for (const k of round) {
          const known = keys.of(k)
          const id = known < 0 ? keys.add(k) : known
          keys.hold(id)
          set.add(id)
        }
        for (const id of before) keys.release(id)
        before = [...set.ids]
        if (sweeps) keys.sweep()
        assert.deepEqual(
          round.map(k => keys.keyOf(keys.of(k))),
          round,
        )
        assert.deepEqual(
          keys.placesInOrder(set).map(place => keys.keyOf(set.ids[place]!)),
          [...round].sort(compareKeys),
        )
      }
    }),
  )
})

test('keys that nothing holds are forgotten once they are most', () => {
  const keys = new KeyIds()
  const held = keys.add('held')
  keys.hold(held)
  for (let i = 0; i < 1_000; i++) {
    const id = keys.add(i)
    keys.hold(id)
    keys.release(id)
    keys.sweep()
  }
  assert.equal(keys.of('held'), held)
  assert.ok(keys.size < 200, `${keys.size} keys are known`)
})

test('a set of ids finds what was added and not removed, in its place', () => {
  const step = fc.record({ what: fc.constantFrom('add', 'add', 'remove'), id: fc.nat({ max: 200 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat({ max: 40 }), (steps, expected) => {
      const set = new IdSet(expected)
      const plain: number[] = []
      for (const { what, id } of steps) {
        const place = plain.indexOf(id)
        assert.equal(set.find(id), place)
        if (what === 'add' && place < 0) assert.equal(set.add(id), plain.push(id) - 1)
        else if (what === 'remove' && place >= 0) {
          set.remove(place)
          const last = plain.pop()!
          if (place < plain.length) plain[place] = last
        }
        assert.deepEqual(set.ids, plain)
      }
      for (let id = 0; id <= 200; id++) assert.equal(set.find(id), plain.indexOf(id))
    }),
    { numRuns: 500 },
  )
})
