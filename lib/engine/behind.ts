// E6: APPLY. The cache follows the ledger, behind and never waited for; it always is some committed prefix and says which one.
import { MillraceError } from '../model/errors.ts'
import type { CacheEntry, StateCache } from '../ports/state-cache.ts'
import { entriesOf } from '../state/delta.ts'
import { cleanStamp, dirtyStamp } from './stamp.ts'

export class Behind {
  readonly #cache: StateCache
  readonly #task: string
  readonly #ledgerId: string
  readonly #callEntries: number
  /** New for every OPEN. */
  readonly #nonce: string
  /** Offset of the meta that the cache is known to reflect; −1: none. */
  #at: number
  /** The stamp that the next first call expects. */
  #stamp: string | null
  /** Acknowledged delta blocks that the cache does not have yet (I7: only acknowledged ones). */
  #waiting: Buffer[] = []
  #target: number
  /** `stamp`: what the cache carries now, which reflects `at`. */
  constructor(o: {
    cache: StateCache
    task: string
    ledgerId: string
    nonce: string
    at: number
    stamp: string | null
    callEntries: number
  }) {
    this.#cache = o.cache
    this.#callEntries = o.callEntries
    this.#task = o.task
    this.#ledgerId = o.ledgerId
    this.#nonce = o.nonce
    this.#at = this.#target = o.at
    this.#stamp = o.stamp
  }
  get at(): number {
    return this.#at
  }
  committed(blocks: readonly Buffer[], metaAt: number): void {
    this.#waiting.push(...blocks)
    this.#target = metaAt
  }
  /** Brings the cache to the last acknowledged meta. At most one at a time. @throws CACHE_MISMATCH (CLOSE), CACHE_UNAVAILABLE (outcome unknown: OPEN finds out) */
  async apply(): Promise<void> {
    const target = this.#target
    if (target === this.#at) return
    const blocks = this.#waiting
    this.#waiting = []
    await applyEntries(
      this.#cache,
      this.#task,
      {
        ledgerId: this.#ledgerId,
        nonce: this.#nonce,
        from: this.#at,
        to: target,
        expect: this.#stamp,
        mode: 'changes',
        callEntries: this.#callEntries,
      },
      foldedEntries(blocks),
    )
    this.#at = target
    this.#stamp = cleanStamp(this.#ledgerId, target)
  }
}

/** The fold of blocks: the last change of every entry. */
export function foldedEntries(blocks: readonly Buffer[]): readonly CacheEntry[] {
  const last = new Map<string, CacheEntry>()
  for (const block of blocks) for (const entry of entriesOf(block)) last.set(`${entry.store}\0${entry.key.toString('latin1')}`, entry)
  return [...last.values()]
}

export interface ApplyPlan {
  readonly ledgerId: string
  readonly nonce: string
  readonly from: number
  readonly to: number
  /** The very stamp that the first call must find. */
  readonly expect: string | null
  readonly mode: 'changes' | 'replace'
  /** Most entries of one call. */
  readonly callEntries: number
}

/** Calls of at most `callEntries` entries, one after the other; a lost reply sends the same call again. @throws CACHE_MISMATCH, CACHE_UNAVAILABLE */
export async function applyEntries(cache: StateCache, task: string, plan: ApplyPlan, entries: readonly CacheEntry[]): Promise<void> {
  const { ledgerId, nonce, from, to, callEntries: most } = plan
  const calls = Math.max(1, Math.ceil(entries.length / most))
  const done = cleanStamp(ledgerId, to)
  const dirty = (i: number): string => dirtyStamp(ledgerId, from, to, nonce, i)
  for (let i = 1; i <= calls; i++) {
    const call = {
      expect: i === 1 ? plan.expect : dirty(i - 1),
      landed: [done, ...Array.from({ length: calls - i + 1 }, (_, j) => dirty(i + j))],
      stamp: i === calls ? done : dirty(i),
      replace: i === 1 && plan.mode === 'replace',
      entries: entries.slice((i - 1) * most, i * most),
    }
    const answer = await sentAgain(() => cache.apply(task, call))
    if (answer === 'mismatch')
      throw new MillraceError('CACHE_MISMATCH', `the cache of ${task} does not carry the stamp ${call.expect ?? '(none)'}`)
  }
}

const ATTEMPTS = 3
async function sentAgain<R>(call: () => Promise<R>): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}
