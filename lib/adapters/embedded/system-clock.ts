// The wall clock and the timers of this machine.
import type { Clock } from '../../ports/clock.ts'

/** The longest that one timer of Node can wait. */
const LONGEST_TIMER = 2 ** 31 - 1

/** @returns the Clock that everything but tests runs on; a wait keeps the process alive */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    async sleep(ms, signal) {
      for (let left = ms; left > 0 && signal?.aborted !== true; left -= LONGEST_TIMER) await timer(Math.min(left, LONGEST_TIMER), signal)
    },
    breathe: () => new Promise(resolve => setImmediate(resolve)),
  }
}

/** Leaves neither timer nor listener behind, however it ends. */
function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(pending)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const pending = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
