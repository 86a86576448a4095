// One owner's transactions. Every answer that is not an acknowledgement ends the handle, and with it its connections: nothing of it is ever sent again (E4, I8).
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../model/errors.ts'
import type { OffsetCommit, Receipt, Transaction, TransactionalProducer } from '../../ports/record-log.ts'
import type { Cluster, Lane } from './cluster.ts'
import { CODES, COORDINATOR_MOVED, FENCED, LEADER_MOVED } from './codes.ts'
import type { Compression } from './compression.ts'
import { refused } from './failures.ts'
import { packed, type PackedWrites, type PartitionBatches } from './packing.ts'
import type { Node } from './requests/cluster.ts'
import { fetchOffsets } from './requests/groups.ts'
import type { Request } from './requests/request.ts'
import {
  addOffsets,
  addPartitions,
  commit,
  commitOffsets,
  initProducerId,
  produce,
  type ProducerIdentity,
} from './requests/transactions.ts'

export interface ProducerSettings {
  readonly compression: Compression
  /** After so long the cluster aborts a transaction whose owner says nothing more. */
  readonly transactionTimeoutMs: number
}
/** Between two attempts while the cluster still settles the transaction before (K4, K7). */
const PAUSE_MS = 3
/** How long another owner's transaction may take to be settled. */
const SETTLING_MS = 60_000
const MOST_METADATA = 4_096

export class KafkaProducer implements TransactionalProducer {
  readonly #id: string
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #lane: Lane
  #state: 'new' | 'fencing' | 'owner' | 'dead' = 'new'
  #identity: ProducerIdentity = { id: -1n, epoch: -1 }
  #coordinator!: Node
  readonly #met = new Set<string>()
  #underWay: Promise<unknown> = Promise.resolve()
  readonly #closed: () => void
  /** The next sequence number of each partition. */
  readonly #sequences = new Map<string, number>()

  /** @param closed is called when the handle is dead */
  constructor(id: string, cluster: Cluster, settings: ProducerSettings, closed: () => void) {
    this.#closed = closed
    this.#id = id
    this.#cluster = cluster
    this.#settings = settings
    this.#lane = cluster.lane()
  }

  async fence(): Promise<void> {
    this.#cluster.checkOpen()
    if (this.#state !== 'new') throw this.#ended(new MillraceError('PRODUCER_FENCED', `'${this.#id}' was fenced before`))
    this.#state = 'fencing'
    try {
      for (const started = performance.now(); ; await sleep(PAUSE_MS)) {
        this.#coordinator = await this.#cluster.coordinator('transaction', this.#id)
        const { code, identity } = await this.#send(this.#coordinator, initProducerId(this.#id, this.#settings.transactionTimeoutMs))
        if (code === CODES.NONE) {
          this.#identity = identity
          break
        }
        if (COORDINATOR_MOVED.has(code)) this.#cluster.moved('transaction', this.#id)
        else if (code !== CODES.CONCURRENT_TRANSACTIONS) throw refused(code, `to let '${this.#id}' be taken over`)
        if (performance.now() - started > SETTLING_MS) throw refused(code, `to let '${this.#id}' be taken over for ${SETTLING_MS / 1000} s`)
      }
      if (this.#isDead()) throw new MillraceError('PRODUCER_FENCED', `the handle of '${this.#id}' is closed`)
      this.#state = 'owner'
    } catch (error) {
      this.#cluster.moved('transaction', this.#id)
      throw this.#ended(error)
    }
  }

  commit(transaction: Transaction): Promise<Receipt> {
    const committing = this.#commit(transaction)
    this.#underWay = committing.catch(() => {})
    return committing
  }

  async #commit({ offsets, writes }: Transaction): Promise<Receipt> {
    if (this.#state !== 'owner')
      throw this.#ended(
        new MillraceError('PRODUCER_FENCED', `'${this.#id}' does not own its transactions ${this.#state === 'new' ? 'yet' : 'any more'}`),
      )
    try {
      if (offsets !== undefined && Buffer.byteLength(offsets.metadata) > MOST_METADATA)
        throw new MillraceError('RECORD_TOO_LARGE', `the metadata of an offset has more than ${MOST_METADATA} bytes`)
      for (const { topic, partition } of [...writes, ...(offsets?.offsets ?? [])]) await this.#cluster.leader(topic, partition)
      const work = packed(writes)
      const hasOffsets = offsets !== undefined && offsets.offsets.length > 0
      if (!hasOffsets && work.partitions.length === 0) return { baseOffsets: writes.map(() => -1) }
      // Of a transaction the first request meets the one before that is still being settled, and nothing of this one is written yet (K7).
      if (hasOffsets) await this.#meetGroup(offsets.group)
      if (hasOffsets) await this.#first(addOffsets(this.#id, this.#identity, offsets.group), answer => [answer.code])
      const [bases] = await Promise.all([
        this.#produce(work, hasOffsets ? 'begun' : 'new'),
        hasOffsets ? this.#commitOffsets(offsets) : null,
      ])
      const { code } = await this.#send(this.#coordinator, commit(this.#id, this.#identity))
      if (code !== CODES.NONE) throw this.#unknown(code, 'to commit')
      return { baseOffsets: work.receipt(bases) }
    } catch (error) {
      throw this.#ended(error)
    }
  }

  async close(): Promise<void> {
    await this.#underWay
    this.#ended(null)
  }

  async #produce({ partitions }: PackedWrites, transaction: 'new' | 'begun'): Promise<readonly (readonly number[])[]> {
    if (partitions.length === 0) return []
    const joining = addPartitions(
      this.#id,
      this.#identity,
      byTopic(partitions, p => p.partition),
    )
    const codes = (answer: readonly { readonly code: number }[]): readonly number[] => answer.map(a => a.code)
    if (transaction === 'new') await this.#first(joining, codes)
    else this.#check(codes(await this.#send(this.#coordinator, joining)), 'to add partitions')
    const bases = partitions.map(() => [] as number[])
    const rounds = Math.max(...partitions.map(p => p.batches.length))
    for (let round = 0; round < rounds; round++) {
      // One batch of a partition at a time, all partitions of a broker in one request.
      const due = [...partitions.entries()].filter(([, p]) => round < p.batches.length)
      const byLeader = new Map<Node, (readonly [number, PartitionBatches])[]>()
      for (const entry of due) {
        const leader = await this.#cluster.leader(entry[1].topic, entry[1].partition)
        const others = byLeader.get(leader)
        if (others === undefined) byLeader.set(leader, [entry])
        else others.push(entry)
      }
      await Promise.all([...byLeader].map(([leader, some]) => this.#produceTo(leader, some, round, bases)))
    }
    return bases
  }

  async #produceTo(leader: Node, some: readonly (readonly [number, PartitionBatches])[], round: number, bases: number[][]): Promise<void> {
    const sealed = some.map(([number, p]) => {
      const name = `${p.topic}/${p.partition}`
      const batch = p.batches[round]!
      const sequence = this.#sequences.get(name) ?? 0
      this.#sequences.set(name, following(sequence, batch.count))
      return { topic: p.topic, partition: p.partition, number, batch: batch.seal(this.#identity, sequence, this.#settings.compression) }
    })
    const answers = await this.#send(
      leader,
      produce(
        this.#id,
        byTopic(sealed, p => p),
        this.#cluster.settings.timeoutMs,
      ),
    )
    for (const { topic, partition, code, base } of answers) {
      if (LEADER_MOVED.has(code)) this.#cluster.stale(topic)
      if (code !== CODES.NONE) throw this.#unknown(code, `to take records of ${topic}/${partition}`)
      bases[sealed.find(s => s.topic === topic && s.partition === partition)!.number]!.push(base)
    }
  }

  /** The coordinator of a group that was never used refuses its first offsets, and with them the transaction (K8): it is asked something before. */
  async #meetGroup(group: string): Promise<void> {
    if (this.#met.has(group)) return
    const { code } = await this.#cluster.coordinated('group', group, fetchOffsets(group, []), this.#lane)
    if (code !== CODES.NONE) throw refused(code, `to tell the offsets of group '${group}'`)
    this.#met.add(group)
  }

  async #commitOffsets({ group, metadata, offsets }: OffsetCommit): Promise<void> {
    const request = commitOffsets(
      this.#id,
      this.#identity,
      group,
      byTopic(offsets, o => o),
      metadata,
    )
    const answers = await this.#send(await this.#cluster.coordinator('group', group), request)
    if (answers.some(a => COORDINATOR_MOVED.has(a.code))) this.#cluster.moved('group', group)
    this.#check(
      answers.map(a => a.code),
      `the offsets of group '${group}'`,
    )
  }

