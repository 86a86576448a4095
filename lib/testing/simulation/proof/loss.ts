// L3: what is lost is said. A disaster that no engine can mend befalls the job when all is quiet; each must end in DATA_LOSS, none in silence.
import { ledgerTopic } from '../../../engine/ledger.ts'
import { writesOf } from './input.ts'
import { APP, events, STREAM } from './job.ts'
import type { Staging } from './staging.ts'
import { InputWriter } from './writer.ts'

const DISASTERS = ['the ledger is lost', 'the ledger is cut off', 'records are lost before they were read'] as const
const LEDGER = ledgerTopic(APP, STREAM)
const MOST_DRAWS = 5_000

/** Lets a disaster happen. @returns what is violated, or null; also when nothing was there that could be lost */
export async function lossViolation(staging: Staging): Promise<string | null> {
  const disaster = staging.chance.pick(DISASTERS)
  const { simulation } = staging
  staging.kill()
  if ((await befall(disaster, staging)) === 'spared') return null
  simulation.tally.add(disaster)
  const end = await simulation.run(() => staging.stopped !== null, { limit: MOST_DRAWS })
  if (staging.stopped?.includes(': DATA_LOSS: ')) return null
  return end === 'reached'
    ? `L3: ${disaster}, and a task stopped for another reason: ${staging.stopped}`
    : `L3: ${disaster}, and nobody said so`
}

async function befall(
  disaster: (typeof DISASTERS)[number],
  { simulation, watch, shape, input, chance }: Staging,
): Promise<'struck' | 'spared'> {
  const { broker } = simulation.world
  switch (disaster) {
    case 'the ledger is lost': {
      // Without a committed offset nobody can know that there was a ledger.
      if (!watch.tasks.some(t => t.last !== null && broker.committed(`${APP}.${STREAM}`, events.name, t.partition) !== null))
        return 'spared'
      const settings = broker.topic(LEDGER)!
      broker.dropTopic(LEDGER)
      broker.createTopic(settings)
      return 'struck'
    }
    case 'the ledger is cut off': {
      const whole = watch.tasks.filter(t => t.last?.kind === 'epoch' && t.lastAt > broker.partition(LEDGER, t.partition).start)
      if (whole.length === 0) return 'spared'
      const { partition, lastAt } = chance.pick(whole)
      broker.partition(LEDGER, partition).deleteBelow(lastAt)
      return 'struck'
    }
    case 'records are lost before they were read': {
      const known = watch.tasks.filter(t => t.last !== null)
      if (known.length === 0 || input.length === 0) return 'spared'
      const writes = writesOf(input, shape.partitions).filter(w => known.some(t => t.partition === w.partition))
      if (writes.length === 0) return 'spared'
      await new InputWriter(simulation.world).write(writes, 'lost')
      for (const { partition } of writes) {
        const lost = broker.partition(events.name, partition)
        lost.deleteBelow(lost.end)
      }
      return 'struck'
    }
  }
}
