// What windows keep, against plain lists: whatever is done, refused or carried to another process, both hold the same (I3, S6.1).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ClosedWindows } from '#lib/state/closed-windows.ts'
import { DueHeap } from '#lib/state/due-heap.ts'
import { BlockWriter, entriesOf } from '#lib/state/delta.ts'
import { PaneStore } from '#lib/state/pane-store.ts'
import { Session, SessionStore } from '#lib/state/session-store.ts'
import type { Store } from '#lib/state/store.ts'
import { UndoLog } from '#lib/state/undo.ts'
import { entered, rowsOf, statesOf } from './pane-rows.ts'

/** Moves every entry of `from` that changed (or all) into `to`, as recovery does. */
function carry(from: Store, to: Store, what: 'changes' | 'all'): void {
  const block = new BlockWriter([from.name])
  if (what === 'changes') from.writeChanges(block, 0, 1)
  else from.writeAll(block, 0)
  for (const entry of block.take().flatMap(b => [...entriesOf(b)])) to.load(entry.key, entry.value)
}
const keys = fc.constantFrom('a', 'b', 7)
const outcomes = fc.constantFrom('taken' as const, 'taken' as const, 'refused' as const)

test('I3, S6.1: sessions that begin, grow, move, merge, close and are refused', () => {
  interface Kept {
    readonly key: string | number
    readonly start: number
    readonly end: number
    readonly values: readonly unknown[]
  }
  const step = fc.record({
    what: fc.constantFrom('begin', 'grow', 'move', 'remove', 'close', 'carry'),
    key: keys,
    start: fc.integer({ min: 0, max: 60 }),
    by: fc.integer({ min: 1, max: 20 }),
    outcome: outcomes,
  })
  const shown = (store: SessionStore): readonly Kept[] =>
    [...store].map(({ key, start, end, values }) => ({ key, start, end, values: [...values] }))
  const sorted = (sessions: readonly Kept[]): readonly string[] =>
    sessions.map(s => JSON.stringify([s.key, s.start, s.end, s.values])).sort()
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const undo = new UndoLog()
      const [store, copy] = [new SessionStore('s', 20, v => v), new SessionStore('s', 20, v => v)]
      let plain: readonly Kept[] = []
      for (const { what, key, start, by, outcome } of steps) {
        if (what === 'carry') {
          carry(store, copy, 'changes')
          continue
        }
        if (what === 'close') {
          const end = Math.min(Infinity, ...plain.map(s => s.end))
          assert.equal(store.earliestEnd(Infinity), end)
          if (end === Infinity) continue
          assert.deepEqual(sorted(store.close(end)), sorted(plain.filter(s => s.end === end)))
          plain = plain.filter(s => s.end !== end)
          continue
        }
        const before = plain
        undo.note(
          store,
          key,
          store.kept(key, v => [...v]),
        )
        const open = [...store.of(key)]
        const one = open[by % Math.max(1, open.length)]
        const others = plain.filter(s => s.key !== key || s.start !== one?.start)
        if (what === 'begin' && !plain.some(s => s.key === key && s.start === start)) {
          const session = new Session(key, start, start + by, [start])
          store.add(session)
          plain = [...plain, { key, start, end: start + by, values: [start] }]
        } else if (one !== undefined && what === 'grow') {
          one.end += by
          one.values = [...one.values, by]
          store.touch(one)
          plain = [...others, { key, start: one.start, end: one.end, values: one.values }]
        } else if (one !== undefined && what === 'move' && !others.some(s => s.key === key && s.start === one.start - by)) {
          one.start -= by
          store.touch(one)
          plain = [...others, { key, start: one.start, end: one.end, values: one.values }]
        } else if (one !== undefined && what === 'remove') {
          store.remove(one)
          plain = others
        }
        if (outcome === 'refused') {
          undo.restore()
          plain = before
        } else undo.forget()
        assert.equal(store.size, plain.length)
        assert.equal(store.latestEnd(), Math.max(-Infinity, ...plain.map(s => s.end)))
      }
      carry(store, copy, 'changes')
      const snapshot = new SessionStore('s', 20, v => v)
      carry(store, snapshot, 'all')
      for (const s of [store, copy, snapshot]) {
        assert.deepEqual(sorted(shown(s)), sorted(plain))
        assert.equal(s.earliestEnd(Infinity), Math.min(Infinity, ...plain.map(x => x.end)))
        assert.equal(s.latestEnd(), Math.max(-Infinity, ...plain.map(x => x.end)))
      }
      assert.equal(copy.size, plain.length)
    }),
    { numRuns: 1_000 },
  )
})

