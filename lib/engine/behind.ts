// E6: the cache follows the ledger, behind and never waited for; it always is some committed prefix and says which one.
import type { CacheEntry, StateCache } from '../ports/state-cache.ts'
import { entriesOf } from '../state/delta.ts'
import { Apply, type ApplyPlan } from './apply.ts'
import { stampOf } from './stamp.ts'

export interface BehindStart {
  readonly cache: StateCache
  readonly task: string
  readonly ledgerId: string
  readonly nonce: string
  /** Offset of the meta that the cache reflects, and the stamp that says so; −1 and null: none. */
  readonly at: number
  readonly stamp: string | null
  readonly callEntries: number
  /** Told when the cache holds all changes of epochs up to `epoch`. */
  readonly applied: (epoch: number) => void
}

export class Behind {
  readonly #o: BehindStart
  /** Offset of the meta that the cache is known to reflect; −1: none. */
  #at: number
  /** The stamp that the next first call expects. */
  #stamp: string | null
  /** Acknowledged delta blocks that the cache does not have yet (I7: only acknowledged ones). */
  #waiting: Buffer[] = []
  #mode: 'changes' | 'replace' = 'changes'
  /** The last acknowledged meta and its epoch. */
  #target: { readonly at: number; readonly epoch: number }
  /** Offset of the meta that an APPLY under way leads to, else the one reached. */
  #reaching: number
  constructor(o: BehindStart) {
    this.#o = o
    this.#at = this.#reaching = o.at
    this.#target = { at: o.at, epoch: 0 }
    this.#stamp = o.stamp
  }
  get at(): number {
    return this.#at
  }
  committed(blocks: readonly Buffer[], metaAt: number, epoch: number): void {
    this.#waiting.push(...blocks)
    this.#target = { at: metaAt, epoch }
  }
  /** The snapshot's blocks are all that there is. */
  replaced(blocks: readonly Buffer[], metaAt: number, epoch: number): void {
    this.#waiting = [...blocks]
    this.#mode = 'replace'
    this.#target = { at: metaAt, epoch }
  }
  /** Brings the cache to the last acknowledged meta. At most one at a time. @throws CACHE_MISMATCH (CLOSE), CACHE_UNAVAILABLE (outcome unknown: OPEN finds out) */
  async apply(): Promise<void> {
    const target = this.#target
    if (target.at === this.#at) return
    const [blocks, mode] = [this.#waiting, this.#mode]
    this.#waiting = []
    this.#mode = 'changes'
    this.#reaching = target.at
    const { cache, task, ledgerId, nonce, callEntries } = this.#o
    const plan = { ledgerId, nonce, from: this.#at, to: target.at, expect: this.#stamp, mode, callEntries }
    this.#stamp = await applyEntries(cache, task, plan, foldedEntries(blocks))
    this.#at = target.at
    this.#o.applied(target.epoch)
  }
  /**
   * E2: whether an entry that was clean when `asked` was the meta reached is what the cache holds under `stamp`: a meta of ours from then on, or an APPLY of
   * ours that began since. One from before may be a cache that fell back; another owner's half-done one may carry epochs that this owner does not know.
   */
  isMine(stamp: string | null, asked: number): boolean {
    const found = stampOf(stamp)
    if (found === null || found.ledgerId !== this.#o.ledgerId) return false
    if (found.kind === 'clean') return found.at >= asked && found.at <= this.#reaching
    return found.nonce === this.#o.nonce && found.from >= asked
  }
}

/** The fold of blocks: the last change of every entry, store by store. */
export function foldedEntries(blocks: readonly Buffer[]): Iterable<CacheEntry> {
  const stores = new Map<string, Map<string, CacheEntry>>() // a map for each: one key put together of both would cost as much again
  for (const block of blocks) {
    for (const entry of entriesOf(block)) {
      let last = stores.get(entry.store)
      if (last === undefined) stores.set(entry.store, (last = new Map()))
      last.set(entry.key.toString('latin1'), entry)
    }
  }
  return [...stores.values()].flatMap(last => [...last.values()])
}

/** One whole APPLY. @returns the stamp that the cache carries then. @throws CACHE_MISMATCH, CACHE_UNAVAILABLE */
export async function applyEntries(cache: StateCache, task: string, plan: ApplyPlan, entries: Iterable<CacheEntry>): Promise<string> {
  const apply = new Apply(cache, task, plan)
  for (const entry of entries) apply.add(entry)
  return apply.finish()
}
