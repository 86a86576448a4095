// What a seed gives the job to do.
import { partitionOf } from '../../../model/key.ts'
import { columnsOf } from '../../../model/record-batch.ts'
import type { PartitionWrite } from '../../../ports/record-log.ts'
import { BEGINNING } from '../clock.ts'
import type { SeededRandom } from '../random.ts'
import { type Event, events, type Shape, SIZE } from './job.ts'

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
const GROUPS = ['x', 'y', 'z']

export const shapeOf = (random: SeededRandom): Shape => ({
  partitions: random.between(1, 3),
  epochRecords: random.between(1, 8),
  idle: random.below(3) === 0 ? 'never' : random.between(20, 120),
  hop: random.pick([SIZE, SIZE, SIZE / 2]),
  regrouped: random.pick(['records', 'records', 'results', 'results', 'nothing']),
  emit: random.pick(['on-close', 'on-update']),
  disorder: random.pick([60, 60, 120]),
})

/** Events in the order of writing. */
export function eventsOf(random: SeededRandom, n: number, disorder: number): readonly Event[] {
  const keys = KEYS.slice(0, random.pick([2, 6, 9])) // with few of them some partitions have nothing
  let now = BEGINNING
  return Array.from({ length: n }, (_, id) => {
    now += random.below(40)
    return {
      id,
      k: random.pick(keys),
      g: random.pick(GROUPS),
      at: Math.max(BEGINNING, now - random.below(disorder)),
      n: random.below(12) === 0 ? -1 : random.below(10) === 0 ? 0 : id,
    }
  })
}

export const partitionOfKey = (k: string, partitions: number): number => partitionOf(Buffer.from(k), partitions)

/** Writes of these events to their partitions. */
export const writesOf = (some: readonly Event[], partitions: number): readonly PartitionWrite[] =>
  Array.from({ length: partitions }, (_, partition) => ({
    topic: events.name,
    partition,
    columns: columnsOf(
      some.filter(e => partitionOfKey(e.k, partitions) === partition).map(e => ({ time: e.at, key: e.k, value: JSON.stringify(e) })),
    ),
  })).filter(w => w.columns.count > 0)
