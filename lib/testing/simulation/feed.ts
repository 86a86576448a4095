// A feed over records in memory: for processors that read files, without files.
import { createHash } from 'node:crypto'
import { MillraceError } from '../../model/errors.ts'
import { columnsOf, RecordBatch } from '../../model/record-batch.ts'
import type { Feed, FeedReader } from '../../ports/feed.ts'
import type { Fetched } from '../../ports/record-log.ts'
import { Arrivals, type Readable } from './arrivals.ts'
import { type Broken, DIRECT, type Wire } from './wire.ts'

export type FeedRecord = Parameters<typeof columnsOf>[0][number]
const unreadable: Broken = what => new MillraceError('FILE_UNREADABLE', `the feed could not be read: ${what}`)

/** What is fed: it outlives every process that reads it. Record i has offset i. */
export class FeedSource implements Readable {
  readonly name: string
  readonly end: 'bounded' | 'unbounded'
  /** Records per batch. */
  readonly batchRecords: number
  readonly #records: FeedRecord[]
  #waiters: (() => void)[] = []
  #over = false
  #mark: string | null = null

  constructor(name: string, records: readonly FeedRecord[], end: 'bounded' | 'unbounded' = 'bounded', batchRecords = 100) {
    this.name = name
    this.end = end
    this.batchRecords = batchRecords
    this.#records = [...records]
  }
  get count(): number {
    return this.#records.length
  }
  /** Whether who has read all of it has reached its end. */
  get over(): boolean {
    return this.end === 'bounded' || this.#over
  }
  /** More records, of a feed without an end. */
  push(...records: readonly FeedRecord[]): void {
    if (this.end === 'bounded') throw new MillraceError('INTERNAL', `feed '${this.name}' is bounded: it cannot be given more records`)
    this.#over = false
    this.#records.push(...records)
    for (const fire of this.#waiters.splice(0)) fire()
  }
  /** What was pushed is all for now: it can be read to its end, until more is pushed. */
  pause(): void {
    this.#over = true
  }
  /** Says whether a later opening has the same records: bounded feeds are told apart by their content. */
  mark(): string {
    return (this.#mark ??= `${this.end} ${this.#digest()}`)
  }
  #digest(): string {
    const digest = createHash('sha256').update(this.name)
    if (this.end === 'bounded') {
      const { bytes, times, keyLengths, valueLengths, headerLengths } = columnsOf(this.#records)
      for (const part of [bytes, times, keyLengths, valueLengths, headerLengths]) digest.update(part)
    }
    return digest.digest('hex')
  }
  /** @throws OFFSET_OUT_OF_RANGE */
  read(from: number, maxBytes: number): Fetched {
    if (!(from >= 0 && from <= this.count))
      throw new MillraceError('OFFSET_OUT_OF_RANGE', `feed '${this.name}' holds offsets 0 to ${this.count}, not ${from}`)
    const batches: RecordBatch[] = []
    let next = from
    for (let bytes = 0; next < this.count && (batches.length === 0 || bytes < maxBytes); ) {
      const columns = columnsOf(this.#records.slice(next, next + this.batchRecords))
      batches.push(new RecordBatch(this.name, 0, next, columns))
      bytes += columns.bytes.length
      next += columns.count
    }
    return { from, next, batches, caughtUp: next === this.count }
  }
  whenReadable(position: number, fire: () => void): void {
    if (position < this.count) fire()
    else this.#waiters.push(fire)
  }
  unwait(fire: () => void): void {
    this.#waiters = this.#waiters.filter(waiter => waiter !== fire)
  }
}

/** The Feed port over a source: one opening of it, in one process. */
export class SimulatedFeed implements Feed {
  readonly source: FeedSource
  readonly #wire: Wire
  #read = 0

  constructor(source: FeedSource, wire: Wire = DIRECT) {
    this.source = source
    this.#wire = wire
  }
  get name(): string {
    return this.source.name
  }
  open(from: number, mark: string | null): Promise<FeedReader> {
    const opened = (): FeedReader => {
      if (mark !== null && mark !== this.source.mark())
        throw new MillraceError('FILE_CHANGED', `feed '${this.name}' is not what it was when it was read up to ${from}`)
      this.#read = from
      return new SimulatedFeedReader(this.source, from, this.#wire, next => {
        this.#read = Math.max(this.#read, next)
      })
    }
    return this.#wire.call('feed.open', opened, unreadable)
  }
  mark(): Promise<string> {
    return this.#wire.call('feed.mark', () => this.source.mark(), unreadable)
  }
  progress(): number | null {
    if (this.source.end === 'unbounded') return null
    return this.source.count === 0 ? 1 : this.#read / this.source.count
  }
}

class SimulatedFeedReader implements FeedReader {
  readonly #source: FeedSource
  readonly #wire: Wire
  readonly #passed: (next: number) => void
  #position: number
  #seeks = 0
  #ended = false
  readonly #arrivals: Arrivals

  constructor(source: FeedSource, from: number, wire: Wire, passed: (next: number) => void) {
    this.#source = source
    this.#position = from
    this.#wire = wire
    this.#passed = passed
    this.#arrivals = new Arrivals(wire, 'feed.arrived')
  }
  get ended(): boolean {
    return this.#ended
  }
  async fetch(maxBytes: number): Promise<Fetched> {
    const from = this.#position
    const seeks = this.#seeks
    const fetched = await this.#wire.call('feed.fetch', () => this.#source.read(from, maxBytes), unreadable)
    if (seeks === this.#seeks) this.#position = fetched.next
    this.#ended = this.#source.over && fetched.caughtUp
    this.#passed(fetched.next)
    return fetched
  }
  seek(offset: number): void {
    this.#position = offset
    this.#seeks++
    this.#ended = false
  }
  arrived(signal: AbortSignal): Promise<void> {
    return this.#arrivals.at(this.#source, this.#position, signal)
  }
  close(): void {
    this.#arrivals.close()
  }
}
