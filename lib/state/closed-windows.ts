// Closed windows that may still be corrected (S3.4): the revision that was emitted last, by window end and key.
import { compareKeys, type Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import type { StateEntry, Store } from './store.ts'
import { readValue, ValueReader, writeValue } from './value-codec.ts'

interface Place {
  readonly end: number
  readonly key: Key
}

export class ClosedWindows implements Store {
  readonly name: string
  readonly #ends = new Map<number, Map<Key, number>>()
  /** By place; the ledger may know it or not: deleting what it does not know does no harm. */
  readonly #changed = new Map<string, Place>()
  #live = 0
  constructor(name: string) {
    this.name = name
  }
  get size(): number {
    return this.#live
  }
  earliestEnd(): number {
    let earliest = Infinity
    for (const end of this.#ends.keys()) if (end < earliest) earliest = end
    return earliest
  }
  latestEnd(): number {
    let latest = -Infinity
    for (const end of this.#ends.keys()) if (end > latest) latest = end
    return latest
  }
  /** The revision emitted last for (key, window); 0 when none was. */
  revision(end: number, key: Key): number {
    return this.#ends.get(end)?.get(key) ?? 0
  }
  emitted(end: number, key: Key, revision: number): void {
    this.#set(end, key, revision)
    this.#changed.set(`${end} ${typeof key} ${key}`, { end, key })
  }
  /** Removes a window: it can be corrected no more. @returns its keys in key order, with their last revisions */
  forget(end: number): readonly (readonly [key: Key, revision: number])[] {
    const keys = [...(this.#ends.get(end) ?? [])].sort(([a], [b]) => compareKeys(a, b))
    for (const [key] of keys) this.#changed.set(`${end} ${typeof key} ${key}`, { end, key })
    this.#ends.delete(end)
    this.#live -= keys.length
    return keys
  }
  writeChanges(block: BlockWriter, store: number): void {
    for (const place of this.#changed.values()) {
      const revision = this.revision(place.end, place.key)
      if (revision > 0) this.#writeEntry(block, store, place, revision)
      else {
        this.#writeKey(block, store, place)
        block.deleted()
      }
    }
    this.#changed.clear()
  }
  writeAll(block: BlockWriter, store: number): void {
    for (const [end, keys] of this.#ends) for (const [key, revision] of keys) this.#writeEntry(block, store, { end, key }, revision)
  }
  load(key: Buffer, value: Buffer | null): void {
    const end = key.readDoubleLE(0)
    const k = new ValueReader(key, 8).read() as Key
    if (value !== null) return this.#set(end, k, readValue(value) as number)
    const keys = this.#ends.get(end)
    if (keys?.delete(k)) this.#live--
    if (keys?.size === 0) this.#ends.delete(end)
  }
  clear(): void {
    this.#ends.clear()
    this.#changed.clear()
    this.#live = 0
  }
  *entries(key?: Key): Iterable<StateEntry> {
    for (const keys of this.#ends.values())
      for (const [k, revision] of keys) if (key === undefined || k === key) yield { key: k, value: { revision } }
  }
  #set(end: number, key: Key, revision: number): void {
    let keys = this.#ends.get(end)
    if (keys === undefined) this.#ends.set(end, (keys = new Map()))
    if (!keys.has(key)) this.#live++
    keys.set(key, revision)
  }
  #writeKey(block: BlockWriter, store: number, { end, key }: Place): void {
    block.open(store)
    block.arena.double(end)
    writeValue(block.arena, key)
    block.endKey()
  }
  #writeEntry(block: BlockWriter, store: number, place: Place, revision: number): void {
    this.#writeKey(block, store, place)
    writeValue(block.arena, revision)
    block.endValue()
  }
}
