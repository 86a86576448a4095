// The committed records of a topic as an Observable.
import { Observable } from 'rxjs'
import { openReader, type ValueReader } from '../codec/topic-codec.ts'
import type { Ports } from '../engine/environment.ts'
import { learnSchemas } from '../engine/input.ts'
import { isMillraceError, isRetriable, MillraceError } from '../model/errors.ts'
import type { Headers, RecordBatch } from '../model/record-batch.ts'
import { specOf, type Topic, type TopicSpec } from '../model/topic.ts'
import type { PartitionReader } from '../ports/record-log.ts'

/** A record that is committed: no reader will ever see it taken back. */
export interface Committed<T> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: T
  /** The record's timestamp, ms since epoch. */
  readonly time: number
  readonly headers: Headers
}

export interface ObserveOptions {
  /** `'latest'` (the default): what is committed from the subscription on; `'earliest'`: first everything that the topic holds. */
  readonly from?: 'earliest' | 'latest'
  /** What a value that cannot be read does: `'fail'` (the default) ends the Observable with its error, `'skip'` leaves it out. */
  readonly malformed?: 'fail' | 'skip'
}

export type ObservedPorts = Pick<Ports, 'log' | 'registry' | 'clock'>

/** Bytes of a read: other work of the process runs between two of them. */
const AT_ONCE = 1_000_000
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 10_000

/** Topics to observe, until it is closed. */
export class Observatory {
  readonly #ports: ObservedPorts
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<void>>()
  constructor(ports: ObservedPorts) {
    this.#ports = ports
  }
  /**
   * What is committed to a topic, read anew by every subscriber. Each partition comes in offset order; between partitions there is no order. Records
   * without a value (tombstones, marks) are left out. Nothing is remembered: a subscriber that must not miss a record over restarts is a processor.
   *
   * While the log is away it waits. It completes when the observatory is closed, and errors with TOPIC_UNKNOWN, with OFFSET_OUT_OF_RANGE when records
   * were removed before they were read, or with what a value's codec throws.
   */
  observe<T>(topic: Topic<T, unknown>, options: ObserveOptions = {}): Observable<Committed<T>> {
    const spec = specOf(topic)
    return new Observable(subscriber => {
      const observation = new Observation(this.#ports, spec, options, this.#closing.signal, r => subscriber.next(r as Committed<T>))
      const running = observation.run().then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      )
      this.#running.add(running)
      void running.then(() => this.#running.delete(running))
      subscriber.add(() => observation.stop())
    })
  }
  /** Everybody is told what is committed by now, then that it is over. */
  async close(): Promise<void> {
    this.#closing.abort('closed')
    await Promise.all(this.#running)
  }
}

/** One subscriber's reading. */
class Observation {
  readonly #ports: ObservedPorts
  readonly #spec: TopicSpec
  readonly #options: ObserveOptions
  /** Ends it when it has read everything. */
  readonly #closing: AbortSignal
  readonly #next: (record: Committed<unknown>) => void
  readonly #values: ValueReader
  /** Ends it here and now. */
  readonly #over = new AbortController()
  /** Whoever waits for records looks again. */
  readonly #awake = new AbortController()

  constructor(ports: ObservedPorts, spec: TopicSpec, options: ObserveOptions, closing: AbortSignal, next: (r: Committed<unknown>) => void) {
    this.#ports = ports
    this.#spec = spec
    this.#options = options
    this.#closing = closing
    this.#next = next
    this.#values = openReader(spec.value, 'all')
  }
  /** Until it is over. @throws what ends the Observable */
  async run(): Promise<void> {
    const wake = (): void => this.#awake.abort('closing')
    if (this.#closing.aborted) wake()
    else this.#closing.addEventListener('abort', wake)
    try {
      const { name } = this.#spec
      const positions = await this.#persistently(() => this.#beginning(name))
      await Promise.all((positions ?? []).map((from, partition) => this.#follow(partition, from)))
    } finally {
      this.#closing.removeEventListener('abort', wake)
      this.stop()
    }
  }
  stop(): void {
    this.#over.abort('over')
    this.#awake.abort('over')
  }
  async #beginning(name: string): Promise<readonly number[]> {
    const { log } = this.#ports
    const topic = await log.topic(name)
    if (topic === null) throw new MillraceError('TOPIC_UNKNOWN', `there is no topic '${name}' to observe`, { where: { topic: name } })
    const bounds = await Promise.all(Array.from({ length: topic.partitions }, (_, p) => log.bounds(name, p)))
    return bounds.map(b => (this.#options.from === 'earliest' ? b.start : b.stable))
  }
  async #follow(partition: number, from: number): Promise<void> {
    const at = { position: from }
    await this.#persistently(async () => {
      const reader = await this.#ports.log.reader(this.#spec.name, partition, at.position)
      try {
        while ((await this.#step(reader, at)) === 'going on');
      } finally {
        reader.close()
      }
    })
  }
  async #step(reader: PartitionReader, at: { position: number }): Promise<'going on' | 'over'> {
    if (this.#over.signal.aborted) return 'over'
    const closing = this.#closing.aborted // asked before the read: what is committed by then is told
    const { batches, next } = await reader.fetch(AT_ONCE)
    for (const batch of batches) {
      await learnSchemas(this.#values, batch, this.#ports.registry)
      this.#emit(batch, at)
    }
    if (next !== at.position || batches.length > 0) {
      at.position = Math.max(at.position, next)
      await this.#ports.clock.breathe()
      return 'going on'
    }
    if (closing) return 'over'
    await reader.arrived(this.#awake.signal)
    return 'going on'
  }
  #emit(batch: RecordBatch, at: { position: number }): void {
    for (let i = batch.indexOf(at.position); i < batch.count && !this.#over.signal.aborted; i++) {
      const bytes = batch.value(i)
      const value = bytes === null ? ABSENT : this.#read(batch, i, bytes)
      at.position = batch.offset(i) + 1 // before it is told: nobody hears of it twice
      if (value === ABSENT) continue
      const { topic, partition } = batch
      const key = batch.key(i)?.toString() ?? null
      this.#next({ topic, partition, offset: batch.offset(i), key, value, time: batch.time(i), headers: batch.headers(i) })
    }
  }
  #read(batch: RecordBatch, i: number, bytes: Buffer): unknown {
    try {
      return this.#values.read(bytes, 0, bytes.length)
    } catch (error) {
      if (this.#options.malformed === 'skip') return ABSENT
      const { topic, partition } = batch
      const offset = batch.offset(i)
      const { code, message } = isMillraceError(error) ? error : new MillraceError('INTERNAL', String(error))
      throw new MillraceError(code, `${topic}/${partition}@${offset}: ${message}`, { cause: error, where: { topic, partition, offset } })
    }
  }
  /** Tries again with back-off for as long as that may help; undefined when it is over. */
  async #persistently<T>(attempt: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 0; !this.#over.signal.aborted; failures++) {
      try {
        return await attempt()
      } catch (error) {
        if (!isRetriable(error) || (isMillraceError(error) && error.code === 'OFFSET_OUT_OF_RANGE')) throw error
        if (this.#awake.signal.aborted) return undefined // there is no time to wait
        await this.#ports.clock.sleep(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures), this.#awake.signal)
      }
    }
    return undefined
  }
}

const ABSENT = Symbol('absent')
