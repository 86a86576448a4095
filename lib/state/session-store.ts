// Sessions by key: few per key, in time order, each with bounds that move (S3.5).
import { compareKeys, type Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import { DueHeap } from './due-heap.ts'
import type { StateEntry, Store } from './store.ts'
import type { Undoable } from './undo.ts'
import { ValueReader, writeValue } from './value-codec.ts'

export class Session {
  readonly key: Key
  start = 0
  /** Last event plus gap. */
  end = 0
  /** One state per fold, in the order of the folds. */
  values: unknown[]
  /** Records folded. */
  folded = 0
  /** The revision emitted last under this start, and the end that it had; 0: none was. */
  told = 0
  toldEnd = 0
  /** Starts of sessions of the key that have closed since this one began: it never begins at one of them (S3.5, I10). */
  taken: readonly number[] = []
  changed: 'changed' | 'clean' = 'clean'
  live: 'live' | 'gone' = 'live'
  /** Whether the heap of ends has an entry for it. */
  awaited: 'awaited' | 'not' = 'not'
  /** The key's next session in time. */
  next: Session | null = null
  /** The start under which the ledger knows it. */
  storedStart: number | null = null
  constructor(key: Key, start: number, end: number, values: unknown[]) {
    this.key = key
    this.start = start
    this.end = end
    this.values = values
  }
}

/** What undo puts back of a session. */
type Kept = readonly [session: Session, fields: Pick<Session, 'start' | 'end' | 'values' | 'folded' | 'told' | 'toldEnd'>]

/** Of the time by which a session's end moves on; what ends in one of them is looked at together. */
const SLICES_A_GAP = 16

export class SessionStore implements Store, Undoable {
  readonly name: string
  /** The first session of each key: most have no other. */
  readonly #keys = new Map<Key, Session>()
  readonly #resultOf: (values: unknown[]) => unknown
  readonly #ends: DueHeap<Session>
  /** Null: it is gone, the next is looked for when it is asked for. */
  #latest: number | null = -Infinity
  #changed: Session[] = []
  #live = 0
  /** @param resultOf what people see of a session's values */
  constructor(name: string, gapMs: number, resultOf: (values: unknown[]) => unknown) {
    this.name = name
    this.#ends = new DueHeap(
      s => (s.live === 'live' ? s.end : null),
      s => (s.awaited = 'not'),
      Math.ceil(gapMs / SLICES_A_GAP),
    )
    this.#resultOf = resultOf
  }
  get size(): number {
    return this.#live
  }
  /** The first open session of a key; `next` leads to the others, in time order. They neither touch nor overlap. */
  first(key: Key): Session | null {
    return this.#keys.get(key) ?? null
  }
  *of(key: Key): Iterable<Session> {
    for (let session = this.first(key); session !== null; session = session.next) yield session
  }
  *[Symbol.iterator](): Iterator<Session> {
    for (const first of this.#keys.values())
      for (let session: Session | null = first; session !== null; session = session.next) yield session
  }
  /** Everything that undo needs to bring a key back to what it is now. */
  kept(key: Key, copied: (values: unknown[]) => unknown[]): readonly Kept[] {
    return Array.from(this.of(key), s => [
      s,
      { start: s.start, end: s.end, values: copied(s.values), folded: s.folded, told: s.told, toldEnd: s.toldEnd },
    ])
  }
  add(session: Session): void {
    this.#link(session)
    this.#live++
    if (session.awaited === 'not') {
      session.awaited = 'awaited'
      this.#ends.add(session, session.end)
    }
    this.touch(session)
  }
  /** Its bounds or values were changed: its entry is due. */
  touch(session: Session): void {
    if (session.live === 'live' && this.#latest !== null && session.end > this.#latest) this.#latest = session.end
    if (session.changed === 'changed') return
    session.changed = 'changed'
    this.#changed.push(session)
  }
  remove(session: Session): void {
    this.#unlink(session)
    session.live = 'gone'
    if (--this.#live === 0) this.#latest = -Infinity
    else if (session.end === this.#latest) this.#latest = null
    this.touch(session)
  }
  restore(entry: unknown, old: unknown): void {
    const key = entry as Key
    for (const session of [...this.of(key)]) this.remove(session)
    for (const [session, fields] of old as readonly Kept[]) {
      Object.assign(session, fields)
      session.live = 'live'
      this.add(session)
    }
  }
  /** The earliest end of an open session, Infinity when none is open. What ends after `by` may be told to end earlier, but not by then. */
  earliestEnd(by: number): number {
    return this.#ends.firstAt(by)
  }
  /** The latest end of an open session, −Infinity when none is open. Exact: a drain takes stream time there, and no trace of a refused record may show in it. */
  latestEnd(): number {
    if (this.#latest === null) {
      this.#latest = -Infinity
      for (const { end } of this) if (end > this.#latest) this.#latest = end
    }
    return this.#latest
  }
  /** Removes the sessions that end at `end`, the earliest; in key order. */
  close(end: number): readonly Session[] {
    const closed: Session[] = []
    while (this.earliestEnd(end) === end) {
      const session = this.#ends.first()!
      this.remove(session)
      closed.push(session)
    }
    return closed.sort((a, b) => compareKeys(a.key, b.key))
  }
  /** Deletions come first: a session may now begin where another one did. */
  writeChanges(block: BlockWriter, store: number): void {
    const changed = this.#changed
    this.#changed = []
    for (const session of changed) {
      const { storedStart, live, start, key } = session
      if (storedStart === null || (live === 'live' && storedStart === start)) continue
      this.#writeKey(block, store, storedStart, key)
      block.deleted()
      session.storedStart = null
    }
    for (const session of changed) {
      session.changed = 'clean'
      if (session.live === 'live') this.#writeEntry(block, store, session)
    }
  }
  writeAll(block: BlockWriter, store: number): void {
    for (const session of this) this.#writeEntry(block, store, session)
  }
  load(key: Buffer, value: Buffer | null): void {
    const start = key.readDoubleLE(0)
    const k = new ValueReader(key, 8).read() as Key
    let existing = this.first(k)
    while (existing !== null && existing.start !== start) existing = existing.next
    if (value === null) {
      if (existing === null) return
      this.remove(existing)
      this.#settle(existing)
      return
    }
    const reader = new ValueReader(value)
    const [end, folded, told, toldEnd] = Array.from({ length: 4 }, () => reader.read() as number)
    const taken = reader.read() as readonly number[]
    const session = existing ?? new Session(k, start, end!, [])
    session.end = end!
    session.folded = folded!
    session.told = told!
    session.toldEnd = toldEnd!
    session.taken = taken
    session.values = []
    while (!reader.done) session.values.push(reader.read())
    if (existing === null) this.add(session)
    else this.touch(session)
    this.#settle(session)
    session.storedStart = start
  }
  clear(): void {
    this.#keys.clear()
    this.#ends.clear()
    this.#latest = -Infinity
    this.#changed = []
    this.#live = 0
  }
  *entries(key?: Key): Iterable<StateEntry> {
    for (const { key: k, start, end, values } of key === undefined ? this : this.of(key))
      yield { key: k, window: { start, end }, value: this.#resultOf(values) }
  }
  #link(session: Session): void {
    let before: Session | null = null
    let after = this.first(session.key)
    while (after !== null && after.start < session.start) [before, after] = [after, after.next]
    session.next = after
    if (before === null) this.#keys.set(session.key, session)
    else before.next = session
  }
  #unlink(session: Session): void {
    const { key, next } = session
    let before = this.first(key)!
    if (before === session) {
      if (next === null) this.#keys.delete(key)
      else this.#keys.set(key, next)
    } else {
      while (before.next !== session) before = before.next!
      before.next = next
    }
    session.next = null
  }
  /** What comes from the ledger is no change. */
  #settle(session: Session): void {
    session.changed = 'clean'
    if (this.#changed.at(-1) === session) this.#changed.pop()
  }
  #writeKey(block: BlockWriter, store: number, start: number, key: Key): void {
    block.open(store)
    block.arena.double(start)
    writeValue(block.arena, key)
    block.endKey()
  }
  #writeEntry(block: BlockWriter, store: number, session: Session): void {
    this.#writeKey(block, store, session.start, session.key)
    writeValue(block.arena, session.end)
    writeValue(block.arena, session.folded)
    writeValue(block.arena, session.told)
    writeValue(block.arena, session.toldEnd)
    writeValue(block.arena, session.taken)
    for (const value of session.values) writeValue(block.arena, value)
    block.endValue()
    session.storedStart = session.start
  }
}
