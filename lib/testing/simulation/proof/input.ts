// What a seed gives the job to do.
import type { Tuning } from '../../../engine/environment.ts'
import { partitionOf } from '../../../model/key.ts'
import { columnsOf } from '../../../model/record-batch.ts'
import type { PartitionWrite } from '../../../ports/record-log.ts'
import { BEGINNING } from '../clock.ts'
import type { SeededRandom } from '../random.ts'
import { type Event, events, type Shape, SIZE } from './job.ts'
import type { Theme } from './themes.ts'

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
const GROUPS = ['x', 'y', 'z']

export const shapeOf = (random: SeededRandom, theme: Theme): Shape => ({
  partitions: theme === 'memory' ? 1 : random.between(1, 3),
  epochRecords: random.between(1, 8),
  idle: theme !== 'idleness' && random.below(2) === 0 ? 'never' : random.between(20, 120),
  hop: random.pick([SIZE, SIZE, SIZE / 2]),
  regrouped: random.pick(['records', 'records', 'results', 'results', 'nothing']),
  emit: random.pick(['on-close', 'on-update']),
  keys: theme === 'memory' ? KEYS.length : random.pick([2, 6, KEYS.length]), // with few of them some partitions have nothing
  disorder: random.pick([60, 60, 120]),
})

/** As small as they may be: a read, a snapshot and an APPLY of a few entries take many calls, as large ones do. */
export const tuningOf = (random: SeededRandom, theme: Theme): Partial<Tuning> => ({
  ledgerReadBytes: 200,
  applyEntries: theme === 'memory' ? 1 : 2,
  markEveryMs: 20,
  applyEveryMs: theme === 'memory' ? 15 : random.pick([15, 40, 150]),
  snapshotBytes: random.pick([500, 1_200, 2_500]),
  residentEntries: theme === 'memory' ? 1 : random.pick([1, 1, 2, 1_000]),
})

/** Events in the order of writing. */
export function eventsOf(random: SeededRandom, n: number, { keys, disorder }: Shape): readonly Event[] {
  const used = KEYS.slice(0, keys)
  let now = BEGINNING
  return Array.from({ length: n }, (_, id) => {
    now += random.below(40)
    return {
      id,
      k: random.pick(used),
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
