// Port clients that see what their process does with them: I5, I7 and I8 of exactly-once.md §6, and what W3 needs to know of its reads.
import type { Meta } from '../../../engine/ledger.ts'
import { ledgerTopic } from '../../../engine/ledger.ts'
import { stampOf } from '../../../engine/stamp.ts'
import type { OffsetCommit, PartitionReader, RecordLog, Transaction, TransactionalProducer } from '../../../ports/record-log.ts'
import type { ApplyCall, StateCache } from '../../../ports/state-cache.ts'
import type { LogTransaction } from '../coordinator.ts'
import type { Partition } from '../partition.ts'
import type { Process } from '../process.ts'
import type { World } from '../world.ts'
import { APP, type Shape, STREAM } from './job.ts'

/** One read of an input: whether it reached the end, and whether an open transaction hid records all the while. */
export interface Read {
  readonly caughtUp: boolean
  readonly hidden: boolean
}
/** How many reads are remembered: of two lives of a task in one process one may read where the other decides. */
const READS = 3

export class Witness {
  /** The first thing that was wrong. */
  violation: string | null = null
  /** Tasks were told to drain: the source may be moved on however it says that it behaves when idle. */
  draining = false
  readonly #world: World
  readonly #alive = new Set<WitnessedProcess>()
  /**
   * By what a transaction says of offsets, the object itself: what its process had read last of every input. Two owners may attempt an epoch of one number, and the
   * one that is fenced may be the later one.
   */
  readonly #reads = new WeakMap<OffsetCommit, ReadonlyMap<string, readonly Read[]>>()

  constructor(world: World) {
    this.#world = world
  }
  /** One process's clients of log and cache, until its death. */
  around(log: RecordLog, cache: StateCache, process: Process): { readonly log: RecordLog; readonly cache: StateCache } {
    const seen = new WitnessedProcess(this, this.#world)
    this.#alive.add(seen)
    process.atDeath(() => this.#alive.delete(seen))
    return { log: seen.log(log), cache: seen.cache(cache) }
  }
  /** Whether a process that lives has the task open, or opens it. */
  isOpen(task: string): boolean {
    for (const process of this.#alive) if (process.has(task)) return true
    return false
  }
  /** W3: wall time moved an input on that is never idle, or was not caught up when it was last read. */
  unfounded({ offsets }: LogTransaction, input: string, meta: Meta, idle: Shape['idle']): string | null {
    if (idle === 'never' && !this.draining) return `W3: wall time moved ${input} on in epoch ${meta.epoch}, which is never idle`
    const reads = (offsets === null ? undefined : this.#reads.get(offsets)?.get(input)) ?? []
    if (reads.some(r => r.caughtUp && !r.hidden)) return null
    return `W3: wall time moved ${input} on in epoch ${meta.epoch}, but it was not caught up (${JSON.stringify(reads)})`
  }
  note(violation: string): void {
    this.violation ??= violation
  }
  committing(offsets: OffsetCommit, reads: ReadonlyMap<string, readonly Read[]>): void {
    this.#reads.set(offsets, reads)
  }
}
const LEDGER = ledgerTopic(APP, STREAM)
const taskOf = (partition: number): string => `${APP}.${STREAM}.${partition}`

class WitnessedProcess {
  readonly #witness: Witness
  readonly #world: World
  /** Handles that have not failed and are not closed, by transactional id. */
  readonly #handles = new Map<string, Set<WitnessedProducer>>()
  /** Offset up to which a task's ledger is acknowledged here: committed, or read. */
  readonly #acknowledged = new Map<string, number>()
  /** Partition → input → its last reads. */
  readonly #reads = new Map<number, Map<string, readonly Read[]>>()

  constructor(witness: Witness, world: World) {
    this.#witness = witness
    this.#world = world
  }
  log(log: RecordLog): RecordLog {
    return {
      createTopic: settings => log.createTopic(settings),
      topic: name => log.topic(name),
      topics: () => log.topics(),
      offsetAt: (topic, partition, time) => log.offsetAt(topic, partition, time),
      deleteRecords: (topic, partition, before) => log.deleteRecords(topic, partition, before),
      groups: () => log.groups(),
      join: (group, tasks, assigned) => log.join(group, tasks, assigned),
      close: () => log.close(),
      producer: id => this.#producer(id, log.producer(id)),
      reader: async (topic, partition, from) => {
        this.#opening(topic, partition)
        return this.#reader(topic, partition, await log.reader(topic, partition, from))
      },
      bounds: (topic, partition) => {
        this.#opening(topic, partition)
        return log.bounds(topic, partition)
      },
      committed: (group, topic, partition) => {
        this.#opening(topic, partition)
        return log.committed(group, topic, partition)
      },
    }
  }
  cache(cache: StateCache): StateCache {
    return {
      stamp: task => cache.stamp(task),
      wipe: (task, expect) => cache.wipe(task, expect),
      read: (task, store, keys) => cache.read(task, store, keys),
      scan: (task, store, cursor, limit) => cache.scan(task, store, cursor, limit),
      close: () => cache.close(),
      counts: task => {
        this.#refuseUnfenced(task, 'the cache was read')
        return cache.counts(task)
      },
      apply: (task, call) => {
        this.#applying(task, call)
        return cache.apply(task, call)
      },
    }
  }
  has(task: string): boolean {
    return (this.#handles.get(task)?.size ?? 0) > 0
  }
  acknowledged(task: string, offset: number): void {
    this.#acknowledged.set(task, Math.max(this.#acknowledged.get(task) ?? -1, offset))
  }
  /** Only an OPEN asks for readers, bounds and offsets. */
  #opening(topic: string, partition: number): void {
    if (topic === LEDGER || topic.startsWith(`${STREAM}.`) || topic === 'events')
      this.#refuseUnfenced(taskOf(partition), `${topic}/${partition} was read`)
  }
  /** I5: a handle of this process is past its barrier, or nothing may be read. */
  #refuseUnfenced(task: string, what: string): void {
    for (const handle of this.#handles.get(task) ?? []) if (handle.commits > 0) return
    this.#witness.note(`I5: ${what} for ${task} before the barrier`)
  }
  #producer(id: string, producer: TransactionalProducer): TransactionalProducer {
    if (!id.startsWith(`${APP}.${STREAM}.`)) return producer
    let handles = this.#handles.get(id)
    if (handles === undefined) this.#handles.set(id, (handles = new Set()))
    const live = handles
    const partition = Number(id.slice(APP.length + STREAM.length + 2))
    const witnessed: WitnessedProducer = new WitnessedProducer(producer, {
      wrong: what => this.#witness.note(`I8: ${what} of ${id}`),
      committing: ({ offsets }) => {
        if (offsets !== undefined) this.#witness.committing(offsets, new Map(this.#reads.get(partition) ?? []))
      },
      acknowledged: at => this.acknowledged(id, at),
      ended: () => live.delete(witnessed),
    })
    live.add(witnessed)
    return witnessed
  }
  #reader(topic: string, partition: number, reader: PartitionReader): PartitionReader {
    const from = this.#world.broker.partition(topic, partition)
    return {
      fetch: async maxBytes => {
        const stable = stableOf(from)
        const fetched = await reader.fetch(maxBytes)
        if (topic === LEDGER) this.acknowledged(taskOf(partition), fetched.next - 1)
        else this.#note(partition, topic, { caughtUp: fetched.caughtUp, hidden: stable !== null && stable === stableOf(from) })
        return fetched
      },
      seek: offset => reader.seek(offset),
      arrived: signal => reader.arrived(signal),
      close: () => reader.close(),
    }
  }
  #note(partition: number, input: string, read: Read): void {
    let reads = this.#reads.get(partition)
    if (reads === undefined) this.#reads.set(partition, (reads = new Map()))
    reads.set(input, [...(reads.get(input) ?? []).slice(1 - READS), read])
  }
  /** I7: what an APPLY brings the cache to is acknowledged. */
  #applying(task: string, { stamp }: ApplyCall): void {
    const parsed = stampOf(stamp)
    const to = parsed === null ? Infinity : parsed.kind === 'clean' ? parsed.at : parsed.to
    const known = this.#acknowledged.get(task) ?? -1
    if (to > known) this.#witness.note(`I7: an APPLY of ${task} goes to ${to}, acknowledged is ${known}`)
  }
}
/** The stable offset while it hides something, else null. */
const stableOf = ({ stable, end }: Partition): number | null => (stable < end ? stable : null)

