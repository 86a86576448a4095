// What has been seen: under each key, second values with the time of the first record that had them. Each is forgotten when its time has passed (S5.2).
import type { Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import type { StateEntry, Store } from './store.ts'
import type { Undoable, UndoLog } from './undo.ts'
import { readValue, writeValue } from './value-codec.ts'

class Seen {
  readonly key: Key
  readonly by: Key
  /** Stream time when the first came; null: forgotten, kept only until that is written. */
  at: number | null = null
  changed: 'changed' | 'clean' = 'clean'
  stored: 'stored' | 'new' = 'new'
  constructor(key: Key, by: Key) {
    this.key = key
    this.by = by
  }
}

export class SeenStore implements Store, Undoable {
  readonly name: string
  readonly #withinMs: number
  readonly #keys = new Map<Key, Map<Key, Seen>>()
  #changed: Seen[] = []
  #live = 0
  #sweepAt = -Infinity
  constructor(name: string, withinMs: number) {
    this.name = name
    this.#withinMs = withinMs
  }
  get size(): number {
    return this.#live
  }
  /** Takes note of a record at stream time `now`, unless one like it is remembered. */
  see(key: Key, by: Key, now: number, undo: UndoLog): 'first' | 'again' {
    const seen = this.#entry(key, by)
    if (seen.at !== null && !this.#expired(seen.at, now)) return 'again'
    undo.note(this, seen, seen.at)
    this.#write(seen, now)
    return 'first'
  }
  restore(entry: unknown, old: unknown): void {
    this.#write(entry as Seen, old as number | null)
  }
  /** One pass now and then, at most eight times per time to live. */
  sweep(now: number): void {
    if (now === -Infinity || now < this.#sweepAt) return
    this.#sweepAt = now + this.#withinMs / 8
    for (const of of this.#keys.values())
      for (const seen of of.values()) if (seen.at !== null && this.#expired(seen.at, now)) this.#write(seen, null)
  }
  writeChanges(block: BlockWriter, store: number): void {
    const changed = this.#changed
    this.#changed = []
    for (const seen of changed) {
      seen.changed = 'clean'
      if (seen.at !== null) this.#writeEntry(block, store, seen)
      else {
        this.#remove(seen)
        if (seen.stored === 'new') continue
        this.#writeKey(block, store, seen)
        block.deleted()
      }
    }
  }
  writeAll(block: BlockWriter, store: number): void {
    for (const of of this.#keys.values()) for (const seen of of.values()) if (seen.at !== null) this.#writeEntry(block, store, seen)
  }
  load(key: Buffer, value: Buffer | null): void {
    const [k, by] = readValue(key) as [Key, Key]
    const seen = this.#entry(k, by)
    if (seen.at !== null) this.#live--
    seen.at = value === null ? null : (readValue(value) as number)
    seen.stored = 'stored'
    if (seen.at === null) this.#remove(seen)
    else this.#live++
  }
  clear(): void {
    this.#keys.clear()
    this.#changed = []
    this.#live = 0
    this.#sweepAt = -Infinity
  }
  *entries(key?: Key): Iterable<StateEntry> {
    const found = key === undefined ? this.#keys.values() : [this.#keys.get(key)]
    for (const of of found) for (const { key: k, by, at } of of?.values() ?? []) if (at !== null) yield { key: k, value: { by, at } }
  }
  #expired(at: number, now: number): boolean {
    return now > at + this.#withinMs
  }
  #entry(key: Key, by: Key): Seen {
    let of = this.#keys.get(key)
    if (of === undefined) this.#keys.set(key, (of = new Map()))
    let seen = of.get(by)
    if (seen === undefined) of.set(by, (seen = new Seen(key, by)))
    return seen
  }
  #remove(seen: Seen): void {
    const of = this.#keys.get(seen.key)
    if (of?.get(seen.by) !== seen) return
    of.delete(seen.by)
    if (of.size === 0) this.#keys.delete(seen.key)
  }
  #write(seen: Seen, at: number | null): void {
    this.#live += (at === null ? 0 : 1) - (seen.at === null ? 0 : 1)
    seen.at = at
    if (seen.changed === 'clean') {
      seen.changed = 'changed'
      this.#changed.push(seen)
    }
  }
  #writeKey(block: BlockWriter, store: number, { key, by }: Seen): void {
    block.open(store)
    writeValue(block.arena, [key, by])
    block.endKey()
  }
  #writeEntry(block: BlockWriter, store: number, seen: Seen): void {
    this.#writeKey(block, store, seen)
    writeValue(block.arena, seen.at)
    block.endValue()
    seen.stored = 'stored'
  }
}
