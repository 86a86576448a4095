// How far windows are closed, and of those that may still be corrected (S3.4) the revision that was emitted last, by window end and key.
import { compareKeys, type Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import type { StateEntry, Store } from './store.ts'
import { readValue, ValueReader, writeValue } from './value-codec.ts'

interface Place {
  readonly end: number
  readonly key: Key
}

/** Where the marks lie among the windows, none of which ends below 0. */
const MARKS: Place = { end: -1, key: '' }

export class ClosedWindows implements Store {
  readonly name: string
  /** Windows that end by then are closed: they had their results, or stream time had passed them before they had a record. Grace may change, this stays. */
  #closedTo = -Infinity
  /** Windows that end by then had their last result. */
  #doneTo = -Infinity
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
  get closedTo(): number {
    return this.#closedTo
  }
  get doneTo(): number {
    return this.#doneTo
  }
  /** Moves the marks on; they never go back. */
  passed(closedTo: number, doneTo: number): void {
    if (closedTo <= this.#closedTo && doneTo <= this.#doneTo) return
    this.#mark(Math.max(closedTo, this.#closedTo), Math.max(doneTo, this.#doneTo))
    this.#changed.set('marks', MARKS)
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
      if (place === MARKS) {
        this.#writeMarks(block, store)
        continue
      }
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
    if (this.#closedTo !== -Infinity) this.#writeMarks(block, store)
    for (const [end, keys] of this.#ends) for (const [key, revision] of keys) this.#writeEntry(block, store, { end, key }, revision)
  }
  load(key: Buffer, value: Buffer | null): void {
    const end = key.readDoubleLE(0)
    const k = new ValueReader(key, 8).read() as Key
    if (end === MARKS.end) {
      const marks = new ValueReader(value!)
      return this.#mark(marks.read() as number, marks.read() as number)
    }
    if (value !== null) return this.#set(end, k, readValue(value) as number)
    const keys = this.#ends.get(end)
    if (keys?.delete(k)) this.#live--
    if (keys?.size === 0) this.#ends.delete(end)
  }
  clear(): void {
    this.#ends.clear()
    this.#changed.clear()
    this.#live = 0
    this.#closedTo = this.#doneTo = -Infinity
  }
  *entries(key?: Key): Iterable<StateEntry> {
    for (const keys of this.#ends.values())
      for (const [k, revision] of keys) if (key === undefined || k === key) yield { key: k, value: { revision } }
  }
  #mark(closedTo: number, doneTo: number): void {
    if (this.#closedTo === -Infinity) this.#live++
    this.#closedTo = closedTo
    this.#doneTo = doneTo
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
  #writeMarks(block: BlockWriter, store: number): void {
    this.#writeKey(block, store, MARKS)
    writeValue(block.arena, this.#closedTo)
    writeValue(block.arena, this.#doneTo)
    block.endValue()
  }
  #writeEntry(block: BlockWriter, store: number, place: Place, revision: number): void {
    this.#writeKey(block, store, place)
    writeValue(block.arena, revision)
    block.endValue()
  }
}
