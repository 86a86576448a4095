// What a stage is given when a task opens it: the record in hand, its place in time, somewhere to keep state, somewhere to send.
import type { Headers, RecordBatch } from '../model/record-batch.ts'
import type { Key } from '../model/key.ts'
import type { Cause, Meta, Missed } from '../model/record.ts'
import type { StageSpec } from '../model/stage.ts'
import type { TombstoneTargetSpec } from '../model/table-target.ts'
import type { Target } from '../model/topic.ts'
import type { Store } from '../state/store.ts'
import type { UndoLog } from '../state/undo.ts'
import type { StreamClock } from './window/clock.ts'

/** A compiled stage: takes a value, pushes what it makes of it to the next. */
export type Push = (value: unknown) => void
export type Open = (context: StageContext, down: Push) => Push
/** A stage without memory that hands on at most one value for one, by one function of the author's: the engine writes a stretch of them as one function. */
export interface InLine {
  readonly does: 'map' | 'filter' | 'tap'
  readonly f: (value: never, meta: Meta) => unknown
}
export type OpenSpec = StageSpec<Open | InLine>

const NOWHERE: Headers = { get: () => undefined, names: () => [] }

/** The record in hand, one per task: key, time and origin, so that nothing is boxed. A stage that changes them restores them. */
export class Cursor implements Meta {
  at = 0
  /** Which record of the task this is, counted from 1 and never anew; for what time decides, the last record before. */
  ordinal = 0
  key: Key | null = null
  topic = ''
  partition = 0
  offset = -1
  /** Where headers and original bytes lie; null for results and timers. */
  batch: RecordBatch | null = null
  index = 0
  get headers(): Headers {
    return this.batch === null ? NOWHERE : this.batch.headers(this.index)
  }
}

export interface StageContext {
  readonly cursor: Cursor
  /** Stream time at this place of the pipeline (S2.6). */
  readonly clock: StreamClock
  /** Stream time behind this stage; its own clock unless the stage is a window. */
  readonly below: StreamClock
  readonly undo: UndoLog
  /** `'alone'`: nothing else can refuse the record after this stage took it, so it need not log undo. */
  readonly refusal: 'alone' | 'shared'
  /** `'compared'`: each rx() is also run on fresh subscriptions, and a difference ends the task (S5.6); for tests, it takes twice the time. */
  readonly rx: 'run' | 'compared'
  /** The stage's number in the plan as it is printed: names it where it has no name of its own. */
  readonly place: number
  /** Partition number of the task. */
  readonly partition: number
  /** The partition that a key lives in, by the partition count of the input that feeds this stage. */
  homeOf(key: Key): number
  /** Registers what the stage keeps; its entries go into the ledger under the store's name. */
  keep(store: Store): void
  /** A way to send values to a topic or table. */
  sender(target: Target<never>): Sender
  /** Lets rows leave a table by the tombstones of the inputs that this stage reads with nothing between. */
  tombstones(target: TombstoneTargetSpec): void
  /** A way into a repartition topic; the task writes its marks there (S2.5). */
  repartitioner(target: Target<never>): Sender
  /** A way to send a record's original bytes to a target of the same codec, without decoding it. */
  forwarder(target: Target<never>): Forwarder
  /** Pushes a derived value (a window's result, a timer's): its failure is the result's own, never the record's (S6.1). */
  result(down: Push, value: unknown, key: Key, at: number, stage: string): void
  /** Runs `emit` when the record in hand has been taken, before time moves on; never if it is refused. */
  afterRecord(emit: () => void): void
  /** Runs `emit` at the end of every turn, stages in the order of the plan. */
  atTurnEnd(emit: () => void): void
  /** Lets `reached` run between records, once the wall clock has reached what `nextAt` says; such a turn is committed like any other (S2.4). */
  atWallTime(timers: WallTimers): void
  /** Tells of a value that missed windows of a stage, once its record has been taken. */
  late(stage: string, missed: readonly Missed[], lateByMs: number): void
  /** Counts the record in hand, which has been taken, as late: all that came of it at a stage missed all its windows there (I14). */
  lateRecord(): void
  /** Counts a record that a stage drops and that somebody may miss. */
  dropped(stage: string): void
  /** What reads one outlet of this stage; a stage with outlets pushes there, not down. */
  outlet(name: string): Push
  /** Ends the task at the end of the turn: the code is wrong in a way that no record can help. May be called at any time. */
  fatal(error: Error): void
}

export interface WallTimers {
  /** Wall time, ms; Infinity when nothing is waited for. */
  nextAt(): number
  reached(now: number): void
}

/** Sends under the cursor's key and time. */
export type Sender = (value: unknown) => void
export type Forwarder = (value: unknown, headers: readonly (readonly [string, Uint8Array | string])[]) => void
export type { Cause }
