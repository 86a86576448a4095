// The course of a run: the input comes while faults strike, then it is calm, and everything must come to rest.
import { messageOf } from '../../../model/errors.ts'
import { writesOf } from './input.ts'
import { quietViolation } from './quiet.ts'
import type { Staging } from './staging.ts'
import { InputWriter } from './writer.ts'

const CHAOS_DRAWS = 700
const CALM_DRAWS = 30_000
/** Draws between two looks at whether everything is done. */
const LOOK_EVERY = 8

/** Runs to the end. @returns the sentence that is violated, or null; never throws for a violation */
export const runStaged = (staging: Staging): Promise<string | null> => violationOf(staging).catch((error: unknown) => foundIn(error))

async function violationOf(staging: Staging): Promise<string | null> {
  const { simulation, watch, shape, chance } = staging
  const { world } = simulation
  const check = (): void => {
    const violation = watch.violation()
    if (violation !== null) throw new Violation(violation)
    if (staging.stopped !== null) throw new Violation(`L2: a task stopped although nothing was lost: ${staging.stopped}`)
  }
  staging.begin()
  await write(staging, check)
  await simulation.run(() => false, { limit: CHAOS_DRAWS, check })
  simulation.calm()
  const seldom = (is: () => boolean) => (): boolean => simulation.draws % LOOK_EVERY === 0 && is()
  const drained = await simulation.run(
    seldom(() => staging.drained),
    { limit: CALM_DRAWS, check },
  )
  if (drained !== 'reached') return `L1: it is calm, and yet not everything is read and closed (${drained})`
  if (chance.below(4) === 0) await abandon(staging)
  const quiet = await simulation.run(
    seldom(() => staging.drained && quietViolation(world, watch, shape) === null),
    { limit: CALM_DRAWS, check },
  )
  return quiet === 'reached'
    ? null
    : (quietViolation(world, watch, shape) ?? `L1: it is calm, and yet tasks are not drained again (${quiet})`)
}

async function write({ simulation, chance, input, shape, theme }: Staging, check: () => void): Promise<void> {
  const { broker } = simulation.world
  const writer = new InputWriter(simulation.world)
  const pass = async (draws: number): Promise<void> => {
    await simulation.run(() => false, { limit: draws, check })
  }
  const until = async (time: number): Promise<void> => {
    await simulation.run(() => simulation.time >= time, { limit: 200, check })
  }
  /** Nothing is written for a while: sources become idle. */
  const rest = (): Promise<void> => until(simulation.time + chance.between(200, 800))
  const seldom = theme === 'idleness' ? 3 : 6
  for (let written = 0; written < input.length; ) {
    if (chance.below(seldom) === 0) await rest()
    const next = input.slice(written, written + chance.between(1, 4))
    const writes = writesOf(next, shape.partitions)
    const hangs = chance.below(seldom) === 0
    const draws = chance.below(80)
    if (broker.disk === 'free' && !hangs) {
      await writer.write(writes)
      written += next.length
    } else if (broker.disk === 'free') {
      simulation.tally.add('a writer hung')
      const over = simulation.time + chance.between(50, 800)
      if ((await writer.hang(writes, () => until(over))) === 'committed') written += next.length
    }
    await pass(draws)
  }
}

/** The last thing that is written is never committed: nobody may wait for it, or stop before it. */
async function abandon({ simulation, input, shape }: Staging): Promise<void> {
  simulation.tally.add('a last transaction was aborted')
  await new InputWriter(simulation.world).abandon(writesOf(input, shape.partitions))
}

class Violation extends Error {}
function foundIn(error: unknown): string {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof Violation) return e.message
    if (e.cause === undefined) return `L2: it broke: ${messageOf(error)}\n${e.stack}`
  }
  return `L2: it broke: ${String(error)}`
}
