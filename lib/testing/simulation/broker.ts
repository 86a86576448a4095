// The cluster behind simulated record logs: topics, transactions, group offsets and groups. It outlives every client.
import { MillraceError } from '../../model/errors.ts'
import type { Columns } from '../../model/record-batch.ts'
import type { CommittedOffset, OffsetCommit, TopicSettings, Transaction } from '../../ports/record-log.ts'
import { recordBytes } from './columns-copy.ts'
import { Coordinator, type LogTransaction } from './coordinator.ts'
import { Tally } from './faults.ts'
import { Group } from './groups.ts'
import { Partition } from './partition.ts'
import { type Backstage, IMMEDIATE } from './wire.ts'

/** Kafka's own limit: letters, digits, `.`, `_`, `-`. */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/
/** Kafka's default `message.max.bytes`. */
const RECORD_BYTES = 1_048_588
/** Kafka's `offset.metadata.max.bytes` (K11). */
const METADATA_BYTES = 4_096

interface Topic {
  readonly settings: TopicSettings
  readonly partitions: readonly Partition[]
}
export interface StoredOffset extends CommittedOffset {
  readonly group: string
  readonly topic: string
  readonly partition: number
}

export class Broker {
  readonly coordinator: Coordinator
  readonly backstage: Backstage
  readonly tally: Tally
  /** Transactions whose group offsets were stored, in that order. */
  readonly offsetTransactions: LogTransaction[] = []
  /** Commits, topics and deletions are refused while it is. */
  disk: 'free' | 'full' = 'free'
  /** Goes up with every change of group offsets. */
  offsetsVersion = 0
  readonly #topics = new Map<string, Topic>()
  #partitions: readonly Partition[] | null = null
  readonly #offsets = new Map<string, StoredOffset>()
  readonly #groups = new Map<string, Group>()

  constructor(backstage: Backstage = IMMEDIATE, tally: Tally = new Tally()) {
    this.backstage = backstage
    this.tally = tally
    this.coordinator = new Coordinator(backstage, tally, transaction => this.#storeOffsets(transaction))
  }
  get topics(): readonly TopicSettings[] {
    return [...this.#topics.values()].map(t => t.settings)
  }
  /** Of all topics, in the order of their making. */
  get partitions(): readonly Partition[] {
    return (this.#partitions ??= [...this.#topics.values()].flatMap(t => t.partitions))
  }
  get offsets(): readonly StoredOffset[] {
    return [...this.#offsets.values()]
  }
  get groups(): readonly Group[] {
    return [...this.#groups.values()]
  }
  topic(name: string): TopicSettings | null {
    return this.#topics.get(name)?.settings ?? null
  }
  createTopic({ name, partitions, retention }: TopicSettings): 'created' | 'exists' {
    const invalid = (why: string): MillraceError => new MillraceError('TOPIC_INVALID', `topic '${name}' cannot be created: ${why}`)
    if (!TOPIC_NAME.test(name)) throw invalid(`a name has 1 to 249 letters, digits, '.', '_' or '-'`)
    if (!(Number.isInteger(partitions) && partitions > 0 && partitions <= 10_000)) throw invalid(`${partitions} partitions: 1 to 10000`)
    if (
      typeof retention === 'number'
        ? !(Number.isSafeInteger(retention) && retention >= 0)
        : retention !== 'forever' && retention !== 'compact'
    )
      throw invalid(`retention ${String(retention)}: a duration, 'forever' or 'compact'`)
    const there = this.#topics.get(name)
    if (there === undefined) {
      this.refuseWhenFull()
      this.#partitions = null
      const numbers = Array.from({ length: partitions }, (_, i) => i)
      this.#topics.set(name, { settings: { name, partitions, retention }, partitions: numbers.map(i => new Partition(name, i)) })
      return 'created'
    }
    if (there.settings.partitions === partitions) return 'exists'
    throw new MillraceError('TOPIC_DIFFERS', `topic '${name}' has ${there.settings.partitions} partitions, not ${partitions}`)
  }
  /** For faults: everything of it is gone, as if an operator had deleted it. */
  dropTopic(name: string): void {
    const dropped = this.#topics.get(name)
    this.#topics.delete(name)
    this.#partitions = null
    for (const partition of dropped?.partitions ?? []) partition.learnEnd()
  }
  /** @throws TOPIC_UNKNOWN */
  partition(topic: string, partition: number): Partition {
    const found = this.#topics.get(topic)?.partitions[partition]
    if (found !== undefined) return found
    const why = this.#topics.has(topic) ? `topic '${topic}' has no partition ${partition}` : `there is no topic '${topic}'`
    throw new MillraceError('TOPIC_UNKNOWN', why, { where: { topic, partition } })
  }
  /** @throws DISK_FULL */
  refuseWhenFull(): void {
    if (this.disk === 'full') throw new MillraceError('DISK_FULL', 'the disk of the simulated cluster is full')
  }
  /** Refuses a transaction that cannot be written, before anything of it is. @throws TOPIC_UNKNOWN, RECORD_TOO_LARGE, DISK_FULL */
  refuse({ writes, offsets }: Transaction): void {
    for (const { topic, partition, columns } of writes) {
      this.partition(topic, partition)
      refuseTooLarge(topic, partition, columns)
    }
    for (const { topic, partition } of offsets?.offsets ?? []) this.partition(topic, partition)
    const metadata = Buffer.byteLength(offsets?.metadata ?? '')
    if (metadata > METADATA_BYTES)
      throw new MillraceError('RECORD_TOO_LARGE', `offset metadata of ${metadata} bytes: at most ${METADATA_BYTES}`)
    this.refuseWhenFull()
  }
  committed(group: string, topic: string, partition: number): CommittedOffset | null {
    const stored = this.#offsets.get(offsetKey(group, topic, partition))
    return stored === undefined ? null : { next: stored.next, metadata: stored.metadata }
  }
  /** Sets group offsets outside any transaction, as an operator does. */
  setOffsets({ group, metadata, offsets }: OffsetCommit): void {
    this.offsetsVersion++
    for (const { topic, partition, next } of offsets)
      this.#offsets.set(offsetKey(group, topic, partition), { group, topic, partition, next, metadata })
  }
  /** For faults: the group's offsets are gone. */
  loseOffsets(group: string): void {
    this.offsetsVersion++
    for (const [key, stored] of this.#offsets) if (stored.group === group) this.#offsets.delete(key)
  }
  group(name: string, tasks: number): Group {
    let group = this.#groups.get(name)
    if (group === undefined) this.#groups.set(name, (group = new Group(tasks)))
    return group
  }
  #storeOffsets(transaction: LogTransaction): void {
    this.offsetTransactions.push(transaction)
    this.setOffsets(transaction.offsets!)
  }
}

export const offsetKey = (group: string, topic: string, partition: number): string => `${group}\n${topic}\n${partition}`

function refuseTooLarge(topic: string, partition: number, columns: Columns): void {
  for (let i = 0; i < columns.count; i++) {
    const bytes = recordBytes(columns, i)
    if (bytes > RECORD_BYTES)
      throw new MillraceError('RECORD_TOO_LARGE', `record ${i} for ${topic}/${partition} has ${bytes} bytes: at most ${RECORD_BYTES}`, {
        where: { topic, partition },
      })
  }
}
