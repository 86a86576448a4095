// What people and consoles may ask of a system: its status, state, lag, topics, tables and dead letters. One contract for the system in this process, for the
// one in another process (through its control port), and for a data directory at rest. Everything in the answers is plain JSON.
import type { EpochReport, TaskLabels, TaskState } from './observer.ts'
import type { QueryResult } from './tables.ts'

export interface InputStatus {
  readonly input: string
  /** Next offset to compute. */
  readonly position: number
  /** Visible records not computed yet; null for a feed, whose end is not known. */
  readonly lag: number | null
  /** ms since epoch; null before the first record, and for loaders. */
  readonly streamTime: number | null
}

/** Where a task stands by its own words, as an observer remembers them. */
export interface TaskWords {
  readonly labels: TaskLabels
  readonly state: TaskState
  /** The last acknowledged epoch since the process began; null before the first. */
  readonly report: EpochReport | null
  /** Records per second over the last seconds. */
  readonly perSecond: number
  /** What the task waits for or stopped of; null when it is well. */
  readonly failure: TaskFailure | null
}

export interface TaskFailure {
  readonly code: string
  readonly message: string
  /** ms since epoch. */
  readonly at: number
  /** Null: it stopped for good. */
  readonly retryInMs: number | null
}

export interface TaskStatus {
  readonly processor: string
  readonly partition: number
  readonly state: TaskState
  readonly kind: 'stream' | 'sink'
  /** Totals as stored with the task's state (I14); a loader counts since it was started. */
  readonly counts: { readonly records: number; readonly late: number; readonly refused: number; readonly refusedResults: number }
  /** Records per second over the last seconds. */
  readonly perSecond: number
  readonly inputs: readonly InputStatus[]
  /** Open (key, window) pairs over all windows; null for processors without windows. */
  readonly open: number | null
  /** Live entries per store. */
  readonly live: Readonly<Record<string, number>>
  readonly failure: TaskFailure | null
}

export interface SystemStatus {
  /** ms since epoch. */
  readonly at: number
  readonly startedAt: number
  readonly tasks: readonly TaskStatus[]
}

export interface StateAnswer {
  /** In (partition, store, window, key) order. */
  readonly rows: readonly StateRow[]
  /** How many there are; more than `rows` when the limit cut them off. */
  readonly total: number
}

/** A live entry of a stateful stage. */
export interface StateRow {
  readonly partition: number
  readonly store: string
  readonly key: string | number
  /** Bounds of its window, ms; null for stages without windows. */
  readonly window: { readonly start: number; readonly end: number } | null
  /** As JSON: decimals and 64-bit integers are text, bytes base64. */
  readonly value: unknown
}

export interface LagRow {
  readonly processor: string
  readonly topic: string
  readonly partition: number
  /** Next offset of the last commit. */
  readonly position: number
  readonly end: number
  readonly lag: number
}

export interface TopicRow {
  readonly topic: string
  readonly partitions: number
  /** `forever`, `compact`, or a span of ms. */
  readonly retention: number | 'forever' | 'compact'
  /** Offsets between start and end, over all partitions: an upper bound of its records, marks and compacted ones included. */
  readonly records: number
  readonly purpose: 'data' | 'repartition' | 'ledger' | 'dead letters' | 'internal'
}

/** A dead letter: where it lies, what it is about, and whether it was sent again. */
export interface Letter {
  /** `<processor>/<partition>/<offset>`: where it lies among the processor's letters; names it in commands. */
  readonly id: string
  readonly code: string
  readonly message: string
  readonly processor: string
  readonly stage: string
  /** Where the refused record lies; for a refused result, the record that caused it. */
  readonly origin: { readonly topic: string; readonly partition: number; readonly offset: number }
  readonly of: 'record' | 'result'
  /** Event time, ms since epoch. */
  readonly time: number
  readonly replay: 'possible' | 'done' | 'impossible'
  /** Why `replay` is not 'possible'; empty otherwise. */
  readonly replayNote: string
}

export interface LetterContent extends Letter {
  readonly key: string | null
  /** The value as far as it can be read: decoded, or as text, or as hex. */
  readonly value: { readonly as: 'avro' | 'json' | 'text' | 'hex' | 'null'; readonly content: unknown; readonly note: string }
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export interface LetterFilter {
  /** Letters of this processor only. */
  readonly processor?: string | undefined
  /** At most so many, the newest. Default 100. */
  readonly limit?: number | undefined
}

export interface ReplayOrder {
  /** Letters by id, or all of a processor. */
  readonly letters: readonly string[] | { readonly processor: string }
  /** Whether records may go to processors that have taken them already: these would count them twice. */
  readonly twice: 'refuse' | 'accept'
}

export interface ReplayAnswer {
  readonly replayed: readonly { readonly id: string; readonly topic: string; readonly partition: number; readonly offset: number }[]
  /** Letters that were not sent again, and why. */
  readonly kept: readonly { readonly id: string; readonly why: string }[]
}

/** What a task's last epoch says of the stages that made it. */
export interface StoredStages {
  readonly partition: number
  readonly epoch: number
  /** One line for each stage that owns state, as `stateLines` of a plan gives them. */
  readonly stages: readonly string[]
  /** Live entries by store. */
  readonly entries: Readonly<Record<string, number>>
}

export type PlanForm = 'text' | 'json' | 'mermaid'

export interface Inspection {
  /** The processor's plan. @throws OPTION_INVALID for an unknown processor */
  plan(processor: string, as: PlanForm): Promise<string>
  /** The stages that the stored state of a processor's tasks was made by, in partition order; tasks that never committed are left out. @throws OPTION_INVALID for an unknown processor */
  stored(processor: string): Promise<readonly StoredStages[]>
  /** @throws NOT_RUNNING where no tasks live */
  status(): Promise<SystemStatus>
  /** Live entries of all stores of a processor's tasks, at most `limit` of them; only those of `key` unless it is null. @throws OPTION_INVALID for an unknown processor */
  state(processor: string, key: string | null, limit: number): Promise<StateAnswer>
  lag(): Promise<readonly LagRow[]>
  topics(): Promise<readonly TopicRow[]>
  /** Read-only SQL, one statement. @throws QUERY_FAILED */
  query(sql: string): Promise<QueryResult>
  /** Newest first. @throws OPTION_INVALID for an unknown processor */
  letters(filter: LetterFilter): Promise<readonly Letter[]>
  /** @throws OPTION_INVALID when there is no such letter */
  letter(id: string): Promise<LetterContent>
  /**
   * Sends the original bytes of refused records to the end of their topic again, each refused record at most once, whatever fails in between: the sending
   * and the note that it was sent are one transaction.
   * @throws OPTION_INVALID when there is no such letter; what the log throws
   */
  replay(order: ReplayOrder): Promise<ReplayAnswer>
}
