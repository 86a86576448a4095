// Virtual time: it moves when the scheduler says so, or (without one) when a test does.
import { systemClock } from '../../adapters/embedded/system-clock.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Process } from './process.ts'
import type { Scheduler } from './scheduler.ts'
import { Timers } from './timers.ts'

/** Wall time when virtual time is 0: 2024-01-01T00:00:00Z. */
export const BEGINNING = Date.UTC(2024, 0, 1)

const { breathe } = systemClock()

/** A process's clock: its wall time may jump or stand still, its sleeps take virtual time. */
export class SimulatedClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #process: Process
  constructor(scheduler: Scheduler, process: Process) {
    this.#scheduler = scheduler
    this.#process = process
  }
  now(): number {
    const scheduler = this.#scheduler
    if (scheduler.chance('slow turn')) {
      scheduler.time += scheduler.random.between(1, 200)
      scheduler.tally.add('slow turn')
    }
    return BEGINNING + (this.#process.frozenAt ?? scheduler.time) + this.#process.skew
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#scheduler.sleep(this.#process, ms, signal)
  }
  breathe(): Promise<void> {
    return this.#scheduler.call(this.#process, 'clock.breathe', () => {})
  }
}

/** A clock without a scheduler: time stands still until `advance`. */
export class ManualClock implements Clock {
  #now: number
  readonly #sleepers = new Timers<() => void>()
  constructor(now = BEGINNING) {
    this.#now = now
  }
  now(): number {
    return this.#now
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const woken = (): void => {
        sleeper.cancelled = true
        signal?.removeEventListener('abort', woken)
        resolve()
      }
      const sleeper = this.#sleepers.set(this.#now + Math.max(ms, 0), woken)
      signal?.addEventListener('abort', woken)
    })
  }
  breathe(): Promise<void> {
    return breathe()
  }
  /** When the next sleeper wakes, ms since epoch; null when nobody sleeps. */
  next(): number | null {
    return this.#sleepers.next()
  }
  /** Moves time by `ms`, waking sleepers one after the other at their time, each with everything that follows from it at once. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    for (;;) {
      const due = this.#sleepers.next()
      if (due === null || due > target) break
      this.#now = Math.max(this.#now, due)
      this.#sleepers.take(due)?.()
      await this.breathe()
    }
    this.#now = target
    await this.breathe()
  }
  /** A jump of the wall clock: nobody's sleep is longer or shorter for it. */
  jump(ms: number): void {
    this.#now += ms
    this.#sleepers.shift(ms)
  }
}
