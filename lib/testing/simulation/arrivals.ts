// Waiting for news of a partition or a feed, until they come, the waiter's signal aborts, or its reader is closed.
import type { Wire } from './wire.ts'

/** What can be waited for. */
export interface Readable {
  /** Calls `fire` when a read at `position` may give something new, or an error. */
  whenReadable(position: number, fire: () => void): void
  /** Forgets who waits: they have gone. */
  unwait(fire: () => void): void
}

export class Arrivals {
  readonly #wire: Wire
  readonly #point: string
  readonly #wakers = new Set<() => void>()
  #closed = false

  constructor(wire: Wire, point: string) {
    this.#wire = wire
    this.#point = point
  }
  at(readable: Readable, position: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closed) return Promise.resolve()
    return new Promise(resolve => {
      let fire = (): void => {}
      const done = (): void => {
        readable.unwait(fire)
        this.#wakers.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
      this.#wakers.add(done)
      const told = this.#wire.until(this.#point, tell => {
        fire = tell
        readable.whenReadable(position, tell)
      })
      void told.then(done)
    })
  }
  /** Wakes all; nobody waits any more. */
  close(): void {
    this.#closed = true
    for (const wake of [...this.#wakers]) wake()
  }
}
