// Values from outside the engine into topics: each call one transaction, in order, and exactly once also when an outcome is not known.
import { openWriter } from '../codec/topic-codec.ts'
import { codecSpecOf } from '../model/codec.ts'
import { isRetriable, MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import type { TopicSpec } from '../model/topic.ts'
import type { PartitionWrite, TransactionalProducer } from '../ports/record-log.ts'
import { Cursor } from '../stages/context.ts'
import type { Ports } from './environment.ts'
import { Outbox, type TargetTopic, TopicSender } from './outbox.ts'

/** A value and the time of its record where its topic declares no time field, ms since epoch. */
export interface TimedValue {
  readonly value: unknown
  readonly time: number
}

/** A record without a value: what there is of its key is gone (S1.1). */
export interface TimedTombstone {
  readonly tombstone: Key
  readonly time: number
}

export interface TopicWriterOptions {
  /** Names the transactions: one writer at a time has it, a new one fences the one before. */
  readonly id: string
  /** Of topics that do not say their own and do not exist yet. */
  readonly partitions: number
  /** `'as given'`: values whose time is none are written all the same, for a reader to refuse. Default 'checked'. */
  readonly times?: 'checked' | 'as given'
}

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 10_000

export class TopicWriter {
  readonly #ports: Pick<Ports, 'log' | 'registry' | 'clock' | 'random'>
  readonly #options: TopicWriterOptions
  readonly #targets = new Map<string, Promise<TargetTopic>>()
  readonly #hurry = new AbortController()
  #state: 'open' | 'closed' = 'open'
  #producer: TransactionalProducer | null = null
  /** Every transaction commits a name of its own as the metadata of a group offset: whether it has landed can be asked. */
  readonly #nonce: string
  #sent = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(ports: Pick<Ports, 'log' | 'registry' | 'clock' | 'random'>, options: TopicWriterOptions) {
    this.#ports = ports
    this.#options = options
    this.#nonce = ports.random.uuid()
  }
  /**
   * Writes values to a topic, all or none; resolves when they are durable. Calls follow one another. Waits while the log is away.
   * @throws VALUE_REFUSED, KEY_MISSING, EVENT_TIME_INVALID, RECORD_TOO_LARGE (nothing was written); TOPIC_DIFFERS, SCHEMA_INCOMPATIBLE and what else does not pass by itself;
   * LOG_UNAVAILABLE when it is closed
   */
  write(topic: TopicSpec, values: readonly (TimedValue | TimedTombstone)[]): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new MillraceError('LOG_UNAVAILABLE', `the writer '${this.#options.id}' is closed`))
    const written = this.#last.then(() => this.#write(topic, values))
    this.#last = written.catch(() => {})
    return written
  }
  /** From here on nothing is waited for: what cannot be written at once fails with what keeps it from it. */
  hurry(): void {
    this.#hurry.abort('hurry')
  }
  /** What was given to it is written or fails at once; then nothing is written any more. Never throws. */
  async close(): Promise<void> {
    this.#state = 'closed'
    this.hurry()
    await this.#last
    await this.#producer?.close()
    this.#producer = null
  }

  async #write(topic: TopicSpec, values: readonly (TimedValue | TimedTombstone)[]): Promise<void> {
    const target = await this.#persistently(() => this.#target(topic))
    const outbox = new Outbox()
    const cursor = new Cursor()
    const sender = new TopicSender(outbox, target, cursor, this.#options.times)
    for (const each of values) {
      cursor.at = each.time
      if ('tombstone' in each) sender.tombstone(each.tombstone)
      else sender.send(each.value)
    }
    const writes = outbox.take()
    if (writes.length === 0) return
    const name = `${this.#nonce}:${++this.#sent}`
    await this.#persistently(() => this.#commit(topic.name, writes, name))
  }
  /** The topic, ready to be written: it exists, its schema is registered. */
  #target(topic: TopicSpec): Promise<TargetTopic> {
    const known = this.#targets.get(topic.name) ?? this.#opened(topic)
    this.#targets.set(topic.name, known)
    known.catch(() => this.#targets.delete(topic.name))
    return known
  }
  async #opened(topic: TopicSpec): Promise<TargetTopic> {
    const { log, registry } = this.#ports
    const { name, retention } = topic
    const there = topic.partitions === null ? await log.topic(name) : null
    const partitions = there?.partitions ?? topic.partitions ?? this.#options.partitions
    if (there === null) await log.createTopic({ name, partitions, retention })
    const codec = codecSpecOf(topic.value)
    const id = codec.codec === 'avro' ? await registry.register(`${name}-value`, codec.schema) : null
    return { spec: topic, partitions, writer: openWriter(topic.value, id) }
  }
  /** Commits, unless an attempt before this one has landed: behind a fence the last name tells. */
  async #commit(topic: string, writes: readonly PartitionWrite[], name: string): Promise<void> {
    const { log } = this.#ports
    const { id } = this.#options
    if (this.#producer === null) {
      const producer = log.producer(id)
      await producer.fence()
      this.#producer = producer
      if ((await log.committed(id, topic, 0))?.metadata === name) return
    }
    try {
      await this.#producer.commit({ offsets: { group: id, metadata: name, offsets: [{ topic, partition: 0, next: 0 }] }, writes })
    } catch (error) {
      this.#producer = null // I8: the handle is dead
      throw error
    }
  }
  /** Tries again with back-off for as long as that may help. */
  async #persistently<T>(attempt: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      const last = this.#hurry.signal.aborted
      try {
        return await attempt()
      } catch (error) {
        if (last || !isRetriable(error)) throw error
        await this.#ports.clock.sleep(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures), this.#hurry.signal)
      }
    }
  }
}
