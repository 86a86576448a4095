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

/**
 * What a read gave: every committed record with `from ≤ offset < next`, in offset order, in batches that hold at least one of them. Only the first batch may also
 * hold records below `from` (when the position lies in its middle); the caller skips them with `batch.indexOf(from)`.
 * `next > from` may come with no records (aborted, control or compacted records lay there).
 */
export interface Fetched {
  readonly from: number
  /** Where the next read goes on. Equal to `from` only when nothing committed lies there. Never beyond `stable`. */
  readonly next: number
  readonly batches: readonly RecordBatch[]
  /** Caught up: `next` = stable = end at the time of the read, so nothing is hidden (S2.3). */
  readonly caughtUp: boolean
}

export interface CommittedOffset {
  readonly next: number
  readonly metadata: string
}

export interface OffsetCommit {
  readonly group: string
  /** At most 4,096 bytes of UTF-8 (K11). */
  readonly metadata: string
  readonly offsets: readonly { readonly topic: string; readonly partition: number; readonly next: number }[]
}

export interface PartitionWrite {
  readonly topic: string
  readonly partition: number
  /** Read until the commit settles and not after: the caller keeps them unchanged that long. `starts` may be in any order and leave gaps. */
  readonly columns: Columns
}

export interface Transaction {
  readonly offsets?: OffsetCommit
  /** Several writes to one partition keep their order. */
  readonly writes: readonly PartitionWrite[]
}

/** Of an acknowledged transaction: the offset of the first record of each write, in the order of `writes`; −1 for a write without records. */
export interface Receipt {
  readonly baseOffsets: readonly number[]
}

/**
 * One owner's handle on a transactional id. The caller waits for one call before it makes the next (but for `close`). After any error from it and after `close()`
 * the handle is dead: every further call throws PRODUCER_FENCED (I8). Dead handles do not disturb others, not even of the same id.
 */
export interface TransactionalProducer {
  /**
   * O1. Takes the id over: every handle of it that was fenced before can commit nothing more, and its open transaction is settled (committed or
   * aborted, never both, never later) before this resolves. The order of `fence()` calls counts, not that of `producer()`. Must be the first call, once.
   * @throws LOG_UNAVAILABLE; PRODUCER_FENCED when another handle took over meanwhile
   */
  fence(): Promise<void>
  /**
   * E4. One transaction: all of `writes` and `offsets` become visible to read-committed readers, or nothing does, for ever. Resolves only
   * after it is durable. A transaction without writes and offsets is acknowledged and leaves nothing.
   * @throws PRODUCER_FENCED when another handle took over or before `fence()` (nothing was written), TOPIC_UNKNOWN when a topic or partition of `writes` or
   * `offsets` does not exist (nothing was written), RECORD_TOO_LARGE when a record, the transaction or the metadata is larger than the log takes (nothing was
   * written), DISK_FULL (nothing was written), COMMIT_UNKNOWN for every other failure: it may have happened or not.
   */
  commit(transaction: Transaction): Promise<Receipt>
  /** Lets go of resources; commits nothing, and a commit under way settles as it would have. Never throws. */
  close(): Promise<void>
}

/** Reads one partition from a position on, read committed. */
export interface PartitionReader {
  /**
   * What is there now from the position on: whole batches until `maxBytes` is passed (at least one batch if there is one), then moves the position to `next`.
   * Never waits for new records.
   * @throws OFFSET_OUT_OF_RANGE when the position lies below the log's start or beyond its end: the reader never jumps, its position stays; LOG_UNAVAILABLE; DATA_CORRUPT
   */
  fetch(maxBytes: number): Promise<Fetched>
  seek(offset: number): void
  /** Resolves when a fetch may give something new (or an error), at once if so already; also when `signal` aborts or reader or log are closed. Never rejects. */
  arrived(signal: AbortSignal): Promise<void>
  close(): void
}

/** Membership of a group: which partition numbers (tasks) are this member's. */
export interface Membership {
  leave(): Promise<void>
}

export interface RecordLog {
  /**
   * Creates the topic. 'exists' if one with the same partitions is there; it is left as it is, its retention too.
   * @throws TOPIC_DIFFERS (other partitions), TOPIC_INVALID (name, partitions not 1 … 10,000, retention), DISK_FULL, LOG_UNAVAILABLE
   */
  createTopic(settings: TopicSettings): Promise<'created' | 'exists'>
  /** Null when there is no such topic. */
  topic(name: string): Promise<TopicSettings | null>
  topics(): Promise<readonly TopicSettings[]>
  /** Of a topic just created: start = stable = end. @throws TOPIC_UNKNOWN (also for a partition that the topic does not have; as every member) */
  bounds(topic: string, partition: number): Promise<Bounds>
  /** The smallest offset, not below the log's start, whose record timestamp is at least `time`; `end` when there is none. @throws TOPIC_UNKNOWN */
  offsetAt(topic: string, partition: number, time: number): Promise<number>
  /**
   * Forgets all records below `before` (the new start); never moves the start back. Durable when it resolves.
   * @throws TOPIC_UNKNOWN, OFFSET_OUT_OF_RANGE when `before` > end (nothing is forgotten), DISK_FULL, LOG_UNAVAILABLE
   */
  deleteRecords(topic: string, partition: number, before: number): Promise<void>
  /** The group's committed offset, null when there is none. Up to date after a `fence()` of the id that committed it; may lag behind a `commit()` (K6). A display for everyone but O5. */
  committed(group: string, topic: string, partition: number): Promise<CommittedOffset | null>
  /** All committed offsets of all groups. */
  groups(): Promise<readonly { group: string; topic: string; partition: number; next: number; metadata: string }[]>
  /** A handle on a transactional id; nothing is sent until `fence()`. */
  producer(transactionalId: string): TransactionalProducer
  /** A position out of range is told by the first fetch. @throws TOPIC_UNKNOWN */
  reader(topic: string, partition: number, from: number): Promise<PartitionReader>
  /**
   * Joins a group that works on `tasks` partition numbers (0 … tasks − 1), the same for all its members. `assigned` is called with this member's numbers, ascending,
   * at once and after every change, never after `leave()`. When calm every number belongs to exactly one member, members' counts differ by at most one, and a
   * change moves no number between two members that stay unless their counts demand it; in between safety never rests on it.
   */
  join(group: string, tasks: number, assigned: (partitions: readonly number[]) => void): Promise<Membership>
  /** Lets go of everything; calls under way settle first. Every later call that needs the log throws LOG_UNAVAILABLE (a handle: PRODUCER_FENCED is as good). */
  close(): Promise<void>
}
