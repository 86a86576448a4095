// One value per key, with an optional time to live in event time (S5.2). Entries that the cache holds for certain may leave memory.
import type { Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import { Absent, type Evictable } from './evictable.ts'
import type { StateEntry } from './store.ts'
import type { Undoable, UndoLog } from './undo.ts'
import { ValueReader, readValue, writeValue } from './value-codec.ts'

class Entry<S> {
  readonly key: Key
  /** Undefined: deleted, and kept until the cache has heard of it; or known to be nowhere. */
  value: S | undefined
  /** Stream time of the last change. */
  touched: number
  changed: 'changed' | 'clean' = 'clean'
  /** Whether the ledger knows it. */
  stored: 'stored' | 'new' = 'new'
  /** The last epoch that carries a change of it; 0: none since the task was opened. */
  epoch = 0
  /** 1: used since the hand came by. */
  used: 0 | 1 = 1
  constructor(key: Key, value: S | undefined, touched: number) {
    this.key = key
    this.value = value
    this.touched = touched
  }
}

export class KeyedStore<S> implements Evictable, Undoable {
  readonly name: string
  readonly #ttlMs: number | null
  readonly #entries = new Map<Key, Entry<S>>()
  #changed: Entry<S>[] = []
  /** Entries deleted by an epoch that the cache has not heard of, by epoch. */
  readonly #tombstones = new Map<number, Entry<S>[]>()
  #tombstonesKept: 'no' | 'yes' = 'no'
  #live = 0
  #evicted = 0
  #applied = 0
  #missed: Absent | null = null
  #hand: Iterator<Entry<S>> | null = null
  #sweepAt = -Infinity
  constructor(name: string, ttlMs: number | null = null) {
    this.name = name
    this.#ttlMs = ttlMs
  }
  get size(): number {
    return this.#live
  }
  /** The value of `key` at stream time `now`; undefined when there is none or it has outlived its time. @throws Absent */
  get(key: Key, now: number): S | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) {
      if (this.#evicted > 0) throw this.#absent(key)
      return undefined
    }
    entry.used = 1
    return this.#expired(entry.touched, now) ? undefined : entry.value
  }
  /** Sets or (undefined) deletes the value; the old one goes into `undo`. @throws Absent */
  set(key: Key, value: S | undefined, now: number, undo: UndoLog): void {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      if (this.#evicted > 0) throw this.#absent(key)
      if (value === undefined) return
      entry = new Entry<S>(key, undefined, now)
      this.#entries.set(key, entry)
    }
    undo.note(this, entry, { value: entry.value, touched: entry.touched })
    this.#write(entry, value, now)
  }
  restore(entry: unknown, old: unknown): void {
    const { value, touched } = old as { value: S | undefined; touched: number }
    this.#write(entry as Entry<S>, value, touched)
  }
  /** Removes what has outlived its time; costs one pass now and then, at most eight times per time to live. */
  sweep(now: number): void {
    const ttl = this.#ttlMs
    if (ttl === null || now === -Infinity || now < this.#sweepAt) return
    this.#sweepAt = now + ttl / 8
    for (const entry of this.#entries.values())
      if (entry.value !== undefined && this.#expired(entry.touched, now)) this.#write(entry, undefined, now)
  }
  writeChanges(block: BlockWriter, store: number, epoch: number): void {
    const changed = this.#changed
    const deleted: Entry<S>[] = []
    this.#changed = []
    for (const entry of changed) {
      entry.changed = 'clean'
      if (entry.value !== undefined) this.#writeEntry(block, store, entry)
      else if (entry.stored === 'stored') {
        this.#writeKey(block, store, entry)
        block.deleted()
        entry.stored = 'new'
        deleted.push(entry)
      } else {
        if (entry.epoch <= this.#applied) this.#entries.delete(entry.key) // neither ledger nor cache ever heard of it
        continue
      }
      entry.epoch = epoch
    }
    if (deleted.length > 0) this.#tombstones.set(epoch, deleted)
  }
  writeAll(block: BlockWriter, store: number): void {
    for (const entry of this.#entries.values()) if (entry.value !== undefined) this.#writeEntry(block, store, entry)
  }
  load(key: Buffer, value: Buffer | null): void {
    const k = readValue(key) as Key
    const existing = this.#entries.get(k)
    if (existing?.value !== undefined) this.#live--
    if (value === null) {
      this.#entries.delete(k)
      return
    }
    this.#entries.set(k, this.#read(k, value))
    this.#live++
  }
  loadOld(key: Buffer, value: Buffer | null, migrate: (old: unknown) => unknown): void {
    this.load(key, value)
    const entry = this.#entries.get(readValue(key) as Key)
    if (entry === undefined) return
    const now = migrate(entry.value) ?? undefined
    if (now === undefined) this.load(key, null)
    else entry.value = now as S
  }
  clear(): void {
    this.#entries.clear()
    this.#changed = []
    this.#tombstones.clear()
    this.#live = this.#evicted = this.#applied = 0
    this.#hand = null
    this.#sweepAt = -Infinity
  }
  *entries(key?: Key): Iterable<StateEntry> {
    const found = key === undefined ? this.#entries.values() : [this.#entries.get(key)]
    for (const entry of found) if (entry?.value !== undefined) yield { key: entry.key, value: entry.value }
  }

  get resident(): number {
    return this.#entries.size
  }
  get evicted(): number {
    return this.#evicted
  }
  applied(epoch: number): void {
    this.#applied = epoch
    if (this.#tombstonesKept === 'no') this.#dropTombstones()
  }
  keepTombstones(): () => void {
    this.#tombstonesKept = 'yes'
    return () => {
      this.#tombstonesKept = 'no'
      this.#dropTombstones()
    }
  }
  /** A hand goes round the entries, from where it stands twice at most: what was used since it last came by stays once more. */
  evict(most: number): void {
    for (let looks = 3 * (this.#entries.size + 1); looks > 0 && this.#entries.size > most; looks--) {
      this.#hand ??= this.#entries.values()
      const { value: entry, done } = this.#hand.next()
      if (done === true) this.#hand = null
      else if (entry.changed === 'clean' && entry.epoch <= this.#applied) {
        if (entry.used === 1) entry.used = 0
        else {
          this.#entries.delete(entry.key)
          if (entry.value !== undefined) this.#evicted++
        }
      }
    }
  }
  takeMissed(): Absent | null {
    const missed = this.#missed
    this.#missed = null
    return missed
  }
  lacks(key: Key): boolean {
    return this.#evicted > 0 && !this.#entries.has(key)
  }
  lacksBytes(key: Buffer): boolean {
    return this.lacks(readValue(key) as Key)
  }
  fill(key: Key, value: Buffer | null): void {
    if (this.#entries.has(key)) return
    this.#entries.set(key, value === null ? new Entry<S>(key, undefined, -Infinity) : this.#read(key, value))
    if (value !== null) this.#evicted--
  }
  shown(key: Buffer, value: Buffer): StateEntry {
    const k = readValue(key) as Key
    return { key: k, value: this.#read(k, value).value }
  }
  outlived(value: Buffer, now: number): boolean {
    return this.#ttlMs !== null && this.#expired(new ValueReader(value).read() as number, now)
  }
  sweepSoon(): void {
    this.#sweepAt = -Infinity
  }
  loaded(live: number): void {
    let resident = 0
    for (const entry of this.#entries.values()) if (entry.value !== undefined) resident++
    this.#live = live
    this.#evicted = live - resident
  }

  #dropTombstones(): void {
    for (const [of, deleted] of this.#tombstones) {
      if (of > this.#applied) break
      this.#tombstones.delete(of)
      for (const entry of deleted)
        if (entry.value === undefined && entry.changed === 'clean' && entry.epoch <= this.#applied) this.#entries.delete(entry.key)
    }
  }
  #absent(key: Key): Absent {
    const absent = new Absent(this, key)
    this.#missed ??= absent
    return absent
  }
  #expired(touched: number, now: number): boolean {
    return this.#ttlMs !== null && now > touched + this.#ttlMs
  }
  #read(key: Key, value: Buffer): Entry<S> {
    const reader = new ValueReader(value)
    const entry = new Entry<S>(key, undefined, reader.read() as number)
    entry.value = reader.read() as S
    entry.stored = 'stored'
    return entry
  }
  #write(entry: Entry<S>, value: S | undefined, touched: number): void {
    this.#live += (value === undefined ? 0 : 1) - (entry.value === undefined ? 0 : 1)
    entry.value = value
    entry.touched = touched
    entry.used = 1
    if (entry.changed === 'clean') {
      entry.changed = 'changed'
      this.#changed.push(entry)
    }
  }
  #writeKey(block: BlockWriter, store: number, entry: Entry<S>): void {
    block.open(store)
    writeValue(block.arena, entry.key)
    block.endKey()
  }
  #writeEntry(block: BlockWriter, store: number, entry: Entry<S>): void {
    this.#writeKey(block, store, entry)
    writeValue(block.arena, entry.touched)
    writeValue(block.arena, entry.value)
    block.endValue()
    entry.stored = 'stored'
  }
}
