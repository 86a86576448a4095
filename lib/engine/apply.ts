// One APPLY of E6: the cache goes from one meta's state to another's by calls that each require the stamp of the one before.
import { MillraceError } from '../model/errors.ts'
import type { CacheEntry, StateCache } from '../ports/state-cache.ts'
import { cleanStamp, dirtyStamp } from './stamp.ts'

export interface ApplyPlan {
  readonly ledgerId: string
  /** New for every OPEN. */
  readonly nonce: string
  /** Offset of the meta that the cache reflects; −1: of none, it is filled anew. */
  readonly from: number
  /** Offset of the meta that it will reflect, or one above it while that is not known yet. */
  readonly to: number
  /** The very stamp that the first call must find. */
  readonly expect: string | null
  /** `replace`: all that is there is removed first. */
  readonly mode: 'changes' | 'replace'
  /** Most entries of one call. */
  readonly callEntries: number
}

export class Apply {
  readonly #cache: StateCache
  readonly #task: string
  readonly #plan: ApplyPlan
  #expect: string | null
  #replace: boolean
  #calls = 0
  #waiting: CacheEntry[] = []
  constructor(cache: StateCache, task: string, plan: ApplyPlan) {
    this.#cache = cache
    this.#task = task
    this.#plan = plan
    this.#expect = plan.expect
    this.#replace = plan.mode === 'replace'
  }
  /** Written in the order of adding: of two changes of one key the later one stays. */
  add(entry: CacheEntry): void {
    this.#waiting.push(entry)
  }
  /** What was added so far does not count: the next call removes everything. */
  replace(): void {
    this.#waiting = []
    this.#replace = true
  }
  /** Sends full calls; the memory of what was added is free for others when less than a call is left. @throws CACHE_MISMATCH, CACHE_UNAVAILABLE */
  async flush(): Promise<void> {
    const { ledgerId, from, to, nonce, callEntries } = this.#plan
    let sent = 0
    for (; this.#waiting.length - sent > callEntries; sent += callEntries)
      await this.#call(this.#waiting.slice(sent, sent + callEntries), dirtyStamp(ledgerId, from, to, nonce, ++this.#calls))
    if (sent > 0) this.#waiting = this.#waiting.slice(sent)
  }
  /** Sends the rest. @returns the stamp that the cache carries then */
  async finish(ledgerId: string = this.#plan.ledgerId, at: number = this.#plan.to): Promise<string> {
    await this.flush()
    const done = cleanStamp(ledgerId, at)
    await this.#call(this.#waiting, done)
    this.#waiting = []
    return done
  }
  async #call(entries: readonly CacheEntry[], stamp: string): Promise<void> {
    const call = { expect: this.#expect, landed: [stamp], stamp, replace: this.#replace, entries }
    const answer = await sentAgain(() => this.#cache.apply(this.#task, call))
    if (answer === 'mismatch')
      throw new MillraceError('CACHE_MISMATCH', `the cache of ${this.#task} does not carry the stamp ${this.#expect ?? '(none)'}`)
    this.#expect = stamp
    this.#replace = false
  }
}

const ATTEMPTS = 3
/** A lost reply: the same call again. A call that was sent twice and lands late finds a stamp that it neither expects nor made, and does nothing. */
async function sentAgain<R>(call: () => Promise<R>): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}
