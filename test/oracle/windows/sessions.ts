// Sessions by S3.5.
import {
  byEndAndKey,
  type Cause,
  type Result,
  seen,
  type SessionWords,
  type Sum,
  type Taken,
  tickAfter,
  type Timed,
  type WindowStage,
  type Key,
} from './words.ts'

interface OpenSession extends Sum {
  readonly key: Key
  start: number
  last: number
  told: number
  toldEnd: number
  /** Starts of the key's earlier sessions that have closed since it began. */
  taken: number[]
}

export class Sessions implements WindowStage {
  readonly #w: SessionWords
  #time = -Infinity
  #open: OpenSession[] = []
  constructor(words: SessionWords) {
    this.#w = words
  }
  get lag(): number {
    return this.#w.grace + 1 // it closes when stream time is past its end plus grace, not at it
  }
  looksAt(record: Timed): 'counts' | 'late' {
    return this.#joined(record).length === 0 && record.at + this.#w.gap + this.#w.grace < this.#time ? 'late' : 'counts'
  }
  /** Open sessions that the record joins, by their starts. */
  #joined({ key, at }: Timed): readonly OpenSession[] {
    const { gap, longest } = this.#w
    const span = (sessions: readonly OpenSession[]): number =>
      Math.max(at, ...sessions.map(s => s.last)) + gap - Math.min(at, ...sessions.map(s => s.start))
    const touched = this.#open.filter(s => s.key === key && at <= s.last + gap && at + gap >= s.start).sort((a, b) => a.start - b.start)
    const fitting = span(touched) <= longest ? touched : touched.filter(s => span([s]) <= longest).slice(0, 1)
    // Its start tells a session from others, so it does not go to where one began that closed beside it (decision 0066).
    const begins = fitting.every(s => at < s.start)
    return begins && fitting.some(s => s.taken.includes(at)) ? [] : fitting
  }
  take(record: Timed): Taken {
    const { key, at, weight } = record
    const { gap, grace } = this.#w
    if (this.looksAt(record) === 'late') {
      const end = at + gap
      return { results: [], late: { key, at, weight, missed: [{ start: at, end }], lateBy: this.#time - end - grace, share: 'all' } }
    }
    const joined = this.#joined(record)
    const start = Math.min(at, ...joined.map(s => s.start))
    const gone = joined.filter(s => s.told > 0 && s.start !== start)
    const results = gone.map((s): Result => {
      const shown = Math.min(s.last + gap - 1, this.#time)
      return { key, start: s.start, end: s.toldEnd, revision: s.told + 1, cause: 'merged', final: true, value: null, at: shown }
    })
    const kept = joined.find(s => s.start === start)
    this.#open = this.#open.filter(s => !joined.includes(s))
    this.#open.push({
      key,
      start,
      last: Math.max(at, ...joined.map(s => s.last)),
      n: joined.reduce((n, s) => n + s.n, 1),
      sum: joined.reduce((sum, s) => sum + s.sum, weight),
      told: kept?.told ?? 0,
      toldEnd: kept?.toldEnd ?? 0,
      taken: joined.flatMap(s => s.taken),
    })
    return { results, late: null }
  }
  advance(to: number, cause: Cause): readonly Result[] {
    const tick = this.#changed().length > 0 ? tickAfter(this.#w, this.#time) : Infinity
    this.#time = to
    if (tick > to) return this.#due(to, cause)
    return [...this.#due(tick, cause), ...this.#tell('tick'), ...this.#due(to, cause)]
  }
  turnEnd(): readonly Result[] {
    return this.#w.emit === 'on-update' ? this.#tell('update') : []
  }
  horizon(): number {
    return Math.max(-Infinity, ...this.#open.map(s => s.last + this.#w.gap + this.#w.grace + 1))
  }
  #due(time: number, cause: Cause): readonly Result[] {
    const due = this.#open.filter(s => s.last + this.#w.gap + this.#w.grace < time)
    this.#open = this.#open.filter(s => !due.includes(s))
    for (const s of this.#open) s.taken.push(...due.filter(d => d.key === s.key && d.start < s.start).map(d => d.start))
    return this.#inOrder(due).map(s => {
      const end = s.last + this.#w.gap
      return this.#result(s, this.#w.emit === 'on-close' ? 1 : s.n + 1, cause, true, end - 1)
    })
  }
  #changed(): readonly OpenSession[] {
    return this.#inOrder(this.#open.filter(s => s.told !== s.n))
  }
  #tell(cause: 'update' | 'tick'): readonly Result[] {
    return this.#changed().map(s => {
      s.told = s.n
      s.toldEnd = s.last + this.#w.gap
      return this.#result(s, s.n, cause, false, Math.min(s.toldEnd - 1, this.#time))
    })
  }
  #inOrder(sessions: readonly OpenSession[]): readonly OpenSession[] {
    return [...sessions].sort((a, b) => byEndAndKey({ key: a.key, end: a.last }, { key: b.key, end: b.last }))
  }
  #result(s: OpenSession, revision: number, cause: Cause, final: boolean, at: number): Result {
    return { key: s.key, start: s.start, end: s.last + this.#w.gap, revision, cause, final, value: seen(s), at }
  }
}