/** Windows of 20 that start every 10, over panes of 10. */
const ENDS = {
  nextEnd: (pane: number, after: number): number => [pane + 10, pane + 20].find(end => end > after) ?? Infinity,
  lastEnd: (pane: number): number => pane + 20,
}
test('I3, S6.1: panes that are folded into, dropped and refused', () => {
  const step = fc.record({
    what: fc.constantFrom('fold', 'fold', 'fold', 'drop', 'carry'),
    key: keys,
    pane: fc.integer({ min: 0, max: 5 }).map(n => n * 10),
    outcome: outcomes,
  })
  const shown = (store: PaneStore): readonly string[] =>
    rowsOf(store)
      .map(row => `${row.start} ${row.key} ${row.folded} ${String(row.states)}`)
      .sort()
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const undo = new UndoLog()
      const empty = (): PaneStore => new PaneStore('w', 1, ENDS, () => [])
      const [store, copy] = [empty(), empty()]
      const plain = new Map<string, number>()
      for (const { what, key, pane: start, outcome } of steps) {
        if (what === 'carry') carry(store, copy, 'changes')
        else if (what === 'drop') {
          const { first } = store
          if (first === undefined) continue
          store.drop(first)
          for (const id of [...plain.keys()]) if (id.startsWith(`${first.start} `)) plain.delete(id)
        } else {
          const pane = store.pane(start) ?? store.open(start)
          const before = pane.find(store.keys.of(key))
          const row = before < 0 ? entered(store, pane, key, [0], 0) : before
          undo.note(store, [pane, row], before < 0 ? undefined : statesOf(pane, row))
          pane.page(row)[pane.at(row)] = (statesOf(pane, row)[0] as number) + 1
          pane.setCounts(row, pane.folded(row) + 1, 0)
          store.touch(pane, row)
          if (outcome === 'refused') undo.restore()
          else {
            undo.forget()
            plain.set(`${start} ${key}`, (plain.get(`${start} ${key}`) ?? 0) + 1)
          }
        }
        assert.equal(store.size, plain.size)
      }
      carry(store, copy, 'changes')
      const snapshot = empty()
      carry(store, snapshot, 'all')
      const panes = [...new Set([...plain.keys()].map(id => Number(id.split(' ')[0])))].sort((a, b) => a - b)
      for (const s of [store, copy, snapshot]) {
        assert.deepEqual(shown(s), [...plain].map(([id, n]) => `${id} ${n} ${n}`).sort())
        assert.deepEqual(
          [...s].map(p => p.start),
          panes,
        )
        for (let after = -5; after < 80; after += 5)
          assert.equal(s.earliestEnd(after), Math.min(Infinity, ...panes.map(p => ENDS.nextEnd(p, after))))
      }
    }),
    { numRuns: 1_000 },
  )
})

test('I3: closed windows and their last revisions', () => {
  const step = fc.record({
    what: fc.constantFrom('emitted', 'emitted', 'forget', 'passed', 'carry'),
    key: keys,
    end: fc.integer({ min: 1, max: 6 }),
    revision: fc.integer({ min: 1, max: 9 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const [store, copy] = [new ClosedWindows('w'), new ClosedWindows('w')]
      const plain = new Map<string, number>()
      let [closedTo, doneTo] = [-Infinity, -Infinity]
      for (const { what, key, end, revision } of steps) {
        if (what === 'carry') carry(store, copy, 'changes')
        else if (what === 'passed') {
          store.passed(end, end - revision)
          closedTo = Math.max(closedTo, end)
          doneTo = Math.max(doneTo, end - revision)
        } else if (what === 'forget') {
          const forgotten = store.forget(end).map(([k, r]) => `${end} ${k} ${r}`)
          assert.deepEqual(
            forgotten.toSorted(),
            [...plain]
              .filter(([id]) => id.startsWith(`${end} `))
              .map(([id, r]) => `${id} ${r}`)
              .sort(),
          )
          for (const id of [...plain.keys()]) if (id.startsWith(`${end} `)) plain.delete(id)
        } else {
          store.emitted(end, key, revision)
          plain.set(`${end} ${key}`, revision)
        }
        assert.equal(store.size, plain.size + (closedTo === -Infinity ? 0 : 1))
      }
      carry(store, copy, 'changes')
      const snapshot = new ClosedWindows('w')
      carry(store, snapshot, 'all')
      const ends = [...plain.keys()].map(id => Number(id.split(' ')[0]))
      for (const s of [store, copy, snapshot]) {
        for (const key of ['a', 'b', 7])
          for (let end = 1; end <= 6; end++) assert.equal(s.revision(end, key), plain.get(`${end} ${key}`) ?? 0)
        assert.deepEqual([s.closedTo, s.doneTo], [closedTo, doneTo])
        assert.deepEqual(
          [s.size - (closedTo === -Infinity ? 0 : 1), s.earliestEnd(), s.latestEnd()],
          [plain.size, Math.min(Infinity, ...ends), Math.max(-Infinity, ...ends)],
        )
      }
    }),
    { numRuns: 1_000 },
  )
})

test('a heap of what is due gives the first that is still waited for, also when items became due later or left', () => {
  interface Item {
    due: number | null
  }
  const step = fc.record({
    what: fc.constantFrom('add', 'later', 'leave', 'first'),
    which: fc.nat({ max: 30 }),
    by: fc.integer({ min: 0, max: 30 }),
  })
  const slices = fc.constantFrom(1, 7, Infinity)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), slices, (steps, sliceMs) => {
      const items: Item[] = []
      const left: Item[] = []
      const heap = new DueHeap<Item>(
        item => item.due,
        item => left.push(item),
        sliceMs,
      )
      for (const { what, which, by } of steps) {
        const item = items[which % Math.max(1, items.length)]
        if (what === 'add') {
          const added = { due: by }
          items.push(added)
          heap.add(added, by)
        } else if (what === 'later' && item !== undefined && item.due !== null) item.due += by
        else if (what === 'leave' && item !== undefined) item.due = null
        else {
          const first = Math.min(Infinity, ...items.map(i => i.due ?? Infinity))
          const told = heap.firstAt(by)
          assert.ok(first <= by ? told === first : by < told && told <= first, `${told} is told by ${by}, first is ${first}`)
          if (which % 2 === 0) continue
          assert.equal(heap.firstAt(Infinity), first)
          assert.equal(heap.first()?.due ?? Infinity, first)
        }
      }
      heap.firstAt(Infinity)
      assert.ok(left.every(item => item.due === null))
      assert.equal(new Set(left).size, left.length)
    }),
    { numRuns: 1_000 },
  )
})
