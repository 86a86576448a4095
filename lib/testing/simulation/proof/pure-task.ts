// What one task of the job must do, record by record, by plain code that knows nothing of epochs: the engine's every epoch is compared with it.
import { byGroup, DEAD_LETTERS, direct, DIRECT_GRACE, type Event, forgets, grouped, groupOf, late } from './job.ts'
import { type Result, RESULTS_SIZE, results, revisionOf, running, type Shape, SIZE } from './job.ts'
import { PureMarks } from './pure-marks.ts'
import { type OpenWindow, PureWindows } from './pure-windows.ts'

/** A record that the task must write. */
export interface Due {
  readonly topic: string
  readonly key: string
  /** JSON, without the word for what time alone has closed: `idle` or `drain` depends on the moment. */
  readonly value: string
  /** Stream time that it carries through a repartition. */
  readonly carried: number | null
  /** It may be late downstream (W1). */
  readonly excused: boolean
}
/** What came through the repartition topic. */
export interface Arrival {
  readonly task: number
  readonly time: number
  readonly what: 'idle' | 'busy' | Event | Result
}
/** Why a record was late downstream: it should not have been, or only if it came after its task had told that it is idle (W1). */
export type Lateness = 'wrong' | 'wrong unless excused'

export interface Counts {
  records: number
  late: number
  refused: number
}

export class PureTask {
  readonly shape: Shape
  readonly counts: Counts = { records: 0, late: 0, refused: 0 }
  /** Stream time of the source, and of the repartition topic's reader. */
  time = -Infinity
  readonly marks: PureMarks
  readonly #first: PureWindows
  readonly #second: PureWindows
  readonly #running = new Map<string, { seq: number; total: number }>()
  #due: Due[] = []
  /** It has told downstream, once at least, that it is idle. */
  #everIdle = false

  constructor(shape: Shape) {
    this.shape = shape
    this.marks = new PureMarks(shape.partitions)
    this.#first = new PureWindows(SIZE, shape.hop, DIRECT_GRACE)
    this.#second =
      shape.regrouped === 'records' ? new PureWindows(SIZE, SIZE, shape.disorder) : new PureWindows(RESULTS_SIZE, RESULTS_SIZE, 0)
  }
  /** Stream time where it writes to the repartition topic (S2.6). */
  get timeOfMarks(): number {
    return this.shape.regrouped === 'results' ? this.time - DIRECT_GRACE : this.time
  }
  /** Nothing is open whose result would come through the repartition topic. */
  get mayTellIdle(): boolean {
    return this.shape.regrouped !== 'results' || this.#first.open.length === 0
  }
  toldIdle(): void {
    this.#everIdle = true
  }

  event(e: Event): void {
    this.counts.records++
    if (e.n < 0) {
      this.counts.refused++
      this.#write(DEAD_LETTERS, e.k, e)
    } else {
      this.#foldEvent(e)
      this.#count(e)
      if (this.shape.regrouped === 'records') this.#write(byGroup.name, e.g, e, this.time, this.#everIdle)
    }
    if (e.at > this.time) this.#pass(e.at, 'close')
  }
  /** S6.5: a record was set aside unseen, because processes died while it was computed, be it by chance. */
  setAside(key: string, value: string): void {
    this.counts.records++
    this.counts.refused++
    this.#due.push({ topic: DEAD_LETTERS, key, value, carried: null, excused: false })
  }
  /** Time alone has moved the source on. */
  decideSource(time: number): void {
    this.#pass(time, 'time')
  }
  arrival({ task, time, what }: Arrival): Lateness | null {
    this.marks.hear(task, time, what === 'idle')
    this.#closeSecond('close')
    if (what === 'idle' || what === 'busy') return null
    this.counts.records++
    if ('id' in what && what.n === 0) return null
    const { at } = what
    const folded = 'id' in what ? { key: what.g, at, n: 1, total: what.n } : { key: what.g, at, n: what.n, total: what.total }
    if (this.#second.shareOf(at, this.marks.time) === 'late') {
      this.counts.late++
      return this.#lateness(at, task, time)
    }
    this.#second.fold({ ...folded, excused: true }, this.marks.time)
    return null
  }
  decideReader(time: number): void {
    this.marks.advance(time)
    this.#closeSecond('time')
  }
  /** What is told at the end of a turn (S4.2). */
  endTurn(): void {
    if (this.shape.emit === 'on-update') for (const w of this.#second.takeFresh()) this.#result(grouped.name, w, w.folded, 'update', false)
  }
  /** What must have been written since the last call, in order for each topic and key. */
  take(): readonly Due[] {
    const due = this.#due
    this.#due = []
    return due
  }
  /** What it must remember: store → lines. */
  get state(): ReadonlyMap<string, readonly string[]> {
    const lines = (windows: PureWindows): readonly string[] => windows.open.map(w => `${w.key}@${w.start}: ${w.n} ${w.total}`)
    return new Map([
      ['direct', lines(this.#first)],
      ['grouped', lines(this.#second)],
      ['running', [...this.#running].map(([k, s]) => `${k}: ${s.seq} ${s.total}`)],
    ])
  }

  #foldEvent(e: Event): void {
    const share = this.#first.shareOf(e.at, this.time)
    if (share === 'late') this.counts.late++
    if (share !== 'in time') this.#write(late.name, e.k, e)
    this.#first.fold({ key: e.k, at: e.at, n: 1, total: e.n, excused: this.#everIdle }, this.time)
  }
  #count(e: Event): void {
    const before = this.#running.get(e.k) ?? { seq: 0, total: 0 }
    const state = { seq: before.seq + 1, total: before.total + e.n }
    if (forgets(e.n)) this.#running.delete(e.k)
    else this.#running.set(e.k, state)
    this.#write(running.name, e.k, { id: e.id, k: e.k, ...state, revision: revisionOf(state.seq) })
  }
  #pass(time: number, cause: string): void {
    const carried = this.timeOfMarks // results are written before time goes on behind their window
    this.time = time
    for (const w of this.#first.close(time)) {
      this.#result(direct.name, w, 1, cause, true)
      if (this.shape.regrouped === 'results') this.#result(results.name, w, 1, cause, true, carried)
    }
  }
  #closeSecond(cause: string): void {
    const revision = (w: OpenWindow): number => (this.shape.emit === 'on-close' ? 1 : w.folded + 1)
    for (const w of this.#second.close(this.marks.time)) this.#result(grouped.name, w, revision(w), cause, true)
  }
  /** W1: only windows may be missed that were passed while the record's task was told to be idle, or that it had missed where it comes from. */
  #lateness(at: number, task: number, carried: number): Lateness | null {
    if (this.#second.shareOf(at, carried) === 'late') return null
    return this.#second.shareOf(at, this.marks.passed(task)) === 'late' ? 'wrong unless excused' : 'wrong'
  }
  #result(to: string, w: OpenWindow, revision: number, cause: string, final: boolean, carried: number | null = null): void {
    const { key: k, start, end, n, total } = w
    const g = groupOf(k)
    this.#write(to, to === results.name ? g : k, { k, g, start, at: end - 1, n, total, revision, cause, final }, carried, w.excused)
  }
  #write(to: string, key: string, value: unknown, carried: number | null = null, excused = false): void {
    this.#due.push({ topic: to, key, value: JSON.stringify(value), carried, excused })
  }
}

/** The value as `Due` has it. */
export const timeless = (json: string): string => json.replace(/"cause":"(idle|drain)"/, '"cause":"time"')
