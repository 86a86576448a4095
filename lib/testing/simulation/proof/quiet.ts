// What must hold when everything is read and nothing moves any more: I12, and that no dead letter waits.
import { committedRecords, unstableViolation } from '../oracle.ts'
import type { World } from '../world.ts'
import { APP, direct, events, running, type Shape, SINK, STREAM, viaOf } from './job.ts'
import type { Watch } from './watch.ts'

/** I12: group offset = position of the last meta = end of the log; of a sink, its stored offset. */
export function positionsViolation(world: World, watch: Watch, shape: Shape): string | null {
  const { broker, database } = world
  const lost = broker.tally.of('group offsets lost') > 0
  for (const { last, partition } of watch.tasks) {
    for (const topic of [events.name, viaOf(shape)]) {
      if (topic === null) continue
      const { end } = broker.partition(topic, partition)
      // Without records and without a meta there is nothing to commit.
      const position = last === null ? 0 : last.positions[topic]
      const group = broker.committed(`${APP}.${STREAM}`, topic, partition)?.next ?? (lost || last === null ? position : undefined)
      if (position !== end || group !== end)
        return `I12: ${topic}/${partition} ends at ${end}, its last meta says ${position}, its group ${group}`
    }
    for (const topic of [direct.name, running.name]) {
      const { end } = broker.partition(topic, partition)
      const loaded = database.positions.find(s => s.sink === SINK && s.topic === topic && s.partition === partition)?.next
      if (loaded !== end) return `I12: ${topic}/${partition} ends at ${end}, its sink stands at ${loaded}`
    }
  }
  return null
}

/** Dead letters of the sink are forwarded at least once. */
export function lettersViolation({ broker, database }: World): string | null {
  const topic = `${APP}.${SINK}.dlq`
  if (broker.topic(topic) === null) return null
  const text = (v: Uint8Array | undefined): string => Buffer.from(v ?? []).toString()
  const forwarded = new Set(
    committedRecords(broker, topic, 0).map(({ headers }) =>
      ['topic', 'partition', 'offset'].map(name => text(headers.get(`millrace-${name}`))).join('/'),
    ),
  )
  const missing = database.letters.find(l => !forwarded.has(`${l.topic}/${l.partition}/${l.offset}`))
  return missing === undefined ? null : `L1: the dead letter of ${missing.topic}/${missing.partition}/${missing.offset} is not forwarded`
}

export const quietViolation = (world: World, watch: Watch, shape: Shape): string | null =>
  unstableViolation(world.broker) ?? positionsViolation(world, watch, shape) ?? lettersViolation(world)
