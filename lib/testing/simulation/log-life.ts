// From the opening of a log's client to its close: what is under way settles first, who waits is woken.
import { MillraceError } from '../../model/errors.ts'

export class LogLife {
  #open = true
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #wakers = new Set<() => void>()

  get open(): boolean {
    return this.#open
  }
  /** Makes a call that the close waits for. @throws LOG_UNAVAILABLE when the log is closed */
  during<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#open) return Promise.reject(new MillraceError('LOG_UNAVAILABLE', 'the log is closed'))
    const made = call()
    const done = (): void => {
      this.#underWay.delete(made)
    }
    this.#underWay.add(made)
    made.then(done, done)
    return made
  }
  /** `wake` is called when the log closes. */
  watch(wake: () => void): void {
    this.#wakers.add(wake)
  }
  unwatch(wake: () => void): void {
    this.#wakers.delete(wake)
  }
  async end(): Promise<void> {
    this.#open = false
    for (const wake of [...this.#wakers]) wake()
    await Promise.allSettled(this.#underWay)
  }
}
