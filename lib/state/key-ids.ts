// Keys as small whole numbers, so that what is kept by key again and again is found by a number, and the order of keys (S3.9) is remembered instead of sorted
// anew: from one window to the next most keys are the same (0.04 µs a key instead of 0.26).
import { compareKeys, type Key } from '../model/key.ts'
import type { IdSet } from './id-set.ts'

/** Sets that hold less than this share of all keys are sorted by themselves. */
const OWN_ORDER_SHARE = 0.25
/** So many keys that nothing holds are not worth a sweep. */
const IDLE_KEYS = 64

export class KeyIds {
  readonly #ids = new Map<Key, number>()
  /** By id. */
  readonly #keys: Key[] = []
  readonly #holders: number[] = []
  #free: number[] = []
  /** Keys that nothing holds: kept for a while, because they often come again. */
  #idle = 0
  /** Ids in the order of their keys, and those of keys that came since. */
  #ordered: number[] = []
  #unordered: number[] = []

  /** Known keys. */
  get size(): number {
    return this.#ids.size
  }
  /** −1 when nothing is known of the key. */
  of(key: Key): number {
    return this.#ids.get(key) ?? -1
  }
  keyOf(id: number): Key {
    return this.#keys[id]!
  }
  /** Takes a key that is not known. @returns its id, which is to be held */
  add(key: Key): number {
    const id = this.#free.pop() ?? this.#keys.length
    this.#ids.set(key, id)
    this.#keys[id] = key
    this.#holders[id] = 0
    this.#idle++
    this.#unordered.push(id)
    return id
  }
  /** One more holds the key: its id stays its own. */
  hold(id: number): void {
    if (this.#holders[id]!++ === 0) this.#idle--
  }
  /** One less holds it. */
  release(id: number): void {
    if (--this.#holders[id]! === 0) this.#idle++
  }
  /** Forgets keys that nothing holds, once most are such. */
  sweep(): void {
    if (this.#idle < IDLE_KEYS || this.#idle * 2 < this.#ids.size) return
    const held = (id: number): boolean => this.#holders[id]! > 0
    this.#ordered = this.#ordered.filter(held)
    this.#unordered = this.#unordered.filter(held)
    for (const [key, id] of this.#ids) {
      if (held(id)) continue
      this.#ids.delete(key)
      this.#keys[id] = ''
      this.#free.push(id)
    }
    this.#idle = 0
  }
  /** The places of a set's ids in the order of their keys. */
  placesInOrder(set: IdSet): readonly number[] {
    const { ids } = set
    const keys = this.#keys
    if (set.size < this.#ids.size * OWN_ORDER_SHARE)
      return Array.from(ids, (_, place) => place).sort((a, b) => compareKeys(keys[ids[a]!]!, keys[ids[b]!]!))
    if (this.#unordered.length > 0) this.#order()
    const places: number[] = []
    for (const id of this.#ordered) {
      const place = set.find(id)
      if (place >= 0) places.push(place)
    }
    return places
  }
  clear(): void {
    this.#ids.clear()
    this.#keys.length = this.#holders.length = this.#idle = 0
    this.#free = []
    this.#ordered = []
    this.#unordered = []
  }
  #order(): void {
    const keys = this.#keys
    const known = this.#ordered
    const added = this.#unordered.sort((a, b) => compareKeys(keys[a]!, keys[b]!))
    this.#unordered = []
    if (known.length === 0) {
      this.#ordered = added
      return
    }
    const all: number[] = []
    let i = 0
    for (const id of added) {
      while (i < known.length && compareKeys(keys[known[i]!]!, keys[id]!) < 0) all.push(known[i++]!)
      all.push(id)
    }
    while (i < known.length) all.push(known[i++]!)
    this.#ordered = all
  }
}
