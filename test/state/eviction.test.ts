// Entries that leave memory and come back: a store beside a ledger and a cache that follows it, against a plain map.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Arena } from '#lib/model/arena.ts'
import type { Key } from '#lib/model/key.ts'
import { BlockWriter, entriesOf } from '#lib/state/delta.ts'
import { Absent } from '#lib/state/evictable.ts'
import { KeyedStore } from '#lib/state/keyed-store.ts'
import { UndoLog } from '#lib/state/undo.ts'
import { writeValue } from '#lib/state/value-codec.ts'

/** A store whose epochs are acknowledged at once, and applied when the test says so. */
class Kept {
  readonly store = new KeyedStore<number>('s')
  readonly cache = new Map<string, Buffer>()
  readonly undo = new UndoLog()
  readonly #block = new BlockWriter(['s'])
  readonly #waiting: Buffer[][] = []
  #epoch = 0
  seal(): void {
    this.store.writeChanges(this.#block, 0, ++this.#epoch)
    this.#waiting.push([...this.#block.take()])
  }
  /** Everything that was sealed before the last `behind` epochs reaches the cache. */
  apply(behind: number): void {
    while (this.#waiting.length > behind) {
      for (const entry of this.#waiting.shift()!.flatMap(b => [...entriesOf(b)])) {
        const key = entry.key.toString('latin1')
        if (entry.value === null) this.cache.delete(key)
        else this.cache.set(key, Buffer.from(entry.value))
      }
    }
    this.store.applied(this.#epoch - this.#waiting.length)
  }
  /** What the store gives, with what it lacks read back from the cache. */
  asked<R>(ask: () => R): R {
    for (;;) {
      try {
        return ask()
      } catch (error) {
        if (!(error instanceof Absent)) throw error
        assert.equal(this.store.takeMissed(), error)
        this.store.fill(error.key, this.cache.get(keyText(error.key)) ?? null)
      }
    }
  }
}
const keyText = (key: Key): string => {
  const arena = new Arena(16)
  writeValue(arena, key)
  return arena.copy().toString('latin1')
}

const KEYS = ['a', 'b', 'c', 'd', 1, 2] as const
const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant('set' as const), key: fc.constantFrom(...KEYS), value: fc.integer({ min: 0, max: 9 }) }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('forget' as const), key: fc.constantFrom(...KEYS) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('refuse' as const),
      key: fc.constantFrom(...KEYS),
      value: fc.option(fc.integer(), { nil: undefined }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ act: fc.constant('seal' as const) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('apply' as const), behind: fc.integer({ min: 0, max: 2 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('turn' as const),
      behind: fc.integer({ min: 0, max: 2 }),
      most: fc.integer({ min: 0, max: 3 }),
    }),
  },
)

test('E2: whatever is sealed, applied and let go in whichever order, a key reads as if everything were in memory', () => {
  let left = 0
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120, size: 'max' }), acts => {
      const kept = new Kept()
      const { store, undo } = kept
      const plain = new Map<Key, number>()
      for (const a of acts) {
        if (a.act === 'set' || a.act === 'forget') {
          const value = a.act === 'set' ? a.value : undefined
          kept.asked(() => store.set(a.key, value, 0, undo))
          undo.forget()
          if (value === undefined) plain.delete(a.key)
          else plain.set(a.key, value)
        } else if (a.act === 'refuse') {
          kept.asked(() => store.set(a.key, a.value, 0, undo))
          undo.restore()
        } else if (a.act === 'seal') kept.seal()
        else if (a.act === 'apply') kept.apply(a.behind)
        else {
          kept.seal() // between turns nothing is unsealed
          kept.apply(a.behind)
          store.evict(a.most)
          left += store.evicted
        }
        assert.equal(store.size, plain.size)
      }
      for (const key of KEYS)
        assert.equal(
          kept.asked(() => store.get(key, 0)),
          plain.get(key),
          `key ${key}`,
        )
      kept.seal()
      kept.apply(0)
      assert.equal(kept.cache.size, plain.size)
    }),
    { numRuns: 500 },
  )
  assert.ok(left > 500, `only ${left} entries ever left memory`)
})

test('E2: a changed entry stays until its epoch was applied, a deleted one as a tombstone; what was used lately stays longer', () => {
  const kept = new Kept()
  const { store, undo } = kept
  for (const key of ['a', 'b', 'c']) store.set(key, 1, 0, undo)
  kept.seal()
  store.evict(0)
  assert.deepEqual([store.resident, store.evicted], [3, 0], 'nothing was applied')
  store.set('a', undefined, 0, undo)
  kept.seal()
  kept.apply(1)
  store.evict(0)
  assert.deepEqual([store.resident, store.evicted], [1, 2], 'the cache still has what was deleted')
  assert.equal(store.get('a', 0), undefined)
  kept.apply(0)
  assert.equal(store.resident, 0)
  for (const key of ['a', 'b', 'c']) assert.ok(store.lacks(key))
  kept.asked(() => store.get('b', 0))
  kept.asked(() => store.get('c', 0))
  store.evict(1)
  store.evict(1)
  kept.asked(() => store.get('c', 0))
  assert.equal(store.resident, 1)
})

test('E2: while a snapshot reads the cache, a tombstone stays though the cache has heard of it: an answer on its way may be older', () => {
  const kept = new Kept()
  const { store, undo } = kept
  for (const key of ['a', 'b']) store.set(key, 1, 0, undo)
  kept.seal()
  kept.apply(0)
  store.evict(0)
  kept.asked(() => store.set('a', undefined, 0, undo))
  kept.seal()
  const release = store.keepTombstones() // the cache is asked now, and still holds 'a'
  kept.apply(0)
  assert.deepEqual([store.lacks('a'), store.lacks('b')], [false, true], "'a' is no entry that has left memory")
  release()
  assert.equal(store.lacks('a'), true)
  assert.equal(
    kept.asked(() => store.get('a', 0)),
    undefined,
  )
})

test('E2: under its bound a store asks for nothing, whatever it does not hold', () => {
  const { store } = new Kept()
  assert.equal(store.get('nobody', 0), undefined)
  assert.equal(store.lacks('nobody'), false)
})
