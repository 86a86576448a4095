// One process's way to the servers of a simulation.
import { Pending } from './pending.ts'
import type { Process } from './process.ts'
import type { Broken, Wire } from './wire.ts'

/** What draws calls: the scheduler. */
export interface Draws {
  call<T>(process: Process, point: string, effect: () => T, broken: Broken | null, detail?: () => string): Promise<T>
  /** Puts something on the list. */
  add(pending: Pending): void
}

export function wireOf(process: Process, draws: Draws): Wire {
  const tell = (point: string, told: () => void): void => {
    if (!process.dead) draws.add(new Pending({ stage: 'reply', client: process, point, resolve: told }))
  }
  return {
    call: (point, effect, broken, detail) => draws.call(process, point, effect, broken, detail),
    until: (point, subscribe) =>
      new Promise(resolve => {
        let fired = false
        subscribe(() => {
          if (!fired) tell(point, resolve)
          fired = true
        })
      }),
    tell,
    atDeath: noticed => process.atDeath(noticed),
  }
}
