// The record log: topics of partitions, transactions with fencing, read-committed reads, group offsets. Kafka's contract, and no more of it
// than the engine needs. The comment on a member IS the contract; `conformance/record-log.ts` tests every sentence of it on every adapter.
import type { Columns, RecordBatch } from '../model/record-batch.ts'
import type { Retention } from '../model/topic.ts'

export interface TopicSettings {
  readonly name: string
  readonly partitions: number
  readonly retention: Retention
}

/** Of one partition. `start ≤ stable ≤ end`: first kept offset, end of what a read-committed reader may see, end of the log. */
export interface Bounds {
  readonly start: number
  readonly stable: number
  readonly end: number
}

/** What a read gave: committed records with `from ≤ offset < next`, in offset order. `next > from` may come with no records (aborted or control records lay there). */
export interface Fetched {
  readonly from: number
  /** Where the next read goes on. Equal to `from` only when nothing committed lies there. */
  readonly next: number
  readonly batches: readonly RecordBatch[]
  /** Caught up: `next` = stable = end at the time of the read, so nothing is hidden (S2.3). */
  readonly caughtUp: boolean
}

export interface CommittedOffset {
  readonly next: number
  /** At most 4,096 bytes (K11). */
  readonly metadata: string
}

export interface OffsetCommit {
  readonly group: string
  readonly metadata: string
  readonly offsets: readonly { readonly topic: string; readonly partition: number; readonly next: number }[]
}

export interface PartitionWrite {
  readonly topic: string
  readonly partition: number
  readonly columns: Columns
}

export interface Transaction {
  readonly offsets?: OffsetCommit
  /** Several writes to one partition keep their order. */
  readonly writes: readonly PartitionWrite[]
}

/** Of an acknowledged transaction: the offset of the first record of each write, in the order of `writes`. */
export interface Receipt {
  readonly baseOffsets: readonly number[]
}

/** One owner's handle on a transactional id. After any error from it the handle is dead: every further call throws PRODUCER_FENCED (I8). */
export interface TransactionalProducer {
  /**
   * O1. Takes the id over: every earlier handle of it can commit nothing more, and its open transaction is settled (committed or aborted,
   * never both, never later) before this resolves. Must be the first call. @throws LOG_UNAVAILABLE
   */
  fence(): Promise<void>
  /**
   * E4. One transaction: all of `writes` and `offsets` become visible to read-committed readers, or nothing does, for ever. Resolves only
   * after it is durable. @throws PRODUCER_FENCED when another handle took over (nothing was written), RECORD_TOO_LARGE and TOPIC_UNKNOWN (nothing
   * was written), DISK_FULL (nothing was written), COMMIT_UNKNOWN for every other failure: it may have happened or not.
   */
  commit(transaction: Transaction): Promise<Receipt>
  /** Lets go of resources; commits nothing. Never throws. */
  close(): Promise<void>
}

/** Reads one partition from a position on, read committed. */
export interface PartitionReader {
  /**
   * What is there now from the position on: whole batches until `maxBytes` is passed (at least one batch if there is one), then moves the position to `next`.
   * Never waits for new records. A batch may begin before the asked offset only if the reader was sought into its middle: its records below `from` are to be skipped
   * by the caller (`batch.indexOf(from)`).
   * @throws OFFSET_OUT_OF_RANGE when the position lies below the log's start or beyond its end: the reader never jumps; LOG_UNAVAILABLE; DATA_CORRUPT
   */
  fetch(maxBytes: number): Promise<Fetched>
  seek(offset: number): void
  /** Resolves when a fetch may give something new, at once if so already; also when `signal` aborts. */
  arrived(signal: AbortSignal): Promise<void>
  close(): void
}

/** Membership of a group: which partition numbers (tasks) are this member's. */
export interface Membership {
  leave(): Promise<void>
}

export interface RecordLog {
  /** Creates the topic. 'exists' if one with the same partitions is there. @throws TOPIC_DIFFERS (other partitions), TOPIC_INVALID, LOG_UNAVAILABLE */
  createTopic(settings: TopicSettings): Promise<'created' | 'exists'>
  /** Null when there is no such topic. */
  topic(name: string): Promise<TopicSettings | null>
  topics(): Promise<readonly TopicSettings[]>
  /** @throws TOPIC_UNKNOWN */
  bounds(topic: string, partition: number): Promise<Bounds>
  /** The smallest offset whose record timestamp is at least `time`, or `end` when there is none. @throws TOPIC_UNKNOWN */
  offsetAt(topic: string, partition: number, time: number): Promise<number>
  /** Forgets all records below `before` (the new start); never moves the start back. @throws TOPIC_UNKNOWN, OFFSET_OUT_OF_RANGE when `before` > end */
  deleteRecords(topic: string, partition: number, before: number): Promise<void>
  /** The group's committed offset, null when there is none. A display for everyone but O5. */
  committed(group: string, topic: string, partition: number): Promise<CommittedOffset | null>
  /** All committed offsets of all groups. */
  groups(): Promise<readonly { group: string; topic: string; partition: number; next: number; metadata: string }[]>
  /** A handle on a transactional id; nothing is sent until `fence()`. */
  producer(transactionalId: string): TransactionalProducer
  /** @throws TOPIC_UNKNOWN */
  reader(topic: string, partition: number, from: number): Promise<PartitionReader>
  /**
   * Joins a group that works on `tasks` partition numbers (0 … tasks − 1). `assigned` is called with this member's numbers at once and after every change;
   * every number belongs to one member at a time as far as members know, but safety never rests on it.
   */
  join(group: string, tasks: number, assigned: (partitions: readonly number[]) => void): Promise<Membership>
  /** Lets go of everything; calls under way settle first. */
  close(): Promise<void>
}
