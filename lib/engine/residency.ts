// E2: what a task has in memory, and how it reads back what it has let go. Only clean entries go; a key that is not there is asked for before it is computed
// with, together with the stamp: under any other stamp than the task's own the answer means nothing.
import { MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import { Arena } from '../model/arena.ts'
import type { StateCache } from '../ports/state-cache.ts'
import type { StreamClock } from '../stages/window/clock.ts'
import type { BlockWriter } from '../state/delta.ts'
import type { Absent, Evictable } from '../state/evictable.ts'
import type { StateEntry } from '../state/store.ts'
import { readValue, writeValue } from '../state/value-codec.ts'
import type { Behind } from './behind.ts'
import type { TaskInput } from './input.ts'

/** A store that may let entries go, where it stands in the pipeline. */
export interface Bounded {
  readonly store: Evictable
  readonly clock: StreamClock
  /** Inputs whose records have the store's keys as their own. */
  readonly inputs: ReadonlySet<string>
}

export interface ResidencyStart {
  readonly cache: StateCache
  readonly task: string
  readonly behind: Behind
  /** Most entries in memory, over all stores that may let some go. */
  readonly most: number
  /** Most keys of one call. */
  readonly callKeys: number
}

/** Outlived entries that a snapshot remembers for the next sweep. */
const SWEPT = 10_000

export class Residency {
  readonly #stores: readonly Bounded[]
  readonly #o: ResidencyStart
  readonly #bytes = new Arena(1024)
  readonly #outlived: { readonly store: Evictable; readonly key: Buffer; readonly value: Buffer }[] = []
  constructor(stores: readonly Bounded[], o: ResidencyStart) {
    this.#stores = stores
    this.#o = o
  }
  /** Whether something is not in memory. */
  get partly(): boolean {
    return this.#stores.some(s => s.store.evicted > 0)
  }
  /** Between turns: nothing is computed, nothing is asked for. */
  trim(): void {
    trim(this.#stores, this.#o.most)
  }
  /** Reads back what the records at hand will need, as far as their keys tell; at most `most` records of each input. @throws CACHE_MISMATCH (CLOSE), CACHE_UNAVAILABLE */
  async readAhead(inputs: readonly TaskInput[], most: number): Promise<void> {
    for (const { store, inputs: keyed } of this.#stores) {
      if (store.evicted === 0) continue
      const lacking = new Set<Key>()
      for (const input of inputs) if (keyed.has(input.name)) for (const key of input.keysAhead(most)) if (store.lacks(key)) lacking.add(key)
      await this.#read(store, [...lacking])
    }
  }
  /** What the record in hand needed and did not find; null when it found everything. */
  missed(): Absent | null {
    let missed: Absent | null = null
    for (const { store } of this.#stores) missed = store.takeMissed() ?? missed
    return missed
  }
  async readBack({ store, key }: Absent): Promise<void> {
    await this.#read(store, [key])
  }
  /** Adds to a snapshot what only the cache holds. @throws CACHE_MISMATCH (CLOSE), CACHE_UNAVAILABLE */
  async writeEvicted(block: BlockWriter, number: (store: Evictable) => number): Promise<void> {
    this.#outlived.length = 0
    for (const { store, clock } of this.#stores) {
      if (store.evicted === 0) continue
      const release = store.keepTombstones() // an APPLY may come to its end while the cache is read
      try {
        await this.#writeFromCache(block, number(store), store, clock)
      } finally {
        release()
      }
    }
  }
  async #writeFromCache(block: BlockWriter, n: number, store: Evictable, clock: StreamClock): Promise<void> {
    const { cache, task, behind, callKeys } = this.#o
    const asked = behind.at
    let written = 0
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<StateCache['scan']>> = await cache.scan(task, store.name, cursor, callKeys)
      this.#check(page.stamp, asked)
      for (const [k, v] of page.entries) {
        const [key, value] = [asBuffer(k), asBuffer(v)]
        if (!store.lacksBytes(key)) continue
        block.raw(n, key, value)
        written++
        if (this.#outlived.length < SWEPT && store.outlived(value, clock.time)) this.#outlived.push({ store, key, value })
      }
      cursor = page.next
    } while (cursor !== null)
    if (written < store.evicted) this.#mismatch(`holds ${written} of ${store.evicted} entries of '${store.name}'`)
  }
  /** What a store has let go, for people to look at: read from the cache as it is at that time, under whatever stamp. */
  async *shown({ store }: Bounded, key?: Key): AsyncGenerator<StateEntry> {
    const { cache, task, callKeys } = this.#o
    if (key !== undefined) {
      if (!store.lacks(key)) return
      const bytes = this.#keyBytes(key)
      const [value] = (await cache.read(task, store.name, [bytes])).values
      if (value !== null && value !== undefined) yield store.shown(bytes, asBuffer(value))
      return
    }
    if (store.evicted === 0) return
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<StateCache['scan']>> = await cache.scan(task, store.name, cursor, callKeys)
      for (const [k, value] of page.entries) if (store.lacksBytes(asBuffer(k))) yield store.shown(asBuffer(k), asBuffer(value))
      cursor = page.next
      if (cursor === null) return
    }
  }
  /** At the end of the first epoch after a snapshot: what it found to have outlived its time comes back to be removed (S5.2). Nothing of it can have changed. */
  returnOutlived(): void {
    for (const { store, key, value } of this.#outlived.splice(0)) {
      store.fill(readValue(key) as Key, value)
      store.sweepSoon()
    }
  }
  async #read(store: Evictable, keys: readonly Key[]): Promise<void> {
    const { cache, task, behind, callKeys } = this.#o
    for (let i = 0; i < keys.length; i += callKeys) {
      const some = keys.slice(i, i + callKeys)
      const asked = behind.at
      const { stamp, values } = await cache.read(
        task,
        store.name,
        some.map(key => this.#keyBytes(key)),
      )
      this.#check(stamp, asked)
      some.forEach((key, j) => {
        const value = values[j]!
        store.fill(key, value === null ? null : asBuffer(value))
      })
    }
  }
  #keyBytes(key: Key): Buffer {
    this.#bytes.clear()
    writeValue(this.#bytes, key)
    return this.#bytes.copy()
  }
  #check(stamp: string | null, asked: number): void {
    if (!this.#o.behind.isMine(stamp, asked))
      this.#mismatch(`was read back under the stamp ${stamp ?? '(none)'}, which is not this owner's`)
  }
  #mismatch(what: string): never {
    throw new MillraceError('CACHE_MISMATCH', `the cache of ${this.#o.task} ${what}`)
  }
}

/** Lets entries go until at most `most` are in memory over all stores, an eighth below it so that it need not be done again at once. */
export function trim(stores: readonly { readonly store: Evictable }[], most: number): void {
  let resident = 0
  for (const { store } of stores) resident += store.resident
  if (resident <= most) return
  const wanted = most - (most >> 3)
  for (const { store } of stores) store.evict(Math.floor((wanted * store.resident) / resident))
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
