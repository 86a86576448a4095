// The record log on a Kafka cluster. kafkajs carries the bytes; what is asked, in which order, and what an answer means is decided in this folder.
import { MillraceError } from '../../model/errors.ts'
import type {
  Bounds,
  CommittedOffset,
  Membership,
  PartitionReader,
  RecordLog,
  TopicSettings,
  TransactionalProducer,
} from '../../ports/record-log.ts'
import { type Sasl, selfCheck } from './client.ts'
import { type Address, Cluster } from './cluster.ts'
import { CODES } from './codes.ts'
import type { Compression } from './compression.ts'
import { refused } from './failures.ts'
import { GroupMember } from './membership.ts'
import { KafkaProducer } from './producer.ts'
import { KafkaReader } from './reader.ts'
import { fetchOffsets, listGroups } from './requests/groups.ts'
import { Topics } from './topics.ts'

export interface KafkaSettings {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[]
  readonly clientId?: string
  /** PEM texts; absent: connections are not encrypted. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sasl?: Sasl
  /** Replicas of topics that are made; default: the cluster's own default. */
  readonly replicas?: number
  /** Of what is written, default 'none'. Everything is read. */
  readonly compression?: Compression
  /** A request without an answer is given up after so long, default 15,000 ms. */
  readonly timeoutMs?: number
  /** Default 15,000 ms. */
  readonly transactionTimeoutMs?: number
  /** A member of a group that is silent so long is out, default 6,000 ms. */
  readonly sessionMs?: number
}

/** @throws LOG_UNAVAILABLE, LOG_REFUSED, BROKER_UNFIT, CLIENT_UNFIT, OPTION_INVALID */
export async function openKafkaLog(settings: KafkaSettings): Promise<RecordLog> {
  selfCheck()
  const log = new KafkaLog(settings)
  try {
    await log.connect()
    return log
  } catch (error) {
    await log.close()
    throw error
  }
}

/** Bytes of a read that looks for a time. */
const SEARCHED_BYTES = 4 << 20

class KafkaLog implements RecordLog {
  readonly #cluster: Cluster
  readonly #topics: Topics
  readonly #settings: Required<Pick<KafkaSettings, 'compression' | 'transactionTimeoutMs' | 'sessionMs'>>
  readonly #open = new Set<{ close(): unknown }>()
  readonly #members = new Set<GroupMember>()
  #closed = false

  constructor({
    brokers,
    clientId = 'millrace',
    tls,
    sasl,
    replicas = -1,
    compression = 'none',
    timeoutMs = 15_000,
    transactionTimeoutMs = 15_000,
    sessionMs = 6_000,
  }: KafkaSettings) {
    this.#cluster = new Cluster(brokers.map(address), { clientId, timeoutMs, ...(tls && { tls }), ...(sasl && { sasl }) })
    this.#topics = new Topics(this.#cluster, replicas)
    this.#settings = { compression, transactionTimeoutMs, sessionMs }
  }
  async connect(): Promise<void> {
    await this.#cluster.refresh([])
  }

  createTopic(settings: TopicSettings): Promise<'created' | 'exists'> {
    return this.#with(() => this.#topics.create(settings))
  }
  topic(name: string): Promise<TopicSettings | null> {
    return this.#with(() => this.#topics.topic(name))
  }
  topics(): Promise<readonly TopicSettings[]> {
    return this.#with(() => this.#topics.all())
  }
  bounds(topic: string, partition: number): Promise<Bounds> {
    return this.#with(() => this.#topics.bounds(topic, partition))
  }
  async offsetAt(topic: string, partition: number, time: number): Promise<number> {
    const from = await this.#with(() => this.#topics.offsetAt(topic, partition, time))
    return from === null ? (await this.bounds(topic, partition)).end : this.#firstSince(topic, partition, from, time)
  }
  deleteRecords(topic: string, partition: number, before: number): Promise<void> {
    return this.#with(() => this.#topics.deleteRecords(topic, partition, before))
  }

  async committed(group: string, topic: string, partition: number): Promise<CommittedOffset | null> {
    const [offset] = await this.#offsets(group, [{ topic, partitions: [partition] }])
    return offset === undefined ? null : { next: offset.next, metadata: offset.metadata }
  }
  async groups(): Promise<readonly { group: string; topic: string; partition: number; next: number; metadata: string }[]> {
    const found = await this.#with(async () => {
      await this.#cluster.refresh([])
      const lists = await Promise.all(this.#cluster.nodes.map(node => this.#cluster.send(node, listGroups())))
      const failed = lists.find(l => l.code !== CODES.NONE)
      if (failed !== undefined) throw refused(failed.code, 'the list of groups')
      return lists.flatMap(l => l.groups.map(g => g.group))
    })
    const rows = await Promise.all(found.map(async group => (await this.#offsets(group, null)).map(o => ({ group, ...o }))))
    return rows.flat()
  }

  producer(transactionalId: string): TransactionalProducer {
    const producer: KafkaProducer = new KafkaProducer(transactionalId, this.#cluster, this.#settings, () => this.#open.delete(producer))
    if (this.#closed) void producer.close()
    else this.#open.add(producer)
    return producer
  }
  async reader(topic: string, partition: number, from: number): Promise<PartitionReader> {
    await this.#with(() => this.#cluster.leader(topic, partition))
    const reader: KafkaReader = new KafkaReader(this.#cluster, topic, partition, from, () => this.#open.delete(reader))
    this.#open.add(reader)
    return reader
  }
  async join(group: string, tasks: number, assigned: (partitions: readonly number[]) => void): Promise<Membership> {
    const { sessionMs } = this.#settings
    const member = new GroupMember(this.#cluster, group, tasks, assigned, { sessionMs, heartbeatMs: Math.max(sessionMs / 6, 100) })
    this.#members.add(member)
    await this.#with(() => member.join())
    return member
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#members].map(member => member.leave()))
    await Promise.all([...this.#open].map(open => open.close()))
    this.#cluster.close()
  }

  /** Kafka counts the marker of a transaction too, and a marker has the time of its commit: the record is looked for from there. */
  async #firstSince(topic: string, partition: number, from: number, time: number): Promise<number> {
    const reader = await this.reader(topic, partition, from)
    try {
      for (;;) {
        const { batches, next, caughtUp } = await reader.fetch(SEARCHED_BYTES)
        for (const batch of batches)
          for (let i = batch.indexOf(from); i < batch.count; i++) if (batch.time(i) >= time) return batch.offset(i)
        if (caughtUp || next >= (await this.bounds(topic, partition)).stable) return (await this.bounds(topic, partition)).end
      }
    } finally {
      reader.close()
    }
  }
  async #offsets(group: string, of: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null) {
    const { code, offsets } = await this.#with(() => this.#cluster.coordinated('group', group, fetchOffsets(group, of)))
    if (code !== CODES.NONE) throw refused(code, `the offsets of group '${group}'`)
    return offsets.filter(o => o.next >= 0).map(({ topic, partition, next, metadata }) => ({ topic, partition, next, metadata }))
  }
  async #with<T>(call: () => Promise<T>): Promise<T> {
    this.#cluster.checkOpen()
    return call()
  }
}

function address(text: string): Address {
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text.trim())
  const port = Number(found?.[3])
  if (found === null || !(port > 0 && port < 65_536))
    throw new MillraceError('OPTION_INVALID', `'${text}' is no address of a broker: host:port`)
  return { host: (found[1] ?? found[2])!, port }
}
