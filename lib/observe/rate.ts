// How many per second, over the last seconds: what happened is kept in slots of a second, so that its memory does not grow with the number of events.

/** Seconds that the mean is taken over. */
const SPAN = 5

export class Rate {
  /** Slot i holds second i modulo its length, the current one and those before it. */
  readonly #counts = new Float64Array(SPAN + 1)
  #second = -Infinity
  readonly #startedAt: number
  /** @param now ms since epoch */
  constructor(now: number) {
    this.#startedAt = now
  }
  add(count: number, now: number): void {
    this.#moveTo(now)
    this.#counts[this.#slot(this.#second)]! += count
  }
  /** Mean over the last whole seconds and the current one; over less when it is younger. */
  perSecond(now: number): number {
    this.#moveTo(now)
    const since = Math.max(this.#startedAt, (this.#second - SPAN) * 1_000)
    const seconds = Math.max((now - since) / 1_000, 1)
    return this.#counts.reduce((sum, count) => sum + count, 0) / seconds
  }
  #slot(second: number): number {
    return ((second % this.#counts.length) + this.#counts.length) % this.#counts.length
  }
  #moveTo(now: number): void {
    const second = Math.floor(now / 1_000)
    if (second === this.#second) return
    const all = second < this.#second || second > this.#second + SPAN // the wall clock may jump (S2.4)
    if (all) this.#counts.fill(0)
    else for (let s = this.#second + 1; s <= second; s++) this.#counts[this.#slot(s)] = 0
    this.#second = second
  }
}
