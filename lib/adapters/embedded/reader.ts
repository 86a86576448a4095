// Reads one partition: from memory at the end of the log, else from the segments, with the CRC of every batch checked.
import { MillraceError } from '../../model/errors.ts'
import { RecordBatch } from '../../model/record-batch.ts'
import type { Fetched, PartitionReader } from '../../ports/record-log.ts'
import { isWhole, readBody } from './frame.ts'
import type { IndexEntry, InMemory, PartitionIndex } from './partition-index.ts'
import type { Segments } from './segments.ts'

/** Batches of the partition that lie no further apart than this are read at once, with what lies between. */
const BRIDGE_BYTES = 32 << 10
const READ_BYTES = 4 << 20

/** A batch that was found: where it lies in memory, from the disk or from before. */
interface Located {
  readonly entry: IndexEntry
  memory: InMemory | null
}

/** Bodies of entries, from memory or disk. @throws DATA_CORRUPT, LOG_UNAVAILABLE */
export async function bodiesOf(segments: Segments, index: PartitionIndex, entries: readonly IndexEntry[]): Promise<readonly InMemory[]> {
  const located: Located[] = entries.map(entry => ({ entry, memory: index.memory.get(entry.base) ?? null }))
  const onDisk = located.filter(l => l.memory === null)
  const pinned = [...new Set(onDisk.map(l => l.entry.segment))]
  segments.pin(pinned)
  try {
    for (let at = 0; at < onDisk.length; ) at = await readRun(segments, onDisk, at)
  } finally {
    segments.unpin(pinned)
  }
  return located.map(l => l.memory!)
}

/** Reads `located[first]` and its near neighbours with one call; returns the number of the next one. */
async function readRun(segments: Segments, located: readonly Located[], first: number): Promise<number> {
  const { segment, position } = located[first]!.entry
  let next = first
  let end = position
  do {
    const { entry } = located[next]!
    end = entry.position + entry.length
    next++
  } while (next < located.length && near(located[next]!.entry, segment, end) && located[next]!.entry.position - position < READ_BYTES)
  const bytes = Buffer.allocUnsafeSlow(end - position)
  await segments.read(segment, bytes, position)
  for (let i = first; i < next; i++) {
    const { entry } = located[i]!
    const at = entry.position - position
    if (!isWhole(bytes, at, entry.length, entry.crc)) throw damaged(segments, entry)
    located[i]!.memory = { bytes, at }
  }
  return next
}

const near = (entry: IndexEntry, segment: number, end: number): boolean =>
  entry.segment === segment && entry.position >= end && entry.position - end <= BRIDGE_BYTES

function damaged(segments: Segments, { segment, position, length, base, span }: IndexEntry): MillraceError {
  const file = segments.pathOf(segment)
  return new MillraceError(
    'DATA_CORRUPT',
    `${file} is damaged: the batch at byte ${position} (${length} bytes, offsets ${base} to ${base + span - 1}) has a wrong checksum. Restore the data directory from a copy`,
    { where: { file, offset: base } },
  )
}

export interface Partition {
  readonly topic: string
  readonly partition: number
  readonly index: PartitionIndex
  readonly segments: Segments
  readonly isOpen: () => boolean
}

export const closedLog = (directory: string): MillraceError =>
  new MillraceError('LOG_UNAVAILABLE', `the record log in ${directory} is closed`, { where: { file: directory } })

export class EmbeddedReader implements PartitionReader {
  readonly #of: Partition
  readonly #done = new Set<() => void>()
  #position: number
  #closed = false
  constructor(partition: Partition, from: number) {
    this.#of = partition
    this.#position = from
  }

  async fetch(maxBytes: number): Promise<Fetched> {
    const { topic, partition, index, segments, isOpen } = this.#of
    if (!isOpen()) throw closedLog(segments.directory)
    const from = this.#position
    if (!(from >= index.start && from <= index.end))
      throw new MillraceError(
        'OFFSET_OUT_OF_RANGE',
        `${topic}/${partition} holds offsets ${index.start} to ${index.end}; there is nothing to read at ${from}`,
        { where: { topic, partition, offset: from } },
      )
    const entries: IndexEntry[] = []
    let next = from
    for (let i = index.find(from), bytes = 0; i < index.count && (entries.length === 0 || bytes < maxBytes); i++) {
      const entry = index.entry(i)
      next = entry.base + entry.span
      if (entry.records === 0) continue
      entries.push(entry)
      bytes += entry.length
    }
    const bodies = await bodiesOf(segments, index, entries)
    const batches = entries.map((entry, i) => {
      const { columns, deltas } = readBody(bodies[i]!.bytes, bodies[i]!.at)
      return new RecordBatch(topic, partition, entry.base, columns, deltas)
    })
    if (batches.length > 0 && batches[0]!.indexOf(from) === batches[0]!.count) batches.shift()
    if (this.#position === from) this.#position = next
    return { from, next, batches, caughtUp: next === index.end }
  }

  seek(offset: number): void {
    this.#position = offset
  }

  arrived(signal: AbortSignal): Promise<void> {
    const { index } = this.#of
    if (signal.aborted || this.#closed || this.#position !== index.end || !this.#of.isOpen()) return Promise.resolve()
    return new Promise(resolve => {
      const done = (): void => {
        forget()
        signal.removeEventListener('abort', done)
        this.#done.delete(done)
        resolve()
      }
      const forget = index.waitFor(done)
      signal.addEventListener('abort', done)
      this.#done.add(done)
    })
  }

  close(): void {
    this.#closed = true
    for (const done of [...this.#done]) done()
  }
}
