// Two questions of whoever watches over the process: does it live, and does it work.
import type { TaskWords } from '../ports/inspection.ts'

export interface Health {
  readonly verdict: 'well' | 'ill'
  /** Why not well: one sentence a task. */
  readonly reasons: readonly string[]
}

/** A process lives unless a task stopped for good: starting it again is what may help then. */
export const liveness = (tasks: readonly TaskWords[]): Health => judged(tasks.filter(t => t.state === 'stopped'))

/** It works when all of `expected` tasks have opened and none waits for anything. `'opening'`: not all are begun, and nobody knows yet how many there will be. */
export function readiness(tasks: readonly TaskWords[], expected: number | 'opening'): Health {
  const { reasons } = judged(tasks.filter(t => t.state !== 'ready'))
  const missing = expected === 'opening' ? Infinity : expected - tasks.length
  const begun = expected === 'opening' ? 'it is opening' : `${missing} of ${expected} tasks have not begun`
  const all = missing > 0 ? [begun, ...reasons] : reasons
  return { verdict: all.length === 0 ? 'well' : 'ill', reasons: all }
}

const judged = (ill: readonly TaskWords[]): Health => ({
  verdict: ill.length === 0 ? 'well' : 'ill',
  reasons: ill.map(
    ({ labels, state, failure }) =>
      `${labels.processor}/${labels.partition} is ${state}${failure === null ? '' : `: ${failure.code}: ${failure.message}`}`,
  ),
})
