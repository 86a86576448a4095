// The record log in this process, on local disk: puts journal, catalog, memory, producers and readers together (decision 0002).
import { join } from 'node:path'
import { MillraceError, messageOf } from '../../model/errors.ts'
import { TOPIC_NAME } from '../../model/topic.ts'
import type { RecordLog, TopicSettings } from '../../ports/record-log.ts'
import { Catalog } from './catalog.ts'
import { compact } from './compaction.ts'
import { diskFiles, type Files } from './files.ts'
import { draftFrame, readBody } from './frame.ts'
import { Journal } from './journal.ts'
import type { DirectoryLock } from './lock.ts'
import { Groups } from './membership.ts'
import { Producers } from './producer.ts'
import { bodiesOf, closedLog, EmbeddedReader } from './reader.ts'
import { recover, type TornTail } from './recovery.ts'
import { rewriteSegments, expiredStarts, moveStarts, removeDead, type Upkeep } from './retention.ts'
import { Segments } from './segments.ts'
import { TailMemory } from './tail-memory.ts'

export interface EmbeddedLogOptions {
  /** The newest transactions stay in memory up to this many bytes. Default 32 MB. */
  readonly memoryBytes?: number
  /** Size of a journal file. Default 64 MB. */
  readonly segmentBytes?: number
  /** Largest transaction: RECORD_TOO_LARGE beyond. Default 64 MB, at most 1 GB. */
  readonly transactionBytes?: number
  /** A partition of a 'compact' topic is compacted when at least this much, and half of it, is new. Default 1 MB. */
  readonly compactionBytes?: number
  /** Told when the journal's end was torn by a crash and cut off: written, but never acknowledged to anybody. */
  readonly tornTail?: (tail: TornTail) => void
  /** The file operations; tests put failing ones here. */
  readonly files?: Files
}

export interface MaintenanceReport {
  /** Partitions whose start was moved by their topic's retention. */
  readonly expiredPartitions: number
  /** Records that compaction forgot. */
  readonly compactedRecords: number
  /** Bytes copied out of segments that were mostly dead or full of small batches, or by compaction. */
  readonly movedBytes: number
  readonly removedSegments: number
  readonly removedBytes: number
}

export interface EmbeddedLog extends RecordLog {
  /**
   * Applies retention and gives disk space back. Call it about once a minute; one call moves at most about 128 MB.
   * @param now ms since epoch
   * @throws DISK_FULL, DATA_CORRUPT, LOG_UNAVAILABLE. Nothing is lost by an error; the next call goes on.
   */
  maintain(now: number): Promise<MaintenanceReport>
  /** Size of the journal's files. */
  sizeBytes(): number
}

/**
 * Opens the record log in `<directory>/log` of a locked data directory; makes it if it is not there.
 * @throws DATA_CORRUPT, DATA_DIR_UNUSABLE, DISK_FULL
 */
export async function openEmbeddedLog(lock: DirectoryLock, options: EmbeddedLogOptions = {}): Promise<EmbeddedLog> {
  const {
    files = diskFiles,
    tornTail = () => {},
    segmentBytes = 64 << 20,
    memoryBytes = 32 << 20,
    transactionBytes = 64 << 20,
    compactionBytes = 1 << 20,
  } = options
  if (lock.state !== 'held')
    throw new MillraceError('DATA_DIR_UNUSABLE', `the lock on ${lock.directory} was released; take it again before the log is opened`)
  const directory = join(lock.directory, 'log')
  const segments = new Segments(files, directory)
  const catalog = new Catalog(segments.live)
  try {
    await files.makeDirectory(directory)
    const last = await recover({ files, segments, catalog, tornTail })
    const endOf = (entry: { topic: number; partition: number }): number => catalog.byNumber(entry.topic)!.partitions[entry.partition]!.end
    const journal = new Journal({ files, segments, segmentBytes, state: () => catalog.state(), endOf, last })
    return new DiskLog({
      files,
      segments,
      catalog,
      journal,
      memoryBytes,
      compactionBytes,
      transactionBytes: Math.min(transactionBytes, 1 << 30),
    })
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw new MillraceError('DATA_DIR_UNUSABLE', `the record log in ${directory} cannot be opened: ${messageOf(error)}`, {
      cause: error,
      where: { file: directory },
    })
  }
}

