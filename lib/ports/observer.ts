// What the engine tells about itself: counters, gauges and events, without knowing who listens. Never throws, never waits.
import type { ErrorCode, Where } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import type { Missed } from '../model/record.ts'

export interface TaskLabels {
  readonly processor: string
  readonly partition: number
}
export type TaskState = 'closed' | 'opening' | 'ready' | 'waiting' | 'stopped'

export interface Observer {
  state(task: TaskLabels, state: TaskState): void
  /** After every acknowledged epoch or load. Counts are of that epoch; times in ms. */
  epoch(task: TaskLabels, report: EpochReport): void
  failure(task: TaskLabels, error: { code: ErrorCode; message: string; where: Where; retryInMs: number | null }): void
  refused(task: TaskLabels, letter: { code: string; message: string; where: Where }): void
  /** Told when it is computed: again after a crash, if the epoch was not committed. */
  late(task: TaskLabels, event: LateEvent): void
}

/** A record missed `windows` of a stage's windows, the last of them by `lateByMs`. */
export interface LateEvent {
  readonly window: string
  readonly windows: number
  readonly missed: readonly Missed[]
  readonly lateByMs: number
  readonly record: LateOrigin
}
/** The record in hand; of a derived value that was late, the record that caused it. */
export interface LateOrigin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Key and event time (ms) where it was late. */
  readonly key: Key | null
  readonly time: number
}

export interface EpochReport {
  readonly epoch: number
  /** Records of this epoch; a sink's batch likewise. */
  readonly records: number
  /** Totals of the task since its first epoch, as stored with its state (I14). */
  readonly counts: { readonly records: number; readonly late: number; readonly refused: number; readonly refusedResults: number }
  /** Records of this epoch that stages dropped and that somebody may miss, by stage: no case of a branch took them, distinct() had seen them. */
  readonly dropped: Readonly<Record<string, number>>
  readonly computeMs: number
  readonly commitMs: number
  /** Stream time per input; null before the first record. */
  readonly streamTimes: Readonly<Record<string, number | null>>
  /** Live entries per store (for windows: open (key, window) pairs). */
  readonly liveKeys: Readonly<Record<string, number>>
  /** Next offset per input. */
  readonly positions: Readonly<Record<string, number>>
}

export const SILENT: Observer = { state() {}, epoch() {}, failure() {}, refused() {}, late() {} }