interface Seen {
  wrong(what: string): void
  committing(transaction: Transaction): void
  acknowledged(at: number): void
  ended(): void
}
/** I8: nothing is asked of a handle that has failed, and one thing at a time of any. */
class WitnessedProducer implements TransactionalProducer {
  commits = 0
  #state: 'idle' | 'busy' | 'failed' = 'idle'
  readonly #producer: TransactionalProducer
  readonly #seen: Seen
  constructor(producer: TransactionalProducer, seen: Seen) {
    this.#producer = producer
    this.#seen = seen
  }
  fence(): Promise<void> {
    return this.#during('a fence', () => this.#producer.fence())
  }
  commit(transaction: Transaction): ReturnType<TransactionalProducer['commit']> {
    this.#seen.committing(transaction)
    return this.#during('a commit', async () => {
      const receipt = await this.#producer.commit(transaction)
      this.commits++
      const ledger = transaction.writes.findIndex(w => w.topic === LEDGER)
      if (ledger >= 0) this.#seen.acknowledged(receipt.baseOffsets[ledger]! + transaction.writes[ledger]!.columns.count - 1)
      return receipt
    })
  }
  close(): Promise<void> {
    this.#seen.ended()
    return this.#producer.close()
  }
  async #during<T>(what: string, call: () => Promise<T>): Promise<T> {
    if (this.#state === 'failed') this.#seen.wrong(`${what} after an error`)
    if (this.#state === 'busy') this.#seen.wrong(`${what} while another call is under way`)
    this.#state = 'busy'
    try {
      const result = await call()
      this.#state = 'idle'
      return result
    } catch (error) {
      this.#state = 'failed'
      this.#seen.ended()
      throw error
    }
  }
}
