// What may go goes: records past their retention, segments without any batch that counts, and, once their rest is moved, segments that are mostly
// dead or full of small batches.
import type { Retention } from '../../model/topic.ts'
import type { Catalog, StartNote } from './catalog.ts'
import { type BatchSource, draftFrame } from './frame.ts'
import type { Journal, Landed } from './journal.ts'
import { mergedShape, openedBatches, spanOf } from './merging.ts'
import type { IndexEntry, InMemory, PartitionIndex } from './partition-index.ts'
import { bodiesOf } from './reader.ts'
import type { Segment, Segments } from './segments.ts'

/** A segment is emptied when less than this part of it counts: the log takes at most about twice what it holds, and no byte freed costs more than one byte written. */
const LIVE_ENOUGH = 0.5
/** Small batches are put together up to this size: what the index costs in memory and the start in time goes with their number. */
const MERGED_BYTES = 256 << 10
/** Fewer batches are not worth it. */
const MANY_BATCHES = 1_024
/** Moved in one frame, so that commits need not wait for more than this. */
const MOVE_BYTES = 4 << 20
/** Read and written by one call at most (and one segment more). */
const MOVE_BUDGET = 128 << 20

/** What is kept up: the parts of an open log. */
export interface Upkeep {
  readonly catalog: Catalog
  readonly journal: Journal
  readonly segments: Segments
  /** Removes the file's name for good. */
  readonly removed: () => Promise<void>
}

/** A batch that a 'moved' frame is to hold, in the place of the entries that cover its offsets now. */
export interface Move {
  readonly index: PartitionIndex
  readonly source: BatchSource
}

/** Where partitions of topics with a time limit are to start: no batch before holds a record younger than the limit. */
export function expiredStarts(catalog: Catalog, now: number): readonly StartNote[] {
  const starts: StartNote[] = []
  for (const { topic, partition, index } of catalog.indexes()) {
    const retention: Retention = topic.settings.retention
    if (typeof retention !== 'number') continue
    let gone = 0
    while (gone < index.count && index.maxTimeOf(gone) < now - retention) gone++
    if (gone > 0) starts.push([topic.number, partition, index.nextOf(gone - 1)])
  }
  return starts
}

/** Makes new starts durable, then true. */
export async function moveStarts({ catalog, journal }: Pick<Upkeep, 'catalog' | 'journal'>, starts: readonly StartNote[]): Promise<void> {
  if (starts.length > 0) await journal.append(draftFrame('change', { starts }), () => catalog.change({ starts }))
}

/** Removes segments in which nothing counts. Returns how many, and their bytes. */
export async function removeDead({ segments, journal, removed }: Upkeep): Promise<{ segments: number; bytes: number }> {
  const dead = segments.all().filter(s => s.live === 0 && s.size > 0 && s.number < journal.active)
  for (const { number } of dead) await segments.remove(number)
  if (dead.length > 0) await removed()
  return { segments: dead.length, bytes: dead.reduce((sum, s) => sum + s.size, 0) }
}

/**
 * Copies what counts out of segments that are mostly dead, and small batches out of segments that hold many, to the end of the journal; neighbours
 * become one batch. Returns the bytes written.
 */
export async function rewriteSegments(upkeep: Upkeep): Promise<number> {
  const { segments, catalog } = upkeep
  const leaving = worthRewriting(upkeep)
  if (leaving.size === 0) return 0
  let moved = 0
  for (const { topic, partition, index } of catalog.indexes()) {
    const entries: IndexEntry[] = []
    for (let i = 0; i < index.count; i++) {
      const what = leaving.get(index.segmentOf(i))
      if (what === 'all' || (what === 'small' && isSmall(index.lengthOf(i)))) entries.push(index.entry(i))
    }
    const runs = [...neighbours(entries)].filter(run => run.length > 1 || leaving.get(run[0]!.segment) === 'all')
    for (let from = 0, to = 0; from < runs.length; from = to) {
      for (let bytes = 0; to < runs.length && bytes < MOVE_BYTES; to++) bytes += sizeOf(runs[to]!)
      const moves: Move[] = []
      for (const run of runs.slice(from, to)) {
        const kept = run.filter(({ base, span }) => base + span > index.start) // not deleted meanwhile
        if (kept.length === 0) continue
        const place = { topic: topic.number, partition, base: kept[0]!.base, span: spanOf(kept) }
        if (kept.length > 1)
          moves.push({ index, source: { ...place, shape: mergedShape(await openedBatches(segments, index, kept), null) } })
        else {
          const [{ records, maxTime, crc, length }] = kept as [IndexEntry]
          const [{ bytes, at }] = (await bodiesOf(segments, index, kept)) as [InMemory]
          moves.push({ index, source: { ...place, records, maxTime, crc, body: bytes.subarray(at, at + length) } })
        }
      }
      moved += (await land(upkeep, moves)).bytes
    }
  }
  return moved
}

