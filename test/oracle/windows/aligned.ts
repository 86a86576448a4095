// Tumbling, hopping and cumulating windows by their definitions.
import {
  type AlignedWords,
  type Bounds,
  byEndAndKey,
  type Cause,
  type Result,
  seen,
  type Sum,
  type Taken,
  tickAfter,
  type Timed,
  type WindowStage,
  type Key,
} from './words.ts'

/** Every window of `words` that holds `at`, by its definition (table of S3), looking at every start that it may have; none is below 0 (S3.1). */
export function windowsHolding({ kind, size, hop, offset }: AlignedWords, at: number): readonly Bounds[] {
  const found: Bounds[] = []
  const every = kind === 'hopping' ? hop : size
  for (let start = at - size + 1; start <= at; start++) {
    if (start < 0 || (start - offset) % every !== 0) continue
    if (kind !== 'cumulating') found.push({ start, end: start + size })
    else for (let end = start + hop; end <= start + size; end += hop) if (at < end) found.push({ start, end })
  }
  return found
}

interface Open extends Sum, Bounds {
  readonly key: Key
  told: number
  revision: number
  state: 'open' | 'closed'
}

export class Aligned implements WindowStage {
  readonly #w: AlignedWords
  #time = -Infinity
  #windows: Open[] = []
  constructor(words: AlignedWords) {
    this.#w = words
  }
  get lag(): number {
    return this.#w.grace + this.#w.keep
  }
  looksAt({ at }: Timed): 'counts' | 'late' | 'in none' {
    const holding = windowsHolding(this.#w, at)
    return holding.length === 0 ? 'in none' : holding.every(w => this.#isMissed(w)) ? 'late' : 'counts'
  }
  #isMissed({ end }: Bounds): boolean {
    return end + this.#w.grace + this.#w.keep <= this.#time
  }
  take({ key, at, weight }: Timed): Taken {
    const { grace } = this.#w
    const holding = windowsHolding(this.#w, at)
    const missed = holding.filter(w => this.#isMissed(w))
    const results: Result[] = []
    for (const { start, end } of holding.filter(w => !missed.includes(w))) {
      let window = this.#windows.find(w => w.key === key && w.end === end && w.start === start)
      if (window === undefined) {
        window = { key, start, end, n: 0, sum: 0n, told: 0, revision: 0, state: end + grace <= this.#time ? 'closed' : 'open' }
        this.#windows.push(window)
      }
      window.n++
      window.sum += weight
      if (window.state === 'closed') results.push(this.#result(window, ++window.revision, 'late', false, end - 1)) // S3.4
    }
    const share = missed.length === holding.length ? 'all' : 'some'
    const lateBy = this.#time - Math.max(...missed.map(w => w.end)) - grace
    return { results, late: missed.length === 0 ? null : { key, at, weight, missed, lateBy, share } }
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
    const { grace, keep } = this.#w
    return Math.max(-Infinity, ...this.#windows.map(w => w.end + grace + (w.state === 'open' ? 0 : keep)))
  }
  /** What closes, and what can be corrected no more, by `time`: in (end, key) order. */
  #due(time: number, cause: Cause): readonly Result[] {
    const { grace, keep, emit } = this.#w
    const results: Result[] = []
    for (const end of [...new Set(this.#windows.map(w => w.end))].sort((a, b) => a - b)) {
      const here = this.#windows.filter(w => w.end === end).sort(byEndAndKey)
      for (const w of here)
        if (w.state === 'open' && end + grace <= time) {
          w.revision = emit === 'on-close' ? 1 : w.n + 1
          w.state = 'closed'
          results.push(this.#result(w, w.revision, cause, keep === 0, end - 1))
        }
      if (end + grace + keep > time) continue
      if (keep > 0) for (const w of here) results.push(this.#result(w, w.revision + 1, cause, true, end - 1))
      this.#windows = this.#windows.filter(w => w.end !== end)
    }
    return results
  }
  #changed(): readonly Open[] {
    return this.#windows.filter(w => w.state === 'open' && w.told !== w.n).sort(byEndAndKey)
  }
  #tell(cause: 'update' | 'tick'): readonly Result[] {
    return this.#changed().map(w => {
      w.told = w.n
      return this.#result(w, w.n, cause, false, Math.min(w.end - 1, this.#time))
    })
  }
  #result(w: Open, revision: number, cause: Cause, final: boolean, at: number): Result {
    return { key: w.key, start: w.start, end: w.end, revision, cause, final, value: seen(w), at }
  }
}
