// What may go goes: records past their retention, segments without any batch that counts, and segments that are mostly dead, whose rest is moved first.
import type { Retention } from '../../model/topic.ts'
import type { Catalog, StartNote } from './catalog.ts'
import { type BatchSource, draftFrame } from './frame.ts'
import type { Journal, Landed } from './journal.ts'
import type { IndexEntry, PartitionIndex } from './partition-index.ts'
import { bodiesOf } from './reader.ts'
import type { Segment, Segments } from './segments.ts'

/** A segment is emptied when less than this part of it counts: the log takes at most about twice what it holds, and no byte freed costs more than one byte written. */
const LIVE_ENOUGH = 0.5
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

/** Copies what counts out of mostly dead segments to the end of the journal. Returns the bytes moved. */
export async function emptyMostlyDead(upkeep: Upkeep): Promise<number> {
  const { segments, journal, catalog } = upkeep
  const chosen = new Set<number>()
  let planned = 0
  const ratio = (s: Segment): number => s.live / s.size
  for (const segment of segments.all().toSorted((a, b) => ratio(a) - ratio(b))) {
    if (segment.number >= journal.active || segment.live === 0 || ratio(segment) >= LIVE_ENOUGH || planned >= MOVE_BUDGET) continue
    chosen.add(segment.number)
    planned += segment.live
  }
  if (chosen.size === 0) return 0
  let moved = 0
  for (const { topic, partition, index } of catalog.indexes()) {
    const entries: IndexEntry[] = []
    for (let i = 0; i < index.count; i++) if (chosen.has(index.segmentOf(i))) entries.push(index.entry(i))
    for (const some of portions(entries)) {
      const current = some.filter(({ base, span }) => base + span > index.start) // not deleted meanwhile
      const bodies = await bodiesOf(segments, index, current)
      const moves = current.map(({ base, span, records, maxTime, crc, length }, i): Move => {
        const { bytes, at } = bodies[i]!
        const body = bytes.subarray(at, at + length)
        return { index, source: { topic: topic.number, partition, base, span, records, maxTime, crc, body } }
      })
      moved += (await land(upkeep, moves)).bytes
    }
  }
  return moved
}

function* portions(entries: readonly IndexEntry[]): Generator<readonly IndexEntry[]> {
  for (let from = 0, to = 0, bytes = 0; from < entries.length; from = to, bytes = 0) {
    do bytes += entries[to++]!.length
    while (to < entries.length && bytes + entries[to]!.length <= MOVE_BYTES)
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
