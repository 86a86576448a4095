// A process's clock over the one that stands still until it is told to go on. It knows how many wait on it: a process is at rest when all of it sleeps.
import type { Clock } from '../../ports/clock.ts'
import type { ManualClock } from '../simulation/clock.ts'

/** What a dead process waits for. */
const never = (): Promise<never> => new Promise(() => {})

export class LifeClock implements Clock {
  readonly #clock: ManualClock
  readonly #sleeps = new Set<AbortController>()
  #life: 'alive' | 'dead' = 'alive'
  constructor(clock: ManualClock) {
    this.#clock = clock
  }
  /** Sleeps that have not ended. */
  get asleep(): number {
    return this.#sleeps.size
  }
  now(): number {
    return this.#clock.now()
  }
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#life === 'dead') return never()
    const sleep = new AbortController()
    const woken = (): void => sleep.abort('woken')
    this.#sleeps.add(sleep)
    if (signal?.aborted === true) woken()
    else signal?.addEventListener('abort', woken)
    await this.#clock.sleep(ms, sleep.signal)
    signal?.removeEventListener('abort', woken)
    this.#sleeps.delete(sleep)
    if (this.#isDead()) return never()
  }
  async breathe(): Promise<void> {
    await this.#clock.breathe()
    if (this.#isDead()) return never()
  }
  /** Nobody who sleeps or breathes here goes on. */
  kill(): void {
    this.#life = 'dead'
    for (const sleep of [...this.#sleeps]) sleep.abort('dead')
  }
  #isDead(): boolean {
    return this.#life === 'dead'
  }
}
