// What a monitoring system reads: counters and gauges of the tasks, in Prometheus' text form.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Observer, TaskLabels, TaskState } from '../ports/observer.ts'

/** What is asked for when metrics are read, not told by tasks. */
export interface Measured {
  readonly lags: readonly { readonly processor: string; readonly partition: number; readonly input: string; readonly lag: number }[]
  readonly ends: readonly { readonly topic: string; readonly partition: number; readonly end: number }[]
  readonly logBytes: number
}

export interface Metrics {
  readonly observer: Observer
  readonly contentType: string
  text(): Promise<string>
}

const STATES: readonly TaskState[] = ['closed', 'opening', 'ready', 'waiting', 'stopped']
/** Seconds: epochs take from a millisecond to some tenths. */
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
const TASK = ['processor', 'partition'] as const

/** @param process whether to tell of the process too (CPU, memory, event loop) */
export function openMetrics(
  version: string,
  measure: () => Promise<Measured>,
  process: 'with process' | 'tasks only' = 'with process',
): Metrics {
  const registry = new Registry()
  const registers = [registry]
  if (process === 'with process') collectDefaultMetrics({ register: registry })
  const records = new Counter({
    name: 'millrace_records_total',
    help: 'Input records computed and committed by this process.',
    labelNames: TASK,
    registers,
  })
  const epochs = new Counter({
    name: 'millrace_epochs_total',
    help: 'Acknowledged epochs (of a loader: batches).',
    labelNames: TASK,
    registers,
  })
  const computing = new Histogram({
    name: 'millrace_epoch_compute_seconds',
    help: 'Time that computing an epoch took.',
    labelNames: ['processor'],
    buckets: BUCKETS,
    registers,
  })
  const committing = new Histogram({
    name: 'millrace_epoch_commit_seconds',
    help: 'Time from the end of computing an epoch to its acknowledgement.',
    labelNames: ['processor'],
    buckets: BUCKETS,
    registers,
  })
  const totals = new Gauge({
    name: 'millrace_task_records',
    help: 'Records of a task since its first epoch, as stored with its state, by outcome: all, late, refused; and refused results.',
    labelNames: [...TASK, 'outcome'],
    registers,
  })
  const late = new Counter({
    name: 'millrace_late_windows_total',
    help: 'Windows that records came too late for.',
    labelNames: ['processor', 'window'],
    registers,
  })
  const dropped = new Counter({
    name: 'millrace_dropped_records_total',
    help: 'Records that a stage dropped and that somebody may miss: no case of a branch took them, distinct had seen them.',
    labelNames: ['processor', 'stage'],
    registers,
  })
  const letters = new Counter({
    name: 'millrace_dead_letters_total',
    help: 'Refused records and results, by error code.',
    labelNames: ['processor', 'code'],
    registers,
  })
  const failures = new Counter({
    name: 'millrace_task_failures_total',
    help: 'Errors that closed a task, by code.',
    labelNames: ['processor', 'code'],
    registers,
  })
  const states = new Gauge({
    name: 'millrace_task_state',
    help: '1 for the state that the task is in, 0 for the others.',
    labelNames: [...TASK, 'state'],
    registers,
  })
  const positions = new Gauge({
    name: 'millrace_input_position',
    help: 'Next offset of an input.',
    labelNames: [...TASK, 'input'],
    registers,
  })
  const streamTimes = new Gauge({
    name: 'millrace_stream_time_seconds',
    help: 'Stream time of an input, seconds since 1970.',
    labelNames: [...TASK, 'input'],
    registers,
  })
  const live = new Gauge({
    name: 'millrace_live_entries',
    help: 'Live entries of a store; for windows: open (key, window) pairs.',
    labelNames: [...TASK, 'store'],
    registers,
  })
  const lags = new Gauge({
    name: 'millrace_input_lag_records',
    help: 'Visible records of an input that are not computed yet.',
    labelNames: [...TASK, 'input'],
    registers,
  })
  const ends = new Gauge({
    name: 'millrace_topic_end_offset',
    help: 'End of a partition: results written so far, by topic.',
    labelNames: ['topic', 'partition'],
    registers,
  })
  const logBytes = new Gauge({ name: 'millrace_log_bytes', help: 'Size of the record log on disk.', registers })
  new Gauge({ name: 'millrace_info', help: 'Always 1; names the version.', labelNames: ['version'], registers }).set({ version }, 1)

  const observer: Observer = {
    state: (task, state) => {
      for (const s of STATES) states.set({ ...labelsOf(task), state: s }, s === state ? 1 : 0)
    },
    epoch: (task, report) => {
      const labels = labelsOf(task)
      const { processor } = task
      records.inc(labels, report.records)
      epochs.inc(labels)
      computing.observe({ processor }, report.computeMs / 1_000)
      committing.observe({ processor }, report.commitMs / 1_000)
      const { counts } = report
      const outcomes = { all: counts.records, late: counts.late, refused: counts.refused, 'refused-result': counts.refusedResults }
      for (const [outcome, count] of Object.entries(outcomes)) totals.set({ ...labels, outcome }, count)
      for (const [stage, count] of Object.entries(report.dropped)) dropped.inc({ processor, stage }, count)
      for (const [input, position] of Object.entries(report.positions)) positions.set({ ...labels, input }, position)
      for (const [input, time] of Object.entries(report.streamTimes)) if (time !== null) streamTimes.set({ ...labels, input }, time / 1_000)
      for (const [store, entries] of Object.entries(report.liveKeys)) live.set({ ...labels, store }, entries)
    },
    failure: ({ processor }, { code }) => failures.inc({ processor, code }),
    refused: ({ processor }, { code }) => letters.inc({ processor, code }),
    late: ({ processor }, { window, windows }) => late.inc({ processor, window }, windows),
  }
  return {
    observer,
    contentType: registry.contentType,
    async text() {
      const measured = await measure()
      for (const { processor, partition, input, lag } of measured.lags) lags.set({ processor, partition, input }, lag)
      for (const { topic, partition, end } of measured.ends) ends.set({ topic, partition }, end)
      logBytes.set(measured.logBytes)
      return registry.metrics()
    },
  }
}

const labelsOf = ({ processor, partition }: TaskLabels): { processor: string; partition: number } => ({ processor, partition })
