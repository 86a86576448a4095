// Windows by plain code that knows nothing of the engine: what is open, what closes when, what is late.
export interface PureRecord {
  readonly key: string
  readonly at: number
  readonly n: number
  readonly total: number
  /** Whether it came when its upstream task had told that it is idle: it may be late downstream (W1). */
  readonly excused: boolean
}
export interface OpenWindow {
  readonly key: string
  readonly start: number
  readonly end: number
  /** Records folded. */
  folded: number
  n: number
  total: number
  excused: boolean
  /** Changed since it was told. */
  fresh: boolean
}
export type Share = 'in time' | 'late for some' | 'late'

export class PureWindows {
  readonly #size: number
  readonly #hop: number
  readonly #grace: number
  readonly #open = new Map<string, OpenWindow>()

  constructor(size: number, hop: number, grace: number) {
    this.#size = size
    this.#hop = hop
    this.#grace = grace
  }
  get open(): readonly OpenWindow[] {
    return [...this.#open.values()]
  }
  /** Ends of the windows that hold `at`, ascending. */
  endsOf(at: number): readonly number[] {
    const ends: number[] = []
    for (let start = Math.floor(at / this.#hop) * this.#hop; start > at - this.#size && start >= 0; start -= this.#hop)
      ends.unshift(start + this.#size)
    return ends
  }
  /** S3.3: late for a window iff its end and grace do not lie after stream time. */
  shareOf(at: number, time: number): Share {
    const ends = this.endsOf(at)
    const late = ends.filter(end => end + this.#grace <= time).length
    return late === 0 ? 'in time' : late === ends.length ? 'late' : 'late for some'
  }
  fold({ key, at, n, total, excused }: PureRecord, time: number): void {
    for (const end of this.endsOf(at)) {
      if (end + this.#grace <= time) continue
      const id = `${key}@${end}`
      let window = this.#open.get(id)
      if (window === undefined)
        this.#open.set(id, (window = { key, start: end - this.#size, end, folded: 0, n: 0, total: 0, excused: true, fresh: false }))
      window.folded++
      window.n += n
      window.total += total
      window.excused &&= excused
      window.fresh = true
    }
  }
  /** What is due at stream time `time`, in (end, key) order; it is not open afterwards. */
  close(time: number): readonly OpenWindow[] {
    const due = this.#inOrder(w => w.end + this.#grace <= time)
    for (const { key, end } of due) this.#open.delete(`${key}@${end}`)
    return due
  }
  /** What has changed since the last call, in (end, key) order. */
  takeFresh(): readonly OpenWindow[] {
    const fresh = this.#inOrder(w => w.fresh)
    for (const window of fresh) window.fresh = false
    return fresh
  }
  #inOrder(wanted: (window: OpenWindow) => boolean): readonly OpenWindow[] {
    return this.open.filter(wanted).sort((a, b) => a.end - b.end || (a.key < b.key ? -1 : 1))
  }
}
