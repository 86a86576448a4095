// What a stateful stage keeps, as the engine sees it: a named set of entries that can say what changed.
import type { Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'

export interface StateEntry {
  readonly key: Key
  /** Bounds of the window that the entry belongs to, ms; absent for entries without one. */
  readonly window?: { readonly start: number; readonly end: number }
  readonly value: unknown
}

export interface Store {
  readonly name: string
  /** Number of live entries. */
  readonly size: number
  /** Removes what has outlived its time at stream time `now`; stores without a time to live have none. Results never depend on when. */
  sweep?(now: number): void
  /** Writes every entry that changed since the last call under store number `store`, as part of epoch number `epoch`, and forgets that it did. */
  writeChanges(block: BlockWriter, store: number, epoch: number): void
  /** Writes every live entry. */
  writeAll(block: BlockWriter, store: number): void
  /** Takes an entry from the ledger; null deletes it. */
  load(key: Buffer, value: Buffer | null): void
  /** As `load`, of an entry that an older version of the stage wrote; `migrate` gives its value today, null forgets it. Stores without it cannot migrate. */
  loadOld?(key: Buffer, value: Buffer | null, migrate: (old: unknown) => unknown): void
  clear(): void
  /** Live entries for people to look at: all, or those of one key. */
  entries(key?: Key): Iterable<StateEntry>
}
