import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BlockWriter, entriesOf } from '#lib/state/delta.ts'
import { SeenStore } from '#lib/state/seen-store.ts'
import { UndoLog } from '#lib/state/undo.ts'

const WITHIN = 10
const entries = (store: SeenStore): readonly unknown[] => [...store.entries()].map(x => JSON.stringify(x)).sort()
/** Moves what changed (or all) into another store, as recovery does. */
const carry = (from: SeenStore, to: SeenStore, what: 'changes' | 'all'): void => {
  const block = new BlockWriter([from.name])
  if (what === 'changes') from.writeChanges(block, 0)
  else from.writeAll(block, 0)
  for (const entry of block.take().flatMap(b => [...entriesOf(b)])) to.load(entry.key, entry.value)
}

test('I3: a store that follows the changes, or takes all of it, holds what the first one holds, whatever is seen, refused and forgotten', () => {
  const seeing = fc.record({
    key: fc.constantFrom('a', 'b', 1),
    by: fc.constantFrom('x', 'y', 0),
    after: fc.integer({ min: 0, max: 7 }),
    then: fc.constantFrom('taken', 'refused', 'epoch', 'swept'),
  })
  fc.assert(
    fc.property(fc.array(seeing, { maxLength: 60 }), steps => {
      const [store, behind, undo] = [new SeenStore('s', WITHIN), new SeenStore('s', WITHIN), new UndoLog()]
      const model = new Map<string, number>()
      let now = 0
      for (const { key, by, after, then } of steps) {
        now += after
        const id = JSON.stringify([key, by])
        const at = model.get(id)
        const expected = at !== undefined && now <= at + WITHIN ? 'again' : 'first'
        assert.equal(store.see(key, by, now, undo), expected)
        if (then === 'refused') undo.restore()
        else {
          undo.forget()
          if (expected === 'first') model.set(id, now)
        }
        if (then === 'swept') store.sweep(now)
        if (then === 'epoch') carry(store, behind, 'changes')
      }
      carry(store, behind, 'changes')
      assert.deepEqual(entries(behind), entries(store))
      assert.equal(behind.size, store.size)
      const whole = new SeenStore('s', WITHIN)
      carry(store, whole, 'all')
      assert.deepEqual(entries(whole), entries(store))
    }),
    { numRuns: 500 },
  )
})

test('what was forgotten by a sweep is written as a deletion once, and leaves memory', () => {
  const [store, undo] = [new SeenStore('s', WITHIN), new UndoLog()]
  for (const by of ['x', 'y']) store.see('a', by, 0, undo)
  store.writeChanges(new BlockWriter(['s']), 0)
  store.see('a', 'z', WITHIN + 1, undo)
  store.sweep(WITHIN + 1)
  assert.equal(store.size, 1)
  const block = new BlockWriter(['s'])
  store.writeChanges(block, 0)
  const written = block.take().flatMap(b => [...entriesOf(b)])
  assert.deepEqual(
    written.map(w => w.value === null),
    [false, true, true],
  )
  assert.deepEqual(
    [...store.entries('a')].map(x => x.value),
    [{ by: 'z', at: WITHIN + 1 }],
  )
  assert.deepEqual([...store.entries('b')], [])
})
