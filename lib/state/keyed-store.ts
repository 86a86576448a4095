// One value per key, with an optional time to live in event time (S5.2).
import type { Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import type { StateEntry, Store } from './store.ts'
import type { Undoable, UndoLog } from './undo.ts'
import { ValueReader, readValue, writeValue } from './value-codec.ts'

class Entry<S> {
  readonly key: Key
  /** Undefined: deleted, kept only until the deletion is written. */
  value: S | undefined
  /** Stream time of the last change. */
  touched: number
  changed: 'changed' | 'clean' = 'clean'
  stored: 'stored' | 'new' = 'new'
  constructor(key: Key, value: S | undefined, touched: number) {
    this.key = key
    this.value = value
    this.touched = touched
  }
}

export class KeyedStore<S> implements Store, Undoable {
  readonly name: string
  readonly #ttlMs: number | null
  readonly #entries = new Map<Key, Entry<S>>()
  #changed: Entry<S>[] = []
  #live = 0
  #sweepAt = -Infinity
  constructor(name: string, ttlMs: number | null = null) {
    this.name = name
    this.#ttlMs = ttlMs
  }
  get size(): number {
    return this.#live
  }
  /** The value of `key` at stream time `now`; undefined when there is none or it has outlived its time. */
  get(key: Key, now: number): S | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || this.#expired(entry, now)) return undefined
    return entry.value
  }
  /** Sets or (undefined) deletes the value; the old one goes into `undo`. */
  set(key: Key, value: S | undefined, now: number, undo: UndoLog): void {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
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
      if (entry.value !== undefined && this.#expired(entry, now)) this.#write(entry, undefined, now)
  }
  writeChanges(block: BlockWriter, store: number): void {
    const changed = this.#changed
    this.#changed = []
    for (const entry of changed) {
      entry.changed = 'clean'
      if (entry.value === undefined) {
        if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key)
        if (entry.stored === 'new') continue
        this.#writeKey(block, store, entry)
        block.deleted()
      } else this.#writeEntry(block, store, entry)
    }
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
    const reader = new ValueReader(value)
    const entry = new Entry<S>(k, undefined, reader.read() as number)
    entry.value = reader.read() as S
    entry.stored = 'stored'
    this.#entries.set(k, entry)
    this.#live++
  }
  clear(): void {
    this.#entries.clear()
    this.#changed = []
    this.#live = 0
    this.#sweepAt = -Infinity
  }
  *entries(key?: Key): Iterable<StateEntry> {
    const found = key === undefined ? this.#entries.values() : [this.#entries.get(key)]
    for (const entry of found) if (entry?.value !== undefined) yield { key: entry.key, value: entry.value }
  }
  #expired(entry: Entry<S>, now: number): boolean {
    return this.#ttlMs !== null && now > entry.touched + this.#ttlMs
  }
  #write(entry: Entry<S>, value: S | undefined, touched: number): void {
    this.#live += (value === undefined ? 0 : 1) - (entry.value === undefined ? 0 : 1)
    entry.value = value
    entry.touched = touched
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
