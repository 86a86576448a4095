// E2 and E3: what the records need is brought into memory, then they are computed, synchronously and in offset order.
import type { Absent } from '../state/evictable.ts'
import type { Allowance } from './caution.ts'
import { computeSlice } from './compute-slice.ts'
import type { TaskInput } from './input.ts'
import type { Session } from './session.ts'

/** One epoch's worth of the records at hand. @returns how many there were */
export async function compute(session: Session, startedAt: number, allowance: Allowance): Promise<number> {
  const { residency, inputs, facts, caution } = session
  const most = mostRecords(session)
  let ahead: string | null = null
  for (let records = 0; ; ) {
    if (residency.partly) {
      const keys = inputs.map(i => i.keys).join() // what the bytes of keys mean is learned from the first that was missed
      if (ahead !== keys) await residency.readAhead(inputs, most - records)
      ahead = keys
      if (caution.kind === 'none') await facts.stillness.over()
    }
    const computed = computeRecords(session, startedAt, allowance, most - records)
    records += computed.records
    if (computed.absent === null) return records
    await residency.readBack(computed.absent)
  }
}

/** How far computing came. */
interface Computed {
  readonly records: number
  /** What the next record needs and is not in memory; null when a bound of the epoch was reached. */
  readonly absent: Absent | null
}

/** Computes records of the inputs, at most `most`, until a bound of the epoch is reached or something is not in memory. */
function computeRecords(session: Session, startedAt: number, allowance: Allowance, most: number): Computed {
  const { epochMs } = session.facts.tuning
  const { clock } = session.facts.ports
  const every = session.facts.deployment.options.epoch?.every ?? epochMs
  let records = 0
  while (records < most) {
    const input = furthestBehind(session.inputs, allowance)
    if (input === null) break
    const { batch, index } = input.current()!
    const allowed = allowedOf(allowance, input)
    const to = Math.min(batch.count, index + Math.min(most - records, allowed, SLICE))
    const absent = computeSlice(session, input, batch, index, to, startedAt)
    const reached = absent === null ? to : session.pipeline.cursor.index
    records += reached - index
    if (allowance !== 'all') allowance.set(input, allowed - (reached - index))
    input.computed(reached)
    input.time.active(startedAt)
    if (session.pipeline.fatal !== null) throw session.pipeline.fatal
    if (absent !== null) return { records, absent }
    if (clock.now() - startedAt >= every) return { records, absent: null }
  }
  return { records, absent: null }
}
const allowedOf = (allowance: Allowance, input: TaskInput): number => (allowance === 'all' ? Infinity : allowance.get(input)!)

/**
 * The input with records at hand whose stream time is least: where inputs meet, the one that is behind holds the others' windows open, and with a backlog of all of
 * them what is open must not grow by the length of one.
 */
function furthestBehind(inputs: readonly TaskInput[], allowance: Allowance): TaskInput | null {
  let found: TaskInput | null = null
  for (const input of inputs)
    if (input.current() !== null && allowedOf(allowance, input) > 0 && (found === null || input.clock.time < found.clock.time))
      found = input
  return found
}
/** Most records of an epoch. */
export function mostRecords({ facts: { tuning, deployment } }: Session): number {
  return Math.min(tuning.epochRecords, deployment.options.epoch?.records ?? tuning.epochRecords)
}
/** Records between two looks at the clock. */
const SLICE = 2_048
