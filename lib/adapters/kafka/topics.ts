// Topics: made, described, and what their partitions hold.
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../model/errors.ts'
import type { Retention } from '../../model/topic.ts'
import type { Bounds, TopicSettings } from '../../ports/record-log.ts'
import type { Cluster } from './cluster.ts'
import { CODES, LEADER_MOVED, nameOf } from './codes.ts'
import { refused } from './failures.ts'
import { createTopic, describeConfigs, type Node, type TopicMetadata } from './requests/cluster.ts'
import { deleteRecords, EARLIEST, LATEST, listOffset } from './requests/partitions.ts'
import type { Request } from './requests/request.ts'

const MOST_PARTITIONS = 10_000
const DESCRIBED = ['cleanup.policy', 'retention.ms']
/** An hour ahead of the broker's clock is what Kafka takes by default; windows end later than that. Brokers before 3.6 do not know it. */
const ANY_TIME = { 'message.timestamp.after.max.ms': '9223372036854775807', 'message.timestamp.before.max.ms': '9223372036854775807' }
const PATIENCE_MS = 15_000
const PAUSE_MS = 50
const ATTEMPTS = 100

const configOf = (retention: Retention): Record<string, string> =>
  retention === 'compact'
    ? { 'cleanup.policy': 'compact' }
    : { 'cleanup.policy': 'delete', 'retention.bytes': '-1', 'retention.ms': retention === 'forever' ? '-1' : String(retention) }

export class Topics {
  readonly #cluster: Cluster
  readonly #replicas: number
  /** @param replicas of new topics; −1 is the cluster's default */
  constructor(cluster: Cluster, replicas: number) {
    this.#cluster = cluster
    this.#replicas = replicas
  }

  async create({ name, partitions, retention }: TopicSettings): Promise<'created' | 'exists'> {
    const where = { topic: name }
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > MOST_PARTITIONS)
      throw new MillraceError('TOPIC_INVALID', `topic '${name}' cannot have ${partitions} partitions: 1 to ${MOST_PARTITIONS}`, { where })
    if (!/^[a-zA-Z0-9._-]{1,249}$/.test(name) || name === '.' || name === '..')
      throw new MillraceError('TOPIC_INVALID', `'${name}' is no name of a topic: 1 to 249 letters, digits, '.', '_' and '-'`, { where })
    let code = await this.#create(name, partitions, { ...configOf(retention), ...ANY_TIME })
    if (code === CODES.INVALID_CONFIG) code = await this.#create(name, partitions, configOf(retention))
    if (code === CODES.NONE) {
      await this.#led(name, partitions)
      return 'created'
    }
    if (code !== CODES.TOPIC_ALREADY_EXISTS)
      throw new MillraceError(
        code === CODES.INVALID_REPLICATION_FACTOR || code === CODES.POLICY_VIOLATION || code === CODES.INVALID_CONFIG
          ? 'TOPIC_INVALID'
          : refused(code, '').code,
        `Kafka refused to make topic '${name}' with ${partitions} partitions${this.#replicas > 0 ? ` and ${this.#replicas} replicas` : ''}: ${nameOf(code)}`,
        { where },
      )
    const there = await this.#cluster.topic(name, PATIENCE_MS)
    if (there !== null && there.partitions.length !== partitions)
      throw new MillraceError('TOPIC_DIFFERS', `topic '${name}' has ${there.partitions.length} partitions, not ${partitions}`, { where })
    return 'exists'
  }

  async topic(name: string): Promise<TopicSettings | null> {
    this.#cluster.stale(name)
    const described = await this.#cluster.topic(name)
    return described === null ? null : ((await this.#settings([described]))[0] ?? null)
  }
  async all(): Promise<readonly TopicSettings[]> {
    const described = await this.#cluster.refresh(null)
    return this.#settings(described.filter(t => t.code === CODES.NONE && !t.internal))
  }

  async bounds(topic: string, partition: number): Promise<Bounds> {
    // In this order start ≤ stable ≤ end holds whatever is written meanwhile.
    const start = await this.#offset(topic, partition, EARLIEST, 0)
    const stable = await this.#offset(topic, partition, LATEST, 1)
    const end = await this.#offset(topic, partition, LATEST, 0)
    return { start: Math.min(start, stable), stable, end: Math.max(stable, end) }
  }
  /** Of the first record or marker that is not older; null when there is none. */
  async offsetAt(topic: string, partition: number, time: number): Promise<number | null> {
    const found = await this.#offset(topic, partition, Math.max(time, 0), 1)
    return found < 0 ? null : found
  }
  async deleteRecords(topic: string, partition: number, before: number): Promise<void> {
    await this.#toLeader(
      topic,
      partition,
      deleteRecords(topic, partition, before, this.#cluster.settings.timeoutMs),
      `the deletion of ${topic}/${partition} up to ${before}`,
    )
  }

  async #create(name: string, partitions: number, config: Record<string, string>): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      await this.#cluster.refresh([])
      const request = createTopic({ name, partitions, replicas: this.#replicas, config }, PATIENCE_MS)
      const { code } = await this.#cluster.send(await this.#cluster.controller(), request)
      if (code !== CODES.NOT_CONTROLLER || attempt === ATTEMPTS) return code
      await sleep(PAUSE_MS)
    }
  }
  /** A topic is made before all of its leaders know that they lead. */
  async #led(name: string, partitions: number): Promise<void> {
    this.#cluster.stale(name)
    await this.#cluster.topic(name, PATIENCE_MS)
    await Promise.all(Array.from({ length: partitions }, (_, partition) => this.#offset(name, partition, LATEST, 0)))
  }
  async #settings(described: readonly TopicMetadata[]): Promise<TopicSettings[]> {
    if (described.length === 0) return []
    const names = described.map(t => t.name)
    const configs = new Map((await this.#cluster.ask(describeConfigs(names, DESCRIBED))).map(c => [c.name, c]))
    return described.flatMap(({ name, partitions }) => {
      const { code, config } = configs.get(name)!
      if (code === CODES.UNKNOWN_TOPIC_OR_PARTITION) return [] // gone meanwhile
      if (code !== CODES.NONE) throw refused(code, `the description of topic '${name}'`, { topic: name })
      const kept = Number(config.get('retention.ms'))
      const retention: Retention = config.get('cleanup.policy')!.includes('compact')
        ? 'compact'
        : kept < 0
          ? 'forever'
          : (kept as Retention)
      return [{ name, partitions: partitions.length, retention }]
    })
  }
  async #offset(topic: string, partition: number, time: number, isolation: 0 | 1): Promise<number> {
    return (await this.#toLeader(topic, partition, listOffset(topic, partition, time, isolation), `an offset of ${topic}/${partition}`))
      .offset
  }
  async #toLeader<A extends { readonly code: number }>(topic: string, partition: number, request: Request<A>, doing: string): Promise<A> {
    for (let attempt = 1; ; attempt++) {
      const leader: Node = await this.#cluster.leader(topic, partition)
      const answer = await this.#cluster.send(leader, request).catch((error: unknown) => {
        this.#cluster.stale(topic)
        throw error
      })
      if (answer.code === CODES.NONE) return answer
      if (!LEADER_MOVED.has(answer.code) || attempt === ATTEMPTS) throw refused(answer.code, doing, { topic, partition })
      this.#cluster.stale(topic)
      await sleep(PAUSE_MS)
    }
  }
}
