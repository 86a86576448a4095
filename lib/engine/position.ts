// Where an input is begun, and a stored position against what the log really holds: gone is a loss that is said loudly, never a jump (O5).
import { MillraceError } from '../model/errors.ts'
import type { SourceSpec } from '../model/stage.ts'
import type { Clock } from '../ports/clock.ts'
import type { Bounds, RecordLog } from '../ports/record-log.ts'

/** Where a processor without a position begins, as its author says. */
export async function firstPosition(
  log: RecordLog,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  start: SourceSpec['start'],
): Promise<number> {
  if (typeof start === 'object') return log.offsetAt(topic, partition, start.at.getTime())
  const bounds = await log.bounds(topic, partition)
  return start === 'earliest' ? bounds.start : bounds.end
}

const ASKS = 20
const BETWEEN_ASKS_MS = 250

/**
 * Refuses a position outside the log. Just after a leader change a log may not know its own end yet, so an end below the position is asked again for some seconds.
 * @param whose for the message: what holds the position
 * @throws DATA_LOSS
 */
export async function checkPosition(
  log: RecordLog,
  clock: Clock,
  at: { topic: string; partition: number; position: number; whose: string },
): Promise<void> {
  const { topic, partition, position, whose } = at
  let bounds: Bounds = await log.bounds(topic, partition)
  for (let ask = 1; position > bounds.end && ask < ASKS; ask++) {
    await clock.sleep(BETWEEN_ASKS_MS)
    bounds = await log.bounds(topic, partition)
  }
  if (position >= bounds.start && position <= bounds.end) return
  throw new MillraceError(
    'DATA_LOSS',
    `the position ${position} of ${whose} in ${topic}/${partition} lies outside what the log holds (${bounds.start} to ${bounds.end})`,
    {
      where: { topic, partition, offset: position },
    },
  )
}