  async #first<A>(request: Request<A>, codesOf: (answer: A) => readonly number[]): Promise<void> {
    for (const started = performance.now(); ; await sleep(PAUSE_MS)) {
      const codes = codesOf(await this.#send(this.#coordinator, request))
      const settling = codes.includes(CODES.CONCURRENT_TRANSACTIONS) && performance.now() - started < SETTLING_MS
      if (!settling) return this.#check(codes, 'to begin a transaction')
      if (this.#isDead()) throw new MillraceError('PRODUCER_FENCED', `the handle of '${this.#id}' is closed`)
    }
  }
  #check(codes: readonly number[], doing: string): void {
    const code = codes.find(c => c !== CODES.NONE)
    if (code !== undefined) throw this.#unknown(code, doing)
  }
  #unknown(code: number, doing: string): MillraceError {
    if (COORDINATOR_MOVED.has(code)) this.#cluster.moved('transaction', this.#id)
    const error = refused(code, doing)
    const isCertain = FENCED.has(code) || error.code === 'RECORD_TOO_LARGE' || error.code === 'LOG_REFUSED' // nothing of it will ever be there
    return isCertain ? error : new MillraceError('COMMIT_UNKNOWN', error.message, { cause: error })
  }
  #send<A>(to: Node, request: Request<A>): Promise<A> {
    return this.#lane.send(to, request)
  }
  #isDead(): boolean {
    return this.#state === 'dead'
  }
  /** The handle is dead. What the error was outside of a fence: an outcome that is not known, unless nothing can have been written. */
  #ended(error: unknown): unknown {
    const wasOwner = this.#state === 'owner'
    this.#state = 'dead'
    this.#lane.close()
    this.#closed()
    if (!wasOwner || (error instanceof MillraceError && error.code !== 'LOG_UNAVAILABLE')) return error
    return new MillraceError(
      'COMMIT_UNKNOWN',
      `a transaction of '${this.#id}' was not acknowledged: ${String((error as Error | null)?.message)}`,
      {
        cause: error,
      },
    )
  }
}

/** As the broker counts: after 2^31 − 1 comes 0. */
const following = (sequence: number, count: number): number => (sequence + count) % 2 ** 31

function byTopic<P extends { readonly topic: string }, V>(of: readonly P[], value: (p: P) => V): { topic: string; partitions: V[] }[] {
  const topics = new Map<string, V[]>()
  for (const p of of) {
    const known = topics.get(p.topic)
    if (known === undefined) topics.set(p.topic, [value(p)])
    else known.push(value(p))
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }))
}
