// Runs processors by the real engine over simulated ports, where nothing waits for real time: push in, let time pass, look at what came out.
import { openReader, openWriter } from '../codec/topic-codec.ts'
import type { Tuning } from '../engine/environment.ts'
import { Outbox, TopicSender } from '../engine/outbox.ts'
import { Worker } from '../engine/worker.ts'
import { codecSpecOf } from '../model/codec.ts'
import { MillraceError } from '../model/errors.ts'
import type { RecordBatch } from '../model/record-batch.ts'
import { type Table, tableSpecOf } from '../model/table.ts'
import type { Duration } from '../model/time.ts'
import { specOf, type Topic, type TopicSpec } from '../model/topic.ts'
import type { Feed } from '../ports/feed.ts'
import { type Observer, SILENT } from '../ports/observer.ts'
import type { TransactionalProducer } from '../ports/record-log.ts'
import { Cursor } from '../stages/context.ts'
import type { Processor } from '../stages/processor.ts'
import { DrivenClock } from './driven-clock.ts'
import { FeedSource } from './simulation/feed.ts'
import { SeededRandom } from './simulation/random.ts'
import { portsOver, type SimulatedPorts, World } from './simulation/world.ts'
import { DIRECT } from './simulation/wire.ts'

export interface DriveOptions {
  /** Of every topic that does not say its own. Default 1. */
  readonly partitions?: number
  /** Wall time at the beginning, ms since epoch. Default: the time of the first values pushed, at least the beginning of 2024. */
  readonly startAt?: number
  /** The feeds that the processors read, by their names: texts, a record each, or a feed of files. */
  readonly feeds?: Readonly<Record<string, readonly string[] | Feed>>
  readonly tuning?: Partial<Tuning>
}

/** A record of a topic, as a read-committed reader sees it. */
export interface SeenRecord<T> {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: T
  /** The record's timestamp. */
  readonly time: number
  readonly headers: Readonly<Record<string, string>>
}
export interface SeenDeadLetter {
  readonly code: string
  readonly message: string
  readonly stage: string
  /** Where the refused record stands. */
  readonly topic: string
  readonly offset: number
  /** Its bytes as text; null is a tombstone. */
  readonly value: string | null
}
export interface SeenLate {
  readonly processor: string
  readonly window: string
  readonly windows: number
  readonly lateByMs: number
}

const APP = 'driven'
/** Turns of the event loop within which the engine must come to rest. */
const PATIENCE = 5_000_000

/**
 * Runs processors until `stop()`; several of them see each other's topics. Everything resolves when the engine has nothing left to do at that time.
 * @throws what stops a task
 * @example
 * const driven = await drive(eventAggregator)
 * await driven.push(orderEvents, order)
 * await driven.drain()
 * await driven.results(orderAggregates)
 */
export async function drive(processors: Processor | readonly Processor[], options: DriveOptions = {}): Promise<Driven> {
  const driven = new Driven(options)
  await driven.start(Array.isArray(processors) ? processors : [processors as Processor])
  return driven
}

export class Driven {
  /** Records that missed windows, in the order in which they came. */
  readonly late: SeenLate[] = []
  readonly #clock: DrivenClock
  readonly #ports: SimulatedPorts
  readonly #world = new World()
  readonly #worker: Worker
  readonly #partitions: number
  readonly #processors: string[] = []
  readonly #failures: MillraceError[] = []
  readonly #dropped = new Map<string, Record<string, number>>()
  #producer: TransactionalProducer | null = null
  /** Until the first values say what time it is: what happened is not ahead of the clock. */
  #time: 'given' | 'open'

