// Topics with retention 'compact': of each key only the newest record stays. Batches are rewritten in offset order into larger ones that cover
// the same offsets with gaps, so a crash in between leaves older records, never fewer.
import type { Columns } from '../../model/record-batch.ts'
import { mergedShape, type OpenedBatch, openedBatches, spanOf } from './merging.ts'
import type { IndexEntry, PartitionIndex } from './partition-index.ts'
import { land, type Upkeep } from './retention.ts'
import type { Segments } from './segments.ts'

/** A tombstone stays this long in record time, so that readers underway see the deletion. */
const TOMBSTONE_MS = 24 * 3_600_000

/**
 * Compacts partitions of which at least half, and at least `size` bytes, came since they were compacted last; small batches are put together
 * until they have that size. Returns how many records were forgotten and how many bytes written.
 */
export async function compact(upkeep: Upkeep, now: number, size: number): Promise<{ records: number; bytes: number }> {
  const sum = { records: 0, bytes: 0 }
  for (const { topic, partition, index } of upkeep.catalog.indexes()) {
    if (topic.settings.retention !== 'compact' || !isDue(index, size)) continue
    const end = index.end
    const newest = await newestOffsets(upkeep.segments, index, end, size)
    for (let from = index.start; from < end; ) {
      const entries = portion(index, from, end, size)
      if (entries.length === 0) break
      const batches = await openedBatches(upkeep.segments, index, entries)
      const kept = batches.map(batch => keptOf(batch, newest, now - TOMBSTONE_MS))
      const before = entries.reduce((n, e) => n + e.records, 0)
      const after = kept.reduce((n, k) => n + k.length, 0)
      if (after < before || entries.length > 1) {
        const source = { topic: topic.number, partition, base: entries[0]!.base, span: spanOf(entries), shape: mergedShape(batches, kept) }
        const { bytes, placed } = await land(upkeep, [{ index, source }])
        sum.bytes += bytes
        if (placed > 0) sum.records += before - after
      }
      from = entries.at(-1)!.base + entries.at(-1)!.span
    }
    index.compactedTo = end
  }
  return sum
}

/** New is what this process has not looked at; after a start, what lies behind the last batch with gaps (only compaction makes those). */
function isDue(index: PartitionIndex, size: number): boolean {
  let [dirty, all] = [0, 0]
  for (let i = index.count - 1, compacted = false; i >= 0; i--) {
    const { base, length, records, span } = index.entry(i)
    compacted ||= records < span || base < index.compactedTo
    all += length
    if (!compacted) dirty += length
  }
  return dirty >= size && dirty >= all / 2
}

function portion(index: PartitionIndex, from: number, end: number, size: number): readonly IndexEntry[] {
  const entries: IndexEntry[] = []
  for (let i = index.find(from), bytes = 0; i < index.count && bytes < size; i++) {
    const entry = index.entry(i)
    if (entry.base >= end || (entries.length > 0 && entry.base + entry.span - entries[0]!.base >= 2 ** 31)) break
    entries.push(entry)
    bytes += entry.length
  }
  return entries
}

const keyOf = ({ bytes, starts, keyLengths }: Columns, i: number): string | null =>
  keyLengths[i]! < 0 ? null : bytes.toString('latin1', starts[i]!, starts[i]! + keyLengths[i]!)

/** Offset of the newest record of each key below `end`. */
async function newestOffsets(segments: Segments, index: PartitionIndex, end: number, size: number): Promise<Map<string, number>> {
  const newest = new Map<string, number>()
  for (let at = index.start; at < end; ) {
    const entries = portion(index, at, end, size)
    if (entries.length === 0) break
    for (const { columns, offset } of await openedBatches(segments, index, entries))
      for (let i = 0; i < columns.count; i++) {
        const key = keyOf(columns, i)
        if (key !== null) newest.set(key, offset(i))
      }
    at = entries.at(-1)!.base + entries.at(-1)!.span
  }
  return newest
}

/** Numbers of the records that stay: the newest of their key, but no old tombstones; records without a key always. */
function keptOf({ columns, offset }: OpenedBatch, newest: ReadonlyMap<string, number>, tombstonesSince: number): readonly number[] {
  const kept: number[] = []
  for (let i = 0; i < columns.count; i++) {
    const key = keyOf(columns, i)
    if (key !== null && newest.get(key) !== offset(i)) continue
    if (key !== null && columns.valueLengths[i]! < 0 && columns.times[i]! < tombstonesSince) continue
    kept.push(i)
  }
  return kept
}
