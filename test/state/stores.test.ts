import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Arena } from '#lib/model/arena.ts'
import { decimal } from '#lib/model/decimal.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { BLOCK_BYTES, BlockWriter, entriesOf } from '#lib/state/delta.ts'
import { KeyedStore } from '#lib/state/keyed-store.ts'
import type { Store } from '#lib/state/store.ts'
import { UndoLog } from '#lib/state/undo.ts'
import { readValue, writeValue } from '#lib/state/value-codec.ts'
import { PaneStore } from '#lib/state/pane-store.ts'
import { entered, rowsOf } from './pane-rows.ts'

const roundTrip = (value: unknown): unknown => {
  const arena = new Arena(8)
  writeValue(arena, value)
  return readValue(arena.copy())
}
const code = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    return isMillraceError(error) ? error.code : String(error)
  }
  return 'nothing'
}
/** Moves every entry of `from` that changed (or all) into `to`, as recovery does. */
const carry = (from: Store, to: Store, what: 'changes' | 'all' = 'changes'): number => {
  const block = new BlockWriter([from.name])
  if (what === 'changes') from.writeChanges(block, 0, 1)
  else from.writeAll(block, 0)
  let n = 0
  for (const entry of block.take().flatMap(b => [...entriesOf(b)])) {
    n++
    to.load(entry.key, entry.value)
  }
  return n
}

test('S5.4: plain data comes back from its bytes as it was', () => {
  for (const v of [
    null,
    undefined,
    true,
    false,
    0,
    -0,
    1,
    -1,
    127,
    128,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
    2 ** 53,
    0.1,
    NaN,
    Infinity,
    -Infinity,
    0n,
    -5n,
    2n ** 80n,
    '',
    'a\0b',
    'ключ',
    'x'.repeat(200),
    'half of a pair: \ud800',
    '\udc00'.repeat(200),
    new Uint8Array([0, 255]),
    [],
    [1, [2]],
    {},
    { a: { b: [null] } },
  ]) {
    assert.deepEqual(roundTrip(v), v)
  }
  const kept = roundTrip({ money: decimal('-12.3400', 4) }) as { money: { toString(): string } }
  assert.equal(kept.money.toString(), '-12.3400')
  const proto = roundTrip(JSON.parse('{"__proto__": 1}')) as object
  assert.deepEqual(Object.keys(proto), ['__proto__'])
})

test('S5.4: any JSON value comes back from its bytes as it was', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), v => assert.deepEqual(roundTrip(v), v)))
})

test('S5.4: what has behaviour is no state', () => {
  const self: unknown[] = []
  self.push(self)
  for (const v of [new Date(0), new Map(), new Set(), () => 1, Symbol('x'), /x/, self, { deep: new Date(0) }, new (class Odd {})()]) {
    assert.equal(
      code(() => roundTrip(v)),
      'STATE_NOT_PLAIN',
    )
  }
})

test('damaged state bytes are refused, never a wrong value', () => {
  const arena = new Arena(8)
  writeValue(arena, { a: [1, 'two', 3n] })
  const bytes = arena.copy()
  for (let end = 0; end < bytes.length; end++)
    assert.equal(
      code(() => readValue(bytes.subarray(0, end))),
      'LEDGER_CORRUPT',
    )
  assert.equal(
    code(() => [...entriesOf(Buffer.from([9, 0]))]),
    'LEDGER_CORRUPT',
  )
})

test('blocks stay below the size that every broker takes, and hold every entry in order', () => {
  const block = new BlockWriter(['s'])
  for (let i = 0; i < 300; i++) {
    block.open(0)
    writeValue(block.arena, i)
    block.endKey()
    if (i % 3 === 0) block.deleted()
    else {
      writeValue(block.arena, 'v'.repeat(10_000))
      block.endValue()
    }
  }
  const blocks = block.take()
  assert.ok(blocks.length > 1)
  for (const b of blocks) assert.ok(b.length < BLOCK_BYTES + 11_000)
  const entries = blocks.flatMap(b => [...entriesOf(b)])
  assert.deepEqual(
    entries.map(e => readValue(e.key)),
    Array.from({ length: 300 }, (_, i) => i),
  )
  assert.deepEqual(
    entries.map(e => e.value === null),
    Array.from({ length: 300 }, (_, i) => i % 3 === 0),
  )
})