  constructor({ partitions = 1, startAt, feeds = {}, tuning = {} }: DriveOptions) {
    this.#clock = new DrivenClock(startAt)
    this.#time = startAt === undefined ? 'open' : 'given'
    this.#partitions = partitions
    const ports = (this.#ports = portsOver(this.#world, DIRECT, this.#clock, new SeededRandom(1)))
    const fed = Object.entries(feeds).map(([name, given]): [string, Feed] => {
      if ('open' in given) return [name, given]
      const records = given.map(value => ({ time: this.#clock.now(), key: null, value }))
      return [name, ports.feed(new FeedSource(name, records))]
    })
    const observer: Observer = {
      ...SILENT,
      late: ({ processor }, event) => this.late.push({ processor, ...event }),
      epoch: ({ processor }, { dropped }) => {
        const totals = this.#dropped.get(processor) ?? {}
        for (const [stage, records] of Object.entries(dropped)) totals[stage] = (totals[stage] ?? 0) + records
        this.#dropped.set(processor, totals)
      },
      failure: (_task, { code, message, where }) => this.#failures.push(new MillraceError(code, message, { where })),
    }
    this.#worker = new Worker({ ...ports, feeds: new Map(fed), observer }, { app: APP, partitions, tuning })
  }
  async start(processors: readonly Processor[]): Promise<void> {
    for (const processor of processors) {
      await this.#worker.start(processor)
      this.#processors.push(processor.id)
    }
    await this.#rest()
  }
  /** Writes values to a topic, as one transaction. */
  async push<T>(topic: Topic<T, unknown>, ...values: readonly NoInfer<T>[]): Promise<void> {
    const { log, registry } = this.#ports
    const spec = specOf(topic)
    this.#setTime(spec, values)
    const codec = codecSpecOf(spec.value)
    const id = codec.codec === 'avro' ? await registry.register(`${spec.name}-value`, codec.schema) : null
    const { partitions } = await this.#topic(spec)
    const outbox = new Outbox()
    const cursor = new Cursor()
    cursor.at = this.#clock.now()
    const sender = new TopicSender(outbox, { spec, partitions, writer: openWriter(spec.value, id) }, cursor)
    for (const value of values) sender.send(value)
    if (this.#producer === null) {
      this.#producer = log.producer('driver')
      await this.#producer.fence()
    }
    await this.#producer.commit({ writes: outbox.take() })
    await this.#rest()
  }
  /** Lets wall time pass. */
  async advance(by: Duration): Promise<void> {
    let left: number = by
    for (let next = this.#clock.untilNext(); next <= left; next = this.#clock.untilNext()) {
      await this.#clock.pass(next)
      left -= next
      await this.#rest()
    }
    await this.#clock.pass(left)
    await this.#rest()
  }
  /** Reads everything that there is and closes every window, one processor after the other in the order in which they were given. */
  async drain(): Promise<void> {
    await this.#until(this.#worker.drain(this.#processors), 'be drained')
    await this.#rest()
  }
  /** The values of a topic, by partition and offset. */
  async results<T>(topic: Topic<T, unknown>): Promise<readonly T[]> {
    return (await this.records(topic)).map(r => r.value)
  }
  /** The records of a topic, by partition and offset; records without a value (marks) are left out. */
  async records<T>(topic: Topic<T, unknown>): Promise<readonly SeenRecord<T>[]> {
    const spec = specOf(topic)
    await this.#topic(spec)
    const values = openReader(spec.value, 'all')
    const seen: SeenRecord<T>[] = []
    for (const batch of await this.#batches(spec.name)) {
      for (let i = 0; i < batch.count; i++) {
        const bytes = batch.value(i)
        if (bytes === null) continue
        const id = values.missing(bytes, 0, bytes.length)
        if (id !== null) values.learn(id, await this.#ports.registry.schema(id))
        const value = values.read(bytes, 0, bytes.length) as T
        const [key, headers] = [batch.key(i)?.toString() ?? null, headersOf(batch, i)]
        seen.push({ partition: batch.partition, offset: batch.offset(i), key, value, time: batch.time(i), headers })
      }
    }
    return seen
  }
  /** What a processor refused. Those of one that loads tables are there a second later. */
  async deadLetters(processor: Processor): Promise<readonly SeenDeadLetter[]> {
    const name = processor.options.deadLetters?.to ?? `${APP}.${processor.id}.dlq`
    return (await this.#batches(name)).flatMap(batch =>
      Array.from({ length: batch.count }, (_, i): SeenDeadLetter => {
        const headers = headersOf(batch, i)
        const [code, message, stage, topic, offset] = ['error-code', 'error-message', 'stage', 'topic', 'offset'].map(
          h => headers[`millrace-${h}`]!,
        )
        return {
          code: code!,
          message: message!,
          stage: stage!,
          topic: topic!,
          offset: Number(offset),
          value: batch.value(i)?.toString() ?? null,
        }
      }),
    )
  }
  /** Records that stages of a processor dropped and counted, by stage. */
  dropped(processor: Processor): Readonly<Record<string, number>> {
    return { ...this.#dropped.get(processor.id) }
  }
  /** What a table holds. */
  rows<Row>(table: Table<Row>): readonly Row[] {
    return this.#world.database.rows(tableSpecOf(table as never).name) as readonly Row[]
  }
  /** Closes the tasks; what they have committed stays to be looked at. */
  async stop(): Promise<void> {
    await this.#worker.stop()
  }

  #setTime({ time }: TopicSpec, values: readonly unknown[]): void {
    if (this.#time === 'given' || time === 'record-timestamp') return
    this.#time = 'given'
    const latest = Math.max(...(values.map(v => (v as Readonly<Record<string, unknown>>)[time]).filter(Number.isSafeInteger) as number[]))
    if (latest > this.#clock.now() && latest !== Infinity) this.#clock.jump(latest - this.#clock.now())
  }
  async #topic(spec: TopicSpec): Promise<{ readonly partitions: number }> {
    const { log } = this.#ports
    const { name, partitions, retention } = spec
    const there = await log.topic(name)
    if (there === null || (partitions !== null && partitions !== there.partitions))
      await log.createTopic({ name, partitions: partitions ?? this.#partitions, retention })
    return (await log.topic(name))!
  }
  async #batches(topic: string): Promise<readonly RecordBatch[]> {
    const { log } = this.#ports
    const batches: RecordBatch[] = []
    const partitions = (await log.topic(topic))?.partitions ?? 0
    for (let p = 0; p < partitions; p++) {
      const { start } = await log.bounds(topic, p)
      const reader = await log.reader(topic, p, start)
      for (let caughtUp = false; !caughtUp; ) {
        const fetched = await reader.fetch(1_000_000)
        batches.push(...fetched.batches)
        caughtUp = fetched.caughtUp
      }
      reader.close()
    }
    return batches
  }
  /** Every task waits for records or for time. */
  async #rest(): Promise<void> {
    const clock = this.#clock
    for (let turns = 0; turns < PATIENCE; turns++) {
      await clock.breathe()
      const [failure] = this.#failures
      if (failure !== undefined) throw failure
      if (clock.asleep < this.#worker.lives().length) continue
      if (clock.untilNext() > 0) return
      await clock.pass(0)
    }
    throw new MillraceError('INTERNAL', `the tasks do not come to rest: ${this.#states()}`)
  }
  async #until(done: Promise<void>, what: string): Promise<void> {
    let state: 'under way' | 'over' = 'under way'
    const over = done.finally(() => {
      state = 'over'
    })
    over.catch(() => {})
    for (let turns = 0; state === 'under way'; turns++) {
      if (turns === PATIENCE) throw new MillraceError('INTERNAL', `the tasks cannot ${what}: ${this.#states()}`)
      await this.#clock.breathe()
    }
    await over
  }
  #states(): string {
    return this.#worker
      .lives()
      .map(l => `${l.labels.processor}/${l.labels.partition} is ${l.state}`)
      .join(', ')
  }
}

const headersOf = (batch: RecordBatch, i: number): Readonly<Record<string, string>> => {
  const headers = batch.headers(i)
  return Object.fromEntries([...headers.names()].map(name => [name, Buffer.from(headers.get(name) ?? []).toString()]))
}
