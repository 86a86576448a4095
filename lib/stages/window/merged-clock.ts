// Stream time where flows of several inputs come together: the minimum over those that may still bring something (S2.2).
import type { Cause } from '../../model/record.ts'
import { StreamClock } from './clock.ts'

export class MergedClock extends StreamClock {
  /** Names it among the clocks of a task; the same at every start. */
  readonly name: string
  readonly #parents: readonly StreamClock[]
  /** Wall time from which silence advances stream time; null while some parent may still bring something. */
  #anchorWall: number | null = null

  constructor(name: string, parents: readonly StreamClock[]) {
    super()
    this.name = name
    this.#parents = parents
    for (const parent of parents) parent.follow(cause => this.#parentMoved(cause))
  }
  override silent(but: 'nothing' | 'timers' = 'nothing'): boolean {
    return this.#parents.every(p => p.silent(but))
  }
  /** S2.3: when all inputs are idle, stream time goes on by wall time from where it stands. */
  judge(now: number, but: 'nothing' | 'timers'): void {
    if (!this.silent(but)) this.#anchorWall = null
    else if (this.#anchorWall === null || now < this.#anchorWall) this.#anchorWall = now // also when the wall clock went back: S2.4
  }
  /** Wall time moves it: every input is idle. */
  get idle(): boolean {
    return this.#anchorWall !== null
  }
  /** Wall time at which silence moves stream time on by a millisecond; Infinity when it stands. */
  get nextAdvanceAt(): number {
    return this.#anchorWall === null ? Infinity : this.#anchorWall + 1
  }
  /** Where silence has brought stream time by now; −Infinity while it stands. */
  advanced(now: number): number {
    return this.#anchorWall === null ? -Infinity : this.time + (now - this.#anchorWall)
  }
  /** The advance was taken: the next one counts from here. */
  taken(now: number): void {
    this.#anchorWall = now
  }
  /** Wall time at which silence makes something due; Infinity while only records can. */
  nextDecision(): number {
    return this.#anchorWall === null ? Infinity : this.#anchorWall + (this.due() - this.time)
  }
  #parentMoved(cause: Cause): void {
    let low = Infinity
    for (const parent of this.#parents) if (!parent.silent() && parent.time < low) low = parent.time
    if (low !== Infinity) this.advance(low, cause)
  }
}