/** A batch that is put together with its neighbours. Larger ones stay where they are: what was put together once is not copied with every new one. */
const isSmall = (length: number): boolean => length < MERGED_BYTES / 2

/**
 * What is to leave which segments: all of one of which less than half counts, the small batches of one in which many lie beside another; within the
 * budget, the deadest first.
 */
function worthRewriting({ segments, journal, catalog }: Upkeep): ReadonlyMap<number, 'all' | 'small'> {
  const small = new Map<number, { joins: number; bytes: number }>()
  for (const { index } of catalog.indexes())
    for (let i = 1; i < index.count; i++) {
      const number = index.segmentOf(i)
      if (index.segmentOf(i - 1) !== number || !isSmall(index.lengthOf(i - 1)) || !isSmall(index.lengthOf(i))) continue
      let found = small.get(number)
      if (found === undefined) small.set(number, (found = { joins: 0, bytes: 0 }))
      found.joins++
      found.bytes += index.lengthOf(i)
    }
  const ratio = (s: Segment): number => s.live / s.size
  const leaving = new Map<number, 'all' | 'small'>()
  let planned = 0
  for (const segment of segments.all().toSorted((a, b) => ratio(a) - ratio(b))) {
    if (segment.number >= journal.active || segment.live === 0 || planned >= MOVE_BUDGET) continue
    const { joins, bytes } = small.get(segment.number) ?? { joins: 0, bytes: 0 }
    if (ratio(segment) >= LIVE_ENOUGH && joins < MANY_BATCHES) continue
    const what = ratio(segment) < LIVE_ENOUGH ? 'all' : 'small'
    leaving.set(segment.number, what)
    planned += what === 'all' ? segment.live : bytes
  }
  return leaving
}

const sizeOf = (run: readonly IndexEntry[]): number => run.reduce((sum, { length }) => sum + length, 0)

/** Cuts entries into runs of neighbours that make one batch of a good size. */
function* neighbours(entries: readonly IndexEntry[]): Generator<readonly IndexEntry[]> {
  for (let from = 0, to = 0; from < entries.length; from = to) {
    let bytes = 0
    do bytes += entries[to++]!.length
    while (
      to < entries.length &&
      entries[to]!.base === entries[to - 1]!.base + entries[to - 1]!.span &&
      entries[to]!.base + entries[to]!.span - entries[from]!.base < 2 ** 31 &&
      bytes + entries[to]!.length <= MERGED_BYTES
    )
    yield entries.slice(from, to)
  }
}

/** Writes the moves in one frame and lets the index point there. What was deleted or moved meanwhile stays so: its new copy is dead at birth. */
export async function land({ journal }: Pick<Upkeep, 'journal'>, moves: readonly Move[]): Promise<{ bytes: number; placed: number }> {
  if (moves.length === 0) return { bytes: 0, placed: 0 }
  let placed = 0
  const draft = draftFrame(
    'moved',
    {},
    moves.map(m => m.source),
  )
  await journal.append(draft, ({ segment, position, batches }: Landed) => {
    for (const [i, { index }] of moves.entries()) {
      const { base, span, records, maxTime, length, crc, position: at } = batches[i]!
      if (index.replace({ base, span, records, maxTime, length, crc, segment, position: position + at })) placed++
    }
  })
  return { bytes: draft.bytes.length, placed }
}
