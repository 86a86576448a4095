// What every task last told, in memory: the status view and the health answers are made of it.
import type { Clock } from '../ports/clock.ts'
import type { TaskFailure, TaskWords } from '../ports/inspection.ts'
import type { EpochReport, Observer, TaskLabels, TaskState } from '../ports/observer.ts'
import { Rate } from './rate.ts'

interface Entry {
  readonly labels: TaskLabels
  readonly rate: Rate
  state: TaskState
  report: EpochReport | null
  failure: TaskFailure | null
}

export class TaskBoard {
  readonly #clock: Clock
  readonly #tasks = new Map<string, Entry>()
  readonly observer: Observer
  constructor(clock: Clock) {
    this.#clock = clock
    this.observer = {
      state: (task, state) => {
        const entry = this.#entry(task)
        entry.state = state
        if (state === 'ready') entry.failure = null
      },
      epoch: (task, report) => {
        const entry = this.#entry(task)
        // A loader tells of one input at a time.
        entry.report = { ...report, positions: { ...entry.report?.positions, ...report.positions } }
        entry.failure = null
        entry.rate.add(report.records, this.#clock.now())
      },
      failure: (task, { code, message, retryInMs }) => {
        this.#entry(task).failure = { code, message, at: this.#clock.now(), retryInMs }
      },
      refused() {},
      late() {},
    }
  }
  /** All tasks that were ever heard of, by processor in the order of their first words, and partition. */
  tasks(): readonly TaskWords[] {
    const now = this.#clock.now()
    const order = [...new Set([...this.#tasks.values()].map(t => t.labels.processor))]
    return [...this.#tasks.values()]
      .sort((a, b) => order.indexOf(a.labels.processor) - order.indexOf(b.labels.processor) || a.labels.partition - b.labels.partition)
      .map(({ labels, state, report, failure, rate }) => ({ labels, state, report, failure, perSecond: rate.perSecond(now) }))
  }
  #entry(labels: TaskLabels): Entry {
    const id = `${labels.processor}/${labels.partition}`
    let entry = this.#tasks.get(id)
    if (entry === undefined) {
      entry = { labels, rate: new Rate(this.#clock.now()), state: 'closed', report: null, failure: null }
      this.#tasks.set(id, entry)
    }
    return entry
  }
}
