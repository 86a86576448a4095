// What is true of a simulated log whatever ran on it: the parts of the invariants (exactly-once.md §6) that need no engine.
// Each check gives the sentence that is violated, or null.
import { MillraceError } from '../../model/errors.ts'
import type { Headers } from '../../model/record-batch.ts'
import type { Broker, StoredOffset } from './broker.ts'
import { offsetKey } from './broker.ts'
import type { LogTransaction } from './coordinator.ts'
import type { Partition, Writer } from './partition.ts'

/** A record that a read-committed reader may see. */
export interface SeenRecord {
  readonly offset: number
  /** Record timestamp, ms since epoch. */
  readonly time: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
  /** Its transaction; transactional id and producer epoch are there. */
  readonly writer: Writer
}

/** Gives every committed record of a partition once, as it becomes visible: for checks after every draw. */
export class CommittedTail {
  readonly partition: Partition
  #position: number
  constructor(partition: Partition, from: number = partition.start) {
    this.partition = partition
    this.#position = from
  }
  /** Everything below was given, or holds no record. */
  get position(): number {
    return this.#position
  }
  /** What has become visible since the last call. @throws INTERNAL when something was deleted before it was given */
  next(): readonly SeenRecord[] {
    const { partition } = this
    const { stable } = partition
    if (stable <= this.#position) return NOTHING
    if (partition.start > this.#position)
      throw new MillraceError('INTERNAL', `${nameOf(partition)}: records from ${this.#position} were deleted before they were looked at`)
    const seen: SeenRecord[] = []
    for (const { end, records, writer } of partition.entriesFrom(this.#position)) {
      if (end > stable) break
      if (records !== null && writer.verdict === 'commit')
        for (let i = records.indexOf(this.#position); i < records.count; i++)
          seen.push({
            offset: records.offset(i),
            time: records.time(i),
            key: records.key(i),
            value: records.value(i),
            headers: records.headers(i),
            writer,
          })
      this.#position = end
    }
    return seen
  }
}
const NOTHING: readonly SeenRecord[] = []
const nameOf = (partition: Partition): string => `${partition.topic}/${partition.number}`

/** All that a read-committed reader sees of a partition from its start on. @throws TOPIC_UNKNOWN */
export const committedRecords = (broker: Broker, topic: string, partition: number): readonly SeenRecord[] =>
  new CommittedTail(broker.partition(topic, partition)).next()

/** One write of a transaction to one partition. */
export interface SeenWrite {
  readonly topic: string
  readonly partition: number
  readonly base: number
  readonly count: number
}
export interface SeenTransaction {
  readonly transaction: LogTransaction
  readonly writes: readonly SeenWrite[]
  readonly offsets: LogTransaction['offsets']
}
/** The committed transactions (decided, though markers may be on their way), of one id or of all, in the order in which they were begun. */
export function committedTransactions(broker: Broker, transactionalId?: string): readonly SeenTransaction[] {
  const of = (t: LogTransaction): boolean =>
    t.verdict === 'commit' && (transactionalId === undefined || t.transactionalId === transactionalId)
  return broker.coordinator.transactions.filter(of).map(transaction => ({
    transaction,
    writes: transaction.appends.map(({ partition, base, count }) => ({ topic: partition.topic, partition: partition.number, base, count })),
    offsets: transaction.offsets,
  }))
}

/** Group offsets as the committed transactions made them. Looks at every transaction once: cheap after every draw. */
export class FoldedOffsets {
  readonly #broker: Broker
  readonly #folded = new Map<string, StoredOffset>()
  #seen = 0
  /** Of the offsets that were found to be right. */
  #version = -1
  constructor(broker: Broker) {
    this.#broker = broker
  }
  /** Transactions whose offsets are still on their way do not count. */
  at(group: string, topic: string, partition: number): StoredOffset | null {
    this.#fold()
    return this.#folded.get(offsetKey(group, topic, partition)) ?? null
  }
  /** Stored offsets that are not what the transactions say; an operator's own are told as well. */
  violation(): string | null {
    this.#fold()
    const { offsetsVersion } = this.#broker
    if (offsetsVersion === this.#version) return null
    for (const { group, topic, partition, next, metadata } of this.#broker.offsets) {
      const fold = this.#folded.get(offsetKey(group, topic, partition))
      if (fold?.next !== next || fold.metadata !== metadata)
        return `group '${group}' stands at ${next} of ${topic}/${partition}, its transactions say ${fold?.next ?? 'nothing'}`
    }
    this.#version = offsetsVersion
    return null
  }
  #fold(): void {
    const { offsetTransactions } = this.#broker
    for (; this.#seen < offsetTransactions.length; this.#seen++) {
      const { group, metadata, offsets } = offsetTransactions[this.#seen]!.offsets!
      for (const { topic, partition, next } of offsets)
        this.#folded.set(offsetKey(group, topic, partition), { group, topic, partition, next, metadata })
    }
  }
}

/**
 * I2: of a transaction that is not committed nothing is ever visible to a read-committed reader; once a committed one is settled, all of it is, group
 * offsets too. Between decision and settlement a part may be, as on a real cluster, whose markers arrive one by one. Cheap after every draw.
 */
export class WholeTransactions {
  readonly #broker: Broker
  #unsettled: LogTransaction[] = []
  #seen = 0
  constructor(broker: Broker) {
    this.#broker = broker
  }
  violation(): string | null {
    const { transactions } = this.#broker.coordinator
    while (this.#seen < transactions.length) this.#unsettled.push(transactions[this.#seen++]!)
    for (const transaction of this.#unsettled) {
      const torn = this.#tornIn(transaction)
      if (torn !== null) return torn
    }
    if (this.#unsettled.some(isDone)) this.#unsettled = this.#unsettled.filter(t => !isDone(t))
    return null
  }
  #tornIn(transaction: LogTransaction): string | null {
    const { transactionalId: id, epoch, verdict, settled, appends, offsets } = transaction
    if (verdict === 'commit' && !settled) return null
    const name = `I2: transaction of '${id}' (epoch ${epoch}, ${verdict})`
    for (const { partition, base, count } of appends) {
      if (verdict === 'commit' && base + count > partition.stable) continue // hidden by an older transaction that is still open
      const seen = visible(partition, base, count, verdict === 'commit' ? 'seen' : 'unseen')
      if (verdict !== 'commit' && seen > 0) return `${name} shows ${seen} of ${count} records in ${nameOf(partition)}`
      if (verdict === 'commit' && seen < count) return `${name} hides ${count - seen} of ${count} records in ${nameOf(partition)}`
    }
    const stored = offsets !== null && this.#broker.offsetTransactions.includes(transaction)
    if (verdict !== 'commit' && stored) return `${name} stored its offsets`
    return verdict === 'commit' && offsets !== null && !stored ? `${name} did not store its offsets` : null
  }
}
/** Nothing that can be seen of it will change any more. */
const isDone = ({ settled, verdict, appends }: LogTransaction): boolean =>
  settled && (verdict === 'abort' || appends.every(({ partition, base, count }) => base + count <= partition.stable))
/** How many of the records can be read; of deleted ones nobody can tell any more. */
function visible(partition: Partition, base: number, count: number, deleted: 'seen' | 'unseen'): number {
  const end = base + count
  const from = Math.min(Math.max(base, partition.start), end)
  let seen = deleted === 'seen' ? from - base : 0
  if (from >= partition.stable) return seen
  for (const batch of partition.readStable(from, end))
    for (let i = batch.indexOf(from); i < batch.count && batch.offset(i) < end; i++) seen++
  return seen
}

/** `WholeTransactions` for one look at the end. */
export const tornViolation = (broker: Broker): string | null => new WholeTransactions(broker).violation()
/** `FoldedOffsets` for one look at the end. */
export const offsetsViolation = (broker: Broker): string | null => new FoldedOffsets(broker).violation()

/** I12: no transaction hides anything: every partition is stable to its end. */
export function unstableViolation(broker: Broker): string | null {
  for (const partition of broker.partitions)
    if (partition.stable !== partition.end) return `I12: ${nameOf(partition)} is stable to ${partition.stable}, its end is ${partition.end}`
  return null
}

/** I6: between two barriers all records of a ledger have one producer epoch, and epochs never go back. Feed it the ledger's records in order. */
export class OneEpochBetweenBarriers {
  readonly #isBarrier: (record: SeenRecord) => boolean
  #epoch: number | null = null
  constructor(isBarrier: (record: SeenRecord) => boolean) {
    this.#isBarrier = isBarrier
  }
  violation(record: SeenRecord): string | null {
    const { epoch } = record.writer
    const before = this.#epoch
    if (before === null || (this.#isBarrier(record) && epoch >= before)) {
      this.#epoch = epoch
      return null
    }
    return epoch === before ? null : `I6: record ${record.offset} has epoch ${epoch}, the barrier before it ${before}`
  }
}
