// Stores whose entries may leave memory: what the cache holds for certain can be read back from it (exactly-once.md §1, E2).
import type { Key } from '../model/key.ts'
import type { StateEntry, Store } from './store.ts'

/**
 * A store of which only a part is in memory. An entry is dirty from its change until the APPLY that carries the change was acknowledged; only clean ones go.
 * A deleted entry is one too: until then memory alone knows that it is gone.
 */
export interface Evictable extends Store {
  /** Entries in memory, tombstones and known absences among them. */
  readonly resident: number
  /** Live entries that only the cache holds. */
  readonly evicted: number
  /** The cache holds every change of epochs up to this one. */
  applied(epoch: number): void
  /**
   * Keeps tombstones although the cache has heard of them, until what is returned is called: an answer of the cache that is on its way may be older, and without
   * its tombstone a deleted entry would be taken for one that has left memory.
   */
  keepTombstones(): () => void
  /** Lets clean entries go until `most` are in memory, those not used lately first; more may stay if they are dirty. */
  evict(most: number): void
  /** What was thrown since the last call, whoever may have caught it; the first of it. */
  takeMissed(): Absent | null
  /** Whether nothing is known of the key here: it must be asked for. */
  lacks(key: Key): boolean
  /** Takes what the cache says of a key that is lacking; null: it has no entry. */
  fill(key: Key, value: Buffer | null): void
  /** Whether an entry of the cache is one that memory does not hold, as bytes of its key. */
  lacksBytes(key: Buffer): boolean
  /** An entry of the cache for people to look at. */
  shown(key: Buffer, value: Buffer): StateEntry
  /** Whether an entry of the cache has outlived its time, as bytes of its value. */
  outlived(value: Buffer, now: number): boolean
  /** Something that has outlived its time was read back: the next sweep looks at everything. */
  sweepSoon(): void
  /** The ledger has been loaded: it holds so many live entries. Those that are not in memory are in the cache. */
  loaded(live: number): void
}

export const isEvictable = (store: Store): store is Evictable => 'evict' in store

/** Thrown by a store that is asked for an entry that has left memory: the record is computed again when it is back, whatever has caught this. */
export class Absent extends Error {
  readonly store: Evictable
  readonly key: Key
  constructor(store: Evictable, key: Key) {
    super(`the entry of '${store.name}' was not read back`)
    this.store = store
    this.key = key
  }
}
