// A clock that stands still until it is told to go on, and knows how many wait on it: whoever runs on it is at rest when all of it sleeps.
import type { Clock } from '../ports/clock.ts'
import { ManualClock } from './simulation/clock.ts'

export class DrivenClock implements Clock {
  readonly #clock: ManualClock
  /** Sleeps that have not ended. */
  asleep = 0
  constructor(now?: number) {
    this.#clock = new ManualClock(now)
  }
  now(): number {
    return this.#clock.now()
  }
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.asleep++
    await this.#clock.sleep(ms, signal)
    this.asleep--
  }
  breathe(): Promise<void> {
    return this.#clock.breathe()
  }
  /** ms until the next sleep ends, Infinity when nobody sleeps. */
  untilNext(): number {
    const next = this.#clock.next()
    return next === null ? Infinity : Math.max(0, next - this.#clock.now())
  }
  /** Sets the wall clock forward without any time passing. */
  jump(ms: number): void {
    this.#clock.jump(ms)
  }
  /** Moves time; who wakes has run up to its next wait for something that is not at hand. */
  pass(ms: number): Promise<void> {
    return this.#clock.advance(ms)
  }
}
