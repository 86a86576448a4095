// A clock that a test sets.
import type { Clock } from '#lib/ports/clock.ts'

export interface SetClock extends Clock {
  /** Lets time pass: waits that are over end. */
  pass(ms: number): void
}

export function setClock(start: number): SetClock {
  let now = start
  const waits = new Set<{ readonly until: number; readonly end: () => void }>()
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        const end = (): void => {
          waits.delete(wait)
          resolve()
        }
        const wait = { until: now + ms, end }
        if (ms <= 0 || signal?.aborted) return resolve()
        waits.add(wait)
        signal?.addEventListener('abort', end, { once: true })
      }),
    breathe: () => new Promise(resolve => setImmediate(resolve)),
    pass(ms) {
      now += ms
      for (const wait of [...waits]) if (wait.until <= now) wait.end()
    },
  }
}
