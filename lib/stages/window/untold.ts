// What a window stage still has to tell of, and at which tick it will.
import type { StreamClock } from './clock.ts'
import type { Emit } from './emit.ts'

/** Before stream time has begun: whatever it begins with comes after this. */
const BEFORE_TIME = -Number.MAX_VALUE

/** What was changed since the windows over it were last told of, and the tick at which they will be (S4.2, S4.3). */
export class Untold<T> {
  readonly #clock: StreamClock
  readonly #everyMs: number | null
  readonly #notes: 'noted' | 'not'
  /** Some may have nothing to tell by now: a record was refused, a window closed. */
  #items: T[] = []
  #tickAt = BEFORE_TIME
  readonly #hasNews: (item: T) => boolean
  /** @param hasNews whether an open window over the item has something to tell */
  constructor(clock: StreamClock, emit: Emit, hasNews: (item: T) => boolean) {
    this.#clock = clock
    this.#everyMs = typeof emit === 'object' ? emit.every : null
    this.#notes = emit === 'on-close' ? 'not' : 'noted'
    this.#hasNews = hasNews
  }
  note(item: T): void {
    if (this.#notes === 'not') return
    if (this.#items.push(item) === 1) this.#begin()
  }
  /** The tick at which there will be something to tell, Infinity when there is nothing. Ticks are multiples of `every`; the first record crosses none. */
  nextTick(): number {
    const items = this.#items
    while (items.length > 0 && !this.#hasNews(items.at(-1)!)) items.pop()
    if (items.length === 0) return Infinity
    if (this.#tickAt === BEFORE_TIME) this.#tickAt = this.#firstTick()
    return this.#tickAt
  }
  /** Everything that has something to tell; what is noted from now on counts anew. */
  take(): readonly T[] {
    const items = this.#items.filter(item => this.#hasNews(item))
    this.#items = []
    return items
  }
  /** Stream time was restored; `items` has all that might not have been told by a tick. */
  restored(items: Iterable<T>): void {
    if (this.#everyMs === null) return // turns tell at their ends
    this.#items = [...items]
    this.#tickAt = this.#firstTick()
  }
  #begin(): void {
    if (this.#everyMs === null) return
    this.#tickAt = this.#firstTick()
    this.#clock.wakeAt(this.#tickAt)
  }
  #firstTick(): number {
    const { time } = this.#clock
    return time === -Infinity ? BEFORE_TIME : (Math.floor(time / this.#everyMs!) + 1) * this.#everyMs!
  }
}
