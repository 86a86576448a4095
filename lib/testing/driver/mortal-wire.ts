// The wire of a process that can be killed: calls happen at once, and after its death nothing it waits for ever comes.
import type { SeededRandom } from '../simulation/random.ts'
import type { Wire } from '../simulation/wire.ts'

const never = <T>(): Promise<T> => new Promise(() => {})

export class MortalWire implements Wire {
  readonly #random: SeededRandom
  #life: 'alive' | 'dead' = 'alive'
  /** The number of the call at which the process dies. */
  #lastCall = Infinity
  /** Calls made. */
  calls = 0
  readonly #witnesses: (() => void)[] = []
  constructor(random: SeededRandom) {
    this.#random = random
  }
  get dead(): boolean {
    return this.#life === 'dead'
  }
  call<T>(_point: string, effect: () => T): Promise<T> {
    if (this.dead) return never()
    if (++this.calls >= this.#lastCall) {
      if (this.#random.below(2) === 0) attempt(effect) // half of the requests that a dying process sends still arrive
      this.kill()
      return never()
    }
    return this.passed(new Promise(resolve => resolve(effect())))
  }
  until(_point: string, subscribe: (fire: () => void) => void): Promise<void> {
    return this.dead ? never() : this.passed(new Promise(resolve => subscribe(resolve)))
  }
  tell(_point: string, told: () => void): void {
    if (!this.dead) told()
  }
  atDeath(noticed: () => void): void {
    this.#witnesses.push(noticed)
  }
  /** What a promise gives, as long as the process lives. */
  passed<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        value => {
          if (!this.dead) resolve(value)
        },
        (error: unknown) => {
          if (!this.dead) reject(error as Error)
        },
      )
    })
  }
  /** The process dies at its `calls`-th call from now, if it is not killed before. */
  dieAt(calls: number): void {
    this.#lastCall = this.calls + calls
  }
  kill(): void {
    if (this.dead) return
    this.#life = 'dead'
    for (const noticed of this.#witnesses.splice(0)) noticed()
  }
}

function attempt(effect: () => unknown): void {
  try {
    effect()
  } catch {
    // nobody is there any more to be told
  }
}
