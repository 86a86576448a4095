// Finds asynchronous work that synchronous code starts and leaves behind: what it gives comes outside the turn, after the commit (S5.6).
import { type AsyncHook, createHook } from 'node:async_hooks'

/** What leads back into the code that started it. A stream's own bookkeeping (`TickObject`, …) does not. */
const KINDS: ReadonlySet<string> = new Set(['PROMISE', 'Timeout', 'Immediate', 'Microtask'])

let watching: AsyncWork | null = null
let hook: AsyncHook | null = null

/** The watched code of one place; of several, the one that runs now is watched. Costs about 20 µs a watch, and nothing in between. */
export class AsyncWork {
  /** What was started first, in Node's words. */
  found: string | null = null

  /** Runs code and notes what it starts. */
  during(run: () => void): void {
    this.#switched(this, run)
  }
  /** Within `during`: runs code that is not this place's. */
  aside(run: () => void): void {
    this.#switched(null, run)
  }
  #switched(to: AsyncWork | null, run: () => void): void {
    const before = watching
    turnTo(to)
    try {
      run()
    } finally {
      turnTo(before)
    }
  }
}

function turnTo(next: AsyncWork | null): void {
  hook ??= createHook({
    init(_id, kind) {
      if (watching !== null && KINDS.has(kind)) watching.found ??= kind
    },
  })
  watching = next
  if (next === null) hook.disable()
  else hook.enable()
}
