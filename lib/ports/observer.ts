// What the engine tells about itself: counters, gauges and events, without knowing who listens. Never throws, never waits.
import type { ErrorCode, Where } from '../model/errors.ts'

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
  late(task: TaskLabels, event: { window: string; windows: number; lateByMs: number }): void
}

export interface EpochReport {
  readonly epoch: number
  readonly records: number
  readonly results: number
  readonly late: number
  readonly refused: number
  readonly computeMs: number
  readonly commitMs: number
  readonly streamTime: number | null
  readonly openWindows: number
  readonly lag: number | null
}

export const SILENT: Observer = { state() {}, epoch() {}, failure() {}, refused() {}, late() {} }
