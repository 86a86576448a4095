// One partition as a broker holds it: records of open, committed and aborted transactions between control markers, all with offsets of their own.
import { MillraceError } from '../../model/errors.ts'
import type { Columns } from '../../model/record-batch.ts'
import { RecordBatch } from '../../model/record-batch.ts'
import type { Bounds, Fetched } from '../../ports/record-log.ts'
import type { Readable } from './arrivals.ts'
import type { Backstage } from './wire.ts'

/** Who wrote a batch, and what became of it. */
export interface Writer {
  readonly transactionalId: string
  readonly epoch: number
  readonly verdict: 'open' | 'commit' | 'abort'
}

/** A batch of records, or (without one) the marker that ended a transaction here. */
export interface LogEntry {
  readonly base: number
  /** Offset after its last record. */
  readonly end: number
  readonly writer: Writer
  readonly records: RecordBatch | null
}

/** ms that a broker may take to delete, whether who asked for it is still there or not. */
const DELETED_WITHIN = 1_000

/** A deletion that a broker has begun. */
export class Deletion {
  readonly #land: () => void
  readonly #backstage: Backstage
  readonly #cancel: () => void
  #state: 'begun' | 'hurried' | 'done' = 'begun'
  readonly #told: (() => void)[] = []
  constructor(land: () => void, backstage: Backstage) {
    this.#land = land
    this.#backstage = backstage
    this.#cancel = backstage.within(DELETED_WITHIN, 'log.delete', () => this.#end())
  }
  hurry(): void {
    if (this.#state !== 'begun') return
    this.#state = 'hurried'
    this.#cancel()
    this.#backstage.later('log.delete', () => this.#end())
  }
  whenDone(fire: () => void): void {
    if (this.#state === 'done') fire()
    else this.#told.push(fire)
  }
  #end(): void {
    this.#state = 'done'
    this.#land()
    for (const fire of this.#told.splice(0)) fire()
  }
}

export class Partition implements Readable {
  readonly topic: string
  readonly number: number
  start = 0
  end = 0
  /** What a new leader knows of the end until the next append; null: all of it. */
  known: number | null = null
  readonly entries: LogEntry[] = []
  /** First offset of each transaction that is open here, oldest first. */
  readonly #open = new Map<Writer, number>()
  #waiters: (() => void)[] = []
  /** The last that was begun. */
  #deletion: Deletion | null = null

  constructor(topic: string, number: number) {
    this.topic = topic
    this.number = number
  }
  /** Last stable offset: below it every transaction is decided, and its marker written. */
  get stable(): number {
    for (const first of this.#open.values()) return Math.max(first, this.start)
    return this.end
  }
  /** What is told to who asks; behind the truth after a leader move. */
  bounds(): Bounds {
    const end = Math.max(this.start, this.known ?? this.end)
    return { start: this.start, stable: Math.min(this.stable, end), end }
  }
  append(writer: Writer, columns: Columns): number {
    const base = this.end
    if (columns.count === 0) return -1
    if (!this.#open.has(writer)) this.#open.set(writer, base)
    this.#push(writer, columns.count, new RecordBatch(this.topic, this.number, base, columns))
    return base
  }
  /** Ends the writer's transaction here. */
  mark(writer: Writer): void {
    this.#open.delete(writer)
    this.#push(writer, 1, null)
    this.#wake()
  }
  #push(writer: Writer, count: number, records: RecordBatch | null): void {
    this.entries.push({ base: this.end, end: this.end + count, writer, records })
    this.end += count
    this.known = null
  }
  /** @throws OFFSET_OUT_OF_RANGE */
  beginDeletion(before: number, backstage: Backstage): Deletion {
    this.#refuseToDelete(before)
    this.#deletion = new Deletion(() => this.deleteBelow(before), backstage)
    return this.#deletion
  }
  hurryDeletion(): void {
    this.#deletion?.hurry()
  }
  deleteBelow(before: number): void {
    this.#refuseToDelete(before)
    if (!(before > this.start)) return
    this.start = before
    const gone = this.#indexOf(before)
    this.entries.splice(0, gone)
    this.#wake()
  }
  /** `some` says how many of the batches that would be given are given. */
  read(from: number, maxBytes: number, some: (available: number) => number): Fetched {
    this.#refuseOutside(from)
    const { stable, end } = this.bounds()
    const { next, batches } = this.#readTo(from, maxBytes, stable, some)
    return { from, next, batches, caughtUp: next === stable && stable === end && end === this.end }
  }
  #readTo(from: number, maxBytes: number, stable: number, some: (available: number) => number): Pick<Fetched, 'next' | 'batches'> {
    const found: LogEntry[] = []
    let next = from
    let bytes = 0
    for (let i = this.#indexOf(from); i < this.entries.length; i++) {
      const entry = this.entries[i]!
      if (entry.end > stable || (found.length > 0 && bytes >= maxBytes)) break
      next = entry.end
      if (entry.records === null || entry.writer.verdict !== 'commit') continue
      bytes += entry.records.columns.bytes.length
      found.push(entry)
    }
    const given = found.length === 0 ? 0 : some(found.length)
    if (given < found.length) next = found[given]!.base
    return { next, batches: found.slice(0, given).map(e => e.records!) }
  }
  /** The entries from the one that holds `offset` on. */
  entriesFrom(offset: number): readonly LogEntry[] {
    return this.entries.slice(this.#indexOf(offset))
  }
  /** What a read-committed reader can see of `from … to`, by reading it as a reader does. */
  readStable(from: number, to: number): readonly RecordBatch[] {
    const batches: RecordBatch[] = []
    for (let position = from; position < to; ) {
      const fetched = this.#readTo(position, 1, this.stable, all => all)
      batches.push(...fetched.batches)
      if (fetched.next === position) break
      position = fetched.next
    }
    return batches
  }
  /** See RecordLog.offsetAt. */
  offsetAt(time: number): number {
    const { start, stable, end } = this.bounds()
    for (const { base, records, writer } of this.entries) {
      if (base >= stable) break
      if (records === null || writer.verdict !== 'commit') continue
      for (let i = records.indexOf(start); i < records.count; i++) if (records.time(i) >= time) return records.offset(i)
    }
    return end
  }
  whenReadable(position: number, fire: () => void): void {
    const { start, stable } = this.bounds()
    if (position < stable || position < start || position > this.end) fire()
    else this.#waiters.push(fire)
  }
  unwait(fire: () => void): void {
    this.#waiters = this.#waiters.filter(waiter => waiter !== fire)
  }
  /** A new leader that does not know yet that the last `behind` entries are committed. */
  moveLeader(behind: number): void {
    const entry = this.entries[Math.max(this.entries.length - behind, 0)]
    if (entry !== undefined) this.known = entry.base
  }
  /** The new leader has learned the rest. */
  learnEnd(): void {
    this.known = null
    this.#wake()
  }
  #wake(): void {
    for (const fire of this.#waiters.splice(0)) fire()
  }
  /** Index of the entry that holds `offset`. */
  #indexOf(offset: number): number {
    let low = 0
    for (let high = this.entries.length; low < high; ) {
      const middle = (low + high) >>> 1
      if (this.entries[middle]!.end <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
  #refuseToDelete(before: number): void {
    if (!(before <= this.end)) throw this.#outOfRange(`records below ${before} cannot be deleted`)
  }
  #refuseOutside(offset: number): void {
    if (!(offset >= this.start && offset <= this.end)) throw this.#outOfRange(`offset ${offset} is not in the log`)
  }
  #outOfRange(what: string): MillraceError {
    return new MillraceError('OFFSET_OUT_OF_RANGE', `${what}: ${this.topic}/${this.number} holds ${this.start} to ${this.end}`, {
      where: { topic: this.topic, partition: this.number },
    })
  }
}
