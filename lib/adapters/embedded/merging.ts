// Several batches of a partition, one after the other, as one: for compaction, and so that many small transactions do not stay many small batches.
import type { Columns } from '../../model/record-batch.ts'
import { type Shape, shapeOf } from './batch-body.ts'
import { readBody } from './frame.ts'
import type { IndexEntry, PartitionIndex } from './partition-index.ts'
import { bodiesOf } from './reader.ts'
import type { Segments } from './segments.ts'

export interface OpenedBatch {
  readonly entry: IndexEntry
  readonly columns: Columns
  readonly offset: (i: number) => number
}

/** Batches of `entries`, from memory or disk. @throws DATA_CORRUPT, LOG_UNAVAILABLE */
export async function openedBatches(
  segments: Segments,
  index: PartitionIndex,
  entries: readonly IndexEntry[],
): Promise<readonly OpenedBatch[]> {
  const bodies = await bodiesOf(segments, index, entries)
  return entries.map((entry, n) => {
    const { columns, deltas } = readBody(bodies[n]!.bytes, bodies[n]!.at)
    return { entry, columns, offset: i => entry.base + (deltas === null ? i : deltas[i]!) }
  })
}

/** Offsets that neighbours cover together. */
export const spanOf = (entries: readonly IndexEntry[]): number => entries.at(-1)!.base + entries.at(-1)!.span - entries[0]!.base

/** The records of neighbouring batches as one body that covers the same offsets. `kept`: numbers of the records that stay, per batch; null: all. */
export function mergedShape(batches: readonly OpenedBatch[], kept: readonly (readonly number[])[] | null): Shape {
  const { base } = batches[0]!.entry
  const count = batches.reduce((sum, { columns }, b) => sum + (kept === null ? columns.count : kept[b]!.length), 0)
  const bytes = Buffer.concat(batches.map(({ columns }) => columns.bytes))
  const [times, starts, deltas] = [new Float64Array(count), new Int32Array(count), new Int32Array(count)]
  const [keyLengths, valueLengths, headerLengths] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)]
  const gaps = count < spanOf(batches.map(b => b.entry))
  let [to, shift] = [0, 0]
  for (const [b, { columns, offset }] of batches.entries()) {
    const length = kept === null ? columns.count : kept[b]!.length
    for (let n = 0; n < length; n++, to++) {
      const i = kept === null ? n : kept[b]![n]!
      times[to] = columns.times[i]!
      starts[to] = shift + columns.starts[i]! // they still lie where they were
      keyLengths[to] = columns.keyLengths[i]!
      valueLengths[to] = columns.valueLengths[i]!
      headerLengths[to] = columns.headerLengths[i]!
      deltas[to] = offset(i) - base
    }
    shift += columns.bytes.length
  }
  return shapeOf({ count, times, bytes, starts, keyLengths, valueLengths, headerLengths }, gaps ? deltas : null)
}
