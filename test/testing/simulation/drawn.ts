// What the tests of the simulation share: faults chosen by hand, and promises looked at without waiting.
import assert from 'node:assert/strict'
import { type ErrorCode, isMillraceError } from '#lib/model/errors.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import type { PartitionWrite } from '#lib/ports/record-log.ts'
import { CALM, type CallFault, type FaultRates } from '#lib/testing/simulation/faults.ts'
import type { DrawPoint } from '#lib/testing/simulation/judgement.ts'
import type { Scheduler } from '#lib/testing/simulation/scheduler.ts'
import { Simulation } from '#lib/testing/simulation/simulation.ts'

export const calm = (seed = 1): Simulation => new Simulation(seed, { faults: CALM })
export const withRates = (seed: number, rates: Partial<FaultRates>): Simulation => new Simulation(seed, { faults: { ...CALM, ...rates } })

/** Strikes once, at the first draw of this point and stage; with `hurry` what is late races with time. */
export function striking(fault: CallFault, point: string, stage: DrawPoint['stage'], seed = 1, hurry = 0): Simulation {
  let struck = false
  const decide = (p: DrawPoint): CallFault | null => {
    if (struck || p.point !== point || p.stage !== stage) return null
    struck = true
    return fault
  }
  return new Simulation(seed, { faults: { ...CALM, hurry }, decide })
}

/** How a promise stands: undefined while it is pending, else its value or the code of its error. */
export interface Watched<T> {
  value: T | undefined
  code: ErrorCode | undefined
  state: 'pending' | 'fulfilled' | 'rejected'
}
export function watched<T>(promise: Promise<T>): Watched<T> {
  const seen: Watched<T> = { value: undefined, code: undefined, state: 'pending' }
  promise.then(
    value => {
      seen.value = value
      seen.state = 'fulfilled'
    },
    error => {
      assert.ok(isMillraceError(error), String(error))
      seen.code = error.code
      seen.state = 'rejected'
    },
  )
  return seen
}

/** Draws until the promise is settled. */
export async function drawnTo<T>(simulation: Scheduler, promise: Promise<T>): Promise<T> {
  const seen = watched(promise)
  assert.equal(await simulation.run(() => seen.state !== 'pending'), 'reached', 'the promise is never settled')
  return await promise
}
/** Draws until nothing is left. */
export async function drawnOut(simulation: Scheduler): Promise<void> {
  assert.equal(await simulation.run(() => false, { limit: 10_000 }), 'quiet')
}

export const write = (topic: string, partition: number, ...values: string[]): PartitionWrite => ({
  topic,
  partition,
  columns: columnsOf(values.map((value, i) => ({ time: i, key: null, value }))),
})
