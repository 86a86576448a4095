// The state cache: per task one stamp and the entries of its stores. It always holds some committed prefix of the task's ledger and says
// which one; losing it costs a catch-up, never a wrong answer (exactly-once.md §1).

/**
 * A change of one entry; `value` null deletes. Keys and values are bytes of the state codec: the cache copies what it is given, so the caller may
 * use the memory again when the call settles; what it gives is not to be changed.
 */
export interface CacheEntry {
  readonly store: string
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** One APPLY call of E6, at most 1,000 entries. All of it happens, or nothing. */
export interface ApplyCall {
  /** The stamp that must be there for the call to be written. */
  readonly expect: string | null
  /** The call has landed already when the stamp is one of these. */
  readonly landed: readonly string[]
  /** The stamp that is there afterwards; it is set before the entries are written. */
  readonly stamp: string
  /** A snapshot replaces everything: all entries are removed before the first call's entries are written. */
  readonly replace: boolean
  /** Written in this order: of two changes of one key the later one stays. */
  readonly entries: readonly CacheEntry[]
}

export interface StateCache {
  /** The task's stamp, null when it has none. @throws CACHE_UNAVAILABLE (as every member) */
  stamp(task: string): Promise<string | null>
  /**
   * One call of APPLY, atomic: 'landed' when the stamp is one of `landed` (asked first; nothing is written), 'mismatch' when the stamp is neither expected nor landed (nothing is written), else 'applied'.
   * After an error the call may have happened: send the same call again.
   */
  apply(task: string, call: ApplyCall): Promise<'applied' | 'landed' | 'mismatch'>
  /** Removes stamp and entries together if the stamp is `expect` or there is none (so that a repeated call says 'wiped' again); 'mismatch': nothing is removed. */
  wipe(task: string, expect: string | null): Promise<'wiped' | 'mismatch'>
  /** The values of `keys` in `store` (null: no entry), read together with the stamp. */
  read(
    task: string,
    store: string,
    keys: readonly Uint8Array[],
  ): Promise<{ readonly stamp: string | null; readonly values: readonly (Uint8Array | null)[] }>
  /**
   * Some entries of `store`, read together with the stamp: from the beginning with a null cursor, else from where a call with `next` ended; about `limit` of them,
   * at least one unless none is left. `next` null: that was the last. Every entry that is there from the first call to the last is given, at least once.
   */
  scan(
    task: string,
    store: string,
    cursor: string | null,
    limit: number,
  ): Promise<{
    readonly stamp: string | null
    readonly entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]
    readonly next: string | null
  }>
  /** Number of entries per store, read together with the stamp; stores without entries are left out. */
  counts(task: string): Promise<{ readonly stamp: string | null; readonly counts: Readonly<Record<string, number>> }>
  close(): Promise<void>
}