interface Parts {
  readonly files: Files
  readonly segments: Segments
  readonly catalog: Catalog
  readonly journal: Journal
  readonly memoryBytes: number
  readonly transactionBytes: number
  readonly compactionBytes: number
}

class DiskLog implements EmbeddedLog {
  readonly #parts: Parts
  readonly #upkeep: Upkeep
  readonly #producers: Producers
  readonly #memory: TailMemory
  readonly #groups = new Groups()
  /** Topics on their way to the disk. */
  readonly #creating = new Map<string, Promise<unknown>>()
  #maintaining: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | null = null
  constructor(parts: Parts) {
    const { catalog, journal, segments, files, transactionBytes } = parts
    this.#parts = parts
    this.#memory = new TailMemory(parts.memoryBytes)
    this.#upkeep = { catalog, journal, segments, removed: () => files.syncDirectory(segments.directory) }
    this.#producers = new Producers({
      catalog,
      journal,
      transactionBytes,
      assertOpen: () => this.#open(),
      visible: (landed, notes) => {
        for (const batch of landed.batches) {
          const { base, span, records, maxTime, length, crc, position } = batch
          const place = { segment: landed.segment, position: landed.position + position, length, crc }
          catalog.indexOf(batch)!.append({ base, span, records, maxTime, ...place })
        }
        this.#memory.keep(landed, catalog)
        catalog.transaction(notes)
      },
    })
  }

  async createTopic({ name, partitions, retention }: TopicSettings): Promise<'created' | 'exists'> {
    const { catalog, journal } = this.#open()
    const refuse = (what: string): never => {
      throw new MillraceError('TOPIC_INVALID', `topic '${name}' cannot be created: ${what}`, { where: { topic: name } })
    }
    if (!TOPIC_NAME.test(name)) refuse("a name has 1 to 249 letters, digits, '.', '_' or '-'")
    if (!(Number.isInteger(partitions) && partitions >= 1 && partitions <= 10_000))
      refuse(`it cannot have ${partitions} partitions: 1 to 10000`)
    if (retention !== 'forever' && retention !== 'compact' && !(Number.isSafeInteger(retention) && retention >= 0))
      refuse(`retention ${retention} is no duration`)
    await this.#creating.get(name)?.catch(() => {})
    const existing = catalog.topics.get(name)
    if (existing !== undefined) {
      if (existing.settings.partitions === partitions) return 'exists'
      throw new MillraceError(
        'TOPIC_DIFFERS',
        `topic '${name}' has ${existing.settings.partitions} partitions, not ${partitions}; the number cannot be changed`,
        { where: { topic: name } },
      )
    }
    if (this.#creating.has(name)) return this.createTopic({ name, partitions, retention })
    const change = { topic: { number: catalog.newNumber(), settings: { name, partitions, retention } } }
    const creating = unavailable(journal.append(draftFrame('change', change), () => catalog.change(change)))
    this.#creating.set(name, creating)
    await creating.finally(() => this.#creating.delete(name))
    return 'created'
  }

  async topic(name: string): Promise<TopicSettings | null> {
    return this.#open().catalog.topics.get(name)?.settings ?? null
  }
  async topics(): Promise<readonly TopicSettings[]> {
    return [...this.#open().catalog.topics.values()].map(t => t.settings)
  }

  async bounds(topic: string, partition: number) {
    const { start, end } = this.#open().catalog.partition(topic, partition)
    return { start, stable: end, end } // nothing uncommitted is ever in the log
  }

  async offsetAt(topic: string, partition: number, time: number): Promise<number> {
    const { catalog, segments } = this.#open()
    const index = catalog.partition(topic, partition)
    for (let i = 0; i < index.count; i++) {
      if (index.maxTimeOf(i) < time) continue
      const entry = index.entry(i)
      const [body] = await bodiesOf(segments, index, [entry])
      const { columns, deltas } = readBody(body!.bytes, body!.at)
      for (let r = 0; r < columns.count; r++) {
        const offset = entry.base + (deltas === null ? r : deltas[r]!)
        if (offset >= index.start && columns.times[r]! >= time) return offset
      }
      i = index.find(entry.base + entry.span) - 1 // entries may have moved up meanwhile
    }
    return index.end
  }

  async deleteRecords(topic: string, partition: number, before: number): Promise<void> {
    const { catalog } = this.#open()
    const index = catalog.partition(topic, partition)
    if (!(before <= index.end))
      throw new MillraceError(
        'OFFSET_OUT_OF_RANGE',
        `${topic}/${partition} ends at ${index.end}; records below ${before} cannot be deleted`,
        {
          where: { topic, partition, offset: before },
        },
      )
    if (before > index.start) await unavailable(moveStarts(this.#upkeep, [[catalog.topicOf(topic).number, partition, before]]))
  }

  async committed(group: string, topic: string, partition: number) {
    const offset = this.#open().catalog.committed(group, topic, partition)
    return offset === undefined ? null : { next: offset.next, metadata: offset.metadata }
  }
  async groups() {
    return this.#open().catalog.groups()
  }

  producer(transactionalId: string) {
    return this.#producers.handle(transactionalId)
  }

  async reader(topic: string, partition: number, from: number) {
    const { catalog, segments } = this.#open()
    const index = catalog.partition(topic, partition)
    return new EmbeddedReader({ topic, partition, index, segments, isOpen: () => this.#closing === null }, from)
  }

  async join(group: string, tasks: number, assigned: (partitions: readonly number[]) => void) {
    this.#open()
    return this.#groups.join(group, tasks, assigned)
  }

  async maintain(now: number): Promise<MaintenanceReport> {
    const parts = this.#open()
    const result = this.#maintaining.then(() => this.#maintain(parts, now))
    this.#maintaining = result.catch(() => {})
    return unavailable(result)
  }
  async #maintain({ catalog, compactionBytes }: Parts, now: number): Promise<MaintenanceReport> {
    const starts = expiredStarts(catalog, now)
    await moveStarts(this.#upkeep, starts)
    const before = await removeDead(this.#upkeep) // first, since moving needs room
    const compacted = await compact(this.#upkeep, now, compactionBytes)
    const moved = await rewriteSegments(this.#upkeep)
    const after = await removeDead(this.#upkeep)
    return {
      expiredPartitions: starts.length,
      compactedRecords: compacted.records,
      movedBytes: moved + compacted.bytes,
      removedSegments: before.segments + after.segments,
      removedBytes: before.bytes + after.bytes,
    }
  }

  sizeBytes(): number {
    return this.#parts.segments.sizeBytes
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      const { catalog, journal, segments } = this.#parts
      this.#groups.close()
      await this.#maintaining
      await journal.close()
      for (const { index } of catalog.indexes()) index.wake()
      await segments.close()
    })()
    return this.#closing
  }

  /** The parts of an open log. @throws LOG_UNAVAILABLE */
  #open(): Parts {
    if (this.#closing !== null) throw closedLog(this.#parts.segments.directory)
    return this.#parts
  }
}

/** What is not a commit has no COMMIT_UNKNOWN: the caller asks again. */
async function unavailable<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'COMMIT_UNKNOWN')
      throw new MillraceError('LOG_UNAVAILABLE', error.message, { cause: error, where: error.where })
    throw error
  }
}