test('a keyed store says what changed once, and a deletion of what the ledger never saw not at all', () => {
  const undo = new UndoLog()
  const store = new KeyedStore<number>('s')
  const copy = new KeyedStore<number>('s')
  store.set('a', 1, 0, undo)
  store.set('a', 2, 0, undo)
  store.set('b', 1, 0, undo)
  store.set('b', undefined, 0, undo)
  assert.equal(carry(store, copy), 1)
  assert.equal(carry(store, copy), 0)
  assert.deepEqual([...copy.entries()], [{ key: 'a', value: 2 }])
  store.set('a', undefined, 0, undo)
  assert.equal(carry(store, copy), 1)
  assert.equal(copy.size, 0)
})

test('S6.1: undo puts a keyed store back, backwards', () => {
  const undo = new UndoLog()
  const store = new KeyedStore<number>('s')
  store.set('a', 1, 5, undo)
  undo.forget()
  store.set('a', 2, 6, undo)
  store.set('a', undefined, 7, undo)
  store.set('b', 9, 7, undo)
  undo.restore()
  assert.deepEqual([...store.entries()], [{ key: 'a', value: 1 }])
  assert.equal(store.size, 1)
})

test('S5.2: an entry is forgotten once stream time passes its time to live, exactly', () => {
  const undo = new UndoLog()
  const store = new KeyedStore<number>('s', 10)
  store.set('a', 1, 100, undo)
  assert.equal(store.get('a', 110), 1)
  assert.equal(store.get('a', 111), undefined)
  store.sweep(111)
  assert.equal(store.size, 0)
})

test('I3: any run of changes, carried in any number of deltas or one snapshot, folds to the same store', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 1, 2),
    value: fc.option(fc.integer(), { nil: undefined }),
    cut: fc.boolean(),
    refuse: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const undo = new UndoLog()
      const store = new KeyedStore<number>('s')
      const copy = new KeyedStore<number>('s')
      const plain = new Map<string | number, number>()
      for (const { key, value, cut, refuse } of steps) {
        store.set(key, value, 0, undo)
        if (refuse) undo.restore()
        else {
          undo.forget()
          if (value === undefined) plain.delete(key)
          else plain.set(key, value)
        }
        if (cut) carry(store, copy)
      }
      carry(store, copy)
      const snapshot = new KeyedStore<number>('s')
      carry(store, snapshot, 'all')
      for (const s of [store, copy, snapshot]) {
        assert.deepEqual(new Map([...s.entries()].map(e => [e.key, e.value])), plain)
        assert.equal(s.size, plain.size)
      }
    }),
  )
})

/** Windows of 10 ms side by side. */
const TENS = { nextEnd: (pane: number, after: number) => (pane + 10 > after ? pane + 10 : Infinity), lastEnd: (pane: number) => pane + 10 }
const panes = () => new PaneStore('w', 1, TENS, () => [])
const valuesIn = (store: PaneStore): unknown[] => rowsOf(store).map(row => row.states[0])

test('a pane store carries its accumulators, and dropping a pane deletes what the ledger knew of it', () => {
  const store = panes()
  const copy = panes()
  const first = store.open(0)
  for (const key of ['b', 'a', 7]) store.touch(first, entered(store, first, key, [key], 3, 2))
  assert.equal(carry(store, copy), 3)
  assert.deepEqual(valuesIn(copy), [7, 'a', 'b'])
  assert.deepEqual(
    rowsOf(copy).map(row => [row.folded, row.told]),
    [
      [3, 2],
      [3, 2],
      [3, 2],
    ],
  )
  assert.deepEqual([copy.earliestEnd(-Infinity), copy.earliestEnd(10), copy.last!.lastEnd], [10, Infinity, 10])
  store.touch(first, entered(store, first, 'c', ['c']))
  store.drop(first)
  assert.equal(store.size, 0)
  assert.equal(carry(store, copy), 3)
  assert.equal(copy.size, 0)
  assert.equal(copy.first, undefined)
})

test('panes stand in the order of time, whatever the order in which they were opened', () => {
  const store = panes()
  for (const start of [30, 0, 20, 10]) entered(store, store.open(start), 'a', [start])
  assert.deepEqual(valuesIn(store), [0, 10, 20, 30])
  assert.deepEqual(
    [...store.between(5, 30)].map(p => p.start),
    [10, 20],
  )
  store.drop(store.pane(10)!)
  assert.deepEqual(valuesIn(store), [0, 20, 30])
  assert.equal(store.earliestEnd(12), 30)
})

test('S6.1: undo of a fold takes a new accumulator away, and its pane with it', () => {
  const store = panes()
  const undo = new UndoLog()
  const pane = store.open(20)
  const row = entered(store, pane, 'a', [1])
  store.touch(pane, row)
  undo.note(store, [pane, row], undefined)
  undo.restore()
  assert.equal(store.size, 0)
  assert.equal(store.pane(20), undefined)
  assert.equal(carry(store, panes()), 0)
})
