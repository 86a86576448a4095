// A status condensed for the eye: one row for each processor, whatever its number of tasks.
import type { SystemStatus, TaskStatus } from '../../ports/inspection.ts'

export interface ProcessorOverview {
  readonly processor: string
  readonly tasks: number
  readonly records: number
  readonly perSecond: number
  /** Null: it reads a feed, whose end is not known. */
  readonly lag: number | null
  /** How far event time has come, ms: of each input the slowest task's, of these the furthest; null without any. */
  readonly streamTime: number | null
  readonly open: number | null
  /** Null: it has no windows. */
  readonly late: number | null
  /** Refused records and results. */
  readonly refused: number
  /** Tasks that are not ready, with their reason. */
  readonly troubled: readonly { readonly partition: number; readonly state: string; readonly code: string; readonly message: string }[]
}

export function overview(status: SystemStatus): readonly ProcessorOverview[] {
  return [...Map.groupBy(status.tasks, t => t.processor)].map(([processor, tasks]) => ({
    processor,
    tasks: tasks.length,
    records: sum(tasks, t => t.counts.records),
    perSecond: sum(tasks, t => t.perSecond),
    lag: lagOf(tasks),
    streamTime: furthest(
      [
        ...Map.groupBy(
          tasks.flatMap(t => t.inputs),
          i => i.input,
        ).values(),
      ].map(of => earliest(of.map(i => i.streamTime))),
    ),
    open: tasks.some(t => t.open !== null) ? sum(tasks, t => t.open ?? 0) : null,
    late: tasks.some(t => t.open !== null) ? sum(tasks, t => t.counts.late) : null,
    refused: sum(tasks, t => t.counts.refused + t.counts.refusedResults),
    troubled: tasks
      .filter(t => t.failure !== null && t.state !== 'ready')
      .map(({ partition, state, failure }) => ({ partition, state, code: failure!.code, message: failure!.message })),
  }))
}

export interface Totals {
  readonly perSecond: number
  readonly lag: number
  readonly open: number
  readonly late: number
  readonly refused: number
  /** The earliest stream time of what is known; null without. */
  readonly streamTime: number | null
}

/** Over all processors. Records per second are those of the sources that are feeds, or of all when none is: a record is not counted again on its way. */
export function totals(rows: readonly ProcessorOverview[]): Totals {
  const sources = rows.filter(r => r.lag === null)
  return {
    perSecond: sum(sources.length > 0 ? sources : rows, r => r.perSecond),
    lag: sum(rows, r => r.lag ?? 0),
    open: sum(rows, r => r.open ?? 0),
    late: sum(rows, r => r.late ?? 0),
    refused: sum(rows, r => r.refused),
    streamTime: earliest(rows.map(r => r.streamTime)),
  }
}

const sum = <T>(of: readonly T[], f: (each: T) => number): number => of.reduce((total, each) => total + f(each), 0)

function lagOf(tasks: readonly TaskStatus[]): number | null {
  const lags = tasks.flatMap(t => t.inputs.map(i => i.lag)).filter(l => l !== null)
  return lags.length === 0 && tasks.some(t => t.inputs.length > 0) ? null : lags.reduce((a, b) => a + b, 0)
}

const furthest = (times: readonly (number | null)[]): number | null =>
  times.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null)

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter(t => t !== null)
  return known.length === 0 ? null : Math.min(...known)
}
