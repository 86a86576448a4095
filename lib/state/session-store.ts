// Sessions by key: few per key, in time order, each with bounds that move (S3.5).
import { compareKeys, type Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import { DueHeap } from './due-heap.ts'
import type { StateEntry, Store } from './store.ts'
import type { Undoable } from './undo.ts'
import { ValueReader, writeValue } from './value-codec.ts'

export class Session {
  readonly key: Key
  start: number
  /** Last event plus gap. */
  end: number
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

export class SessionStore implements Store, Undoable {
  readonly name: string
  readonly #keys = new Map<Key, readonly Session[]>()
  readonly #resultOf: (values: readonly unknown[]) => unknown
  readonly #ends = new DueHeap<Session>(
    s => (s.live === 'live' ? s.end : null),
    s => (s.awaited = 'not'),
  )
  /** Null: it is gone, the next is looked for when it is asked for. */
  #latest: number | null = -Infinity
  #changed: Session[] = []
  #live = 0
  /** @param resultOf what people see of a session's values */
  constructor(name: string, resultOf: (values: readonly unknown[]) => unknown) {
    this.name = name
    this.#resultOf = resultOf
  }
  get size(): number {
    return this.#live
  }
  /** The open sessions of a key, in time order; they neither touch nor overlap. */
  of(key: Key): readonly Session[] | undefined {
    return this.#keys.get(key)
  }
  *[Symbol.iterator](): Iterator<Session> {
    for (const sessions of this.#keys.values()) yield* sessions
  }
  /** Everything that undo needs to bring a key back to what it is now. */
  kept(key: Key, copied: (values: readonly unknown[]) => unknown[]): readonly Kept[] {
    return (this.#keys.get(key) ?? []).map(s => [
      s,
      { start: s.start, end: s.end, values: copied(s.values), folded: s.folded, told: s.told, toldEnd: s.toldEnd },
    ])
  }
  add(session: Session): void {
    const others = this.#keys.get(session.key)
    this.#keys.set(session.key, others === undefined ? [session] : [...others, session].sort((a, b) => a.start - b.start))
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
    const left = this.#keys.get(session.key)!.filter(s => s !== session)
    if (left.length === 0) this.#keys.delete(session.key)
    else this.#keys.set(session.key, left)
    session.live = 'gone'
    if (--this.#live === 0) this.#latest = -Infinity
    else if (session.end === this.#latest) this.#latest = null
    this.touch(session)
  }
  restore(entry: unknown, old: unknown): void {
    const key = entry as Key
    for (const session of this.#keys.get(key) ?? []) this.remove(session)
    for (const [session, fields] of old as readonly Kept[]) {
      Object.assign(session, fields)
      session.live = 'live'
      this.add(session)
    }
  }
  /** The earliest end of an open session, Infinity when none is open. */
  earliestEnd(): number {
    return this.#ends.firstAt()
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
    while (this.earliestEnd() === end) {
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
    for (const sessions of this.#keys.values()) for (const session of sessions) this.#writeEntry(block, store, session)
  }
  load(key: Buffer, value: Buffer | null): void {
    const start = key.readDoubleLE(0)
    const k = new ValueReader(key, 8).read() as Key
    const existing = this.#keys.get(k)?.find(s => s.start === start)
    if (value === null) {
      if (existing === undefined) return
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
    if (existing === undefined) this.add(session)
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
    const found = key === undefined ? this.#keys.values() : [this.#keys.get(key) ?? []]
    for (const sessions of found)
      for (const { key: k, start, end, values } of sessions) yield { key: k, window: { start, end }, value: this.#resultOf(values) }
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
