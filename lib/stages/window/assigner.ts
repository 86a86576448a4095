// Which windows a moment lies in, as arithmetic (S3). Windows are put together from panes: stretches that no window's bound cuts, so that a record is
// folded once however many windows it counts in (performance.md §4).

/** Windows are half open, `[start, end)`, in ms since the epoch; none starts below 0 (S3.1). Every window is known by its end. */
export interface Assigner {
  /** `'cumulating'`: windows of one start grow, so that a later one holds all that an earlier one did. */
  readonly growth: 'none' | 'cumulating'
  /** Panes lie side by side, `[pane, pane + paneMs)`. */
  readonly paneMs: number
  /** Where the pane begins that holds `at`. */
  paneOf(at: number): number
  /** The end of the first window that holds the pane and ends after `after`; Infinity when there is none. */
  nextEnd(pane: number, after: number): number
  /** The end of the last window that holds the pane; −Infinity when none does. */
  lastEnd(pane: number): number
  startOf(end: number): number
}

const floorTo = (at: number, step: number, offset: number): number => Math.floor((at - offset) / step) * step + offset

/** Windows of `size` side by side: each is its own pane. */
export function tumblingAssigner(size: number, offset: number): Assigner {
  return {
    growth: 'none',
    paneMs: size,
    paneOf: at => floorTo(at, size, offset),
    nextEnd: (pane, after) => (pane >= 0 && pane + size > after ? pane + size : Infinity),
    lastEnd: pane => (pane >= 0 ? pane + size : -Infinity),
    startOf: end => end - size,
  }
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))

/** Windows of `size` that start every `hop`; size need not be a multiple of hop. */
export function hoppingAssigner(size: number, hop: number, offset: number): Assigner {
  const paneMs = commonDivisor(size, hop)
  const firstStart = floorTo(hop - 1, hop, offset % hop) // the smallest one that is not below 0
  const lastStart = (pane: number): number => floorTo(pane, hop, firstStart)
  return {
    growth: 'none',
    paneMs,
    paneOf: at => floorTo(at, paneMs, offset),
    nextEnd(pane, after) {
      // The smallest start whose window reaches beyond the pane and beyond `after`.
      const reaching = Math.max(pane + paneMs - size, after + 1 - size, firstStart)
      const start = -floorTo(-reaching, hop, -firstStart)
      return start <= pane ? start + size : Infinity
    },
    lastEnd(pane) {
      const start = lastStart(pane)
      return start >= 0 ? start + size : -Infinity
    },
    startOf: end => end - size,
  }
}

/** Windows `[base, base + k · step)` up to `size`, which is a multiple of step. */
export function cumulatingAssigner(size: number, step: number, offset: number): Assigner {
  const baseOf = (at: number): number => floorTo(at, size, offset)
  return {
    growth: 'cumulating',
    paneMs: step,
    paneOf: at => floorTo(at, step, offset),
    nextEnd(pane, after) {
      const base = baseOf(pane)
      if (base < 0 || after >= base + size) return Infinity
      return Math.max(pane, floorTo(after, step, offset)) + step
    },
    lastEnd(pane) {
      const base = baseOf(pane)
      return base < 0 ? -Infinity : base + size
    },
    startOf: end => baseOf(end - 1),
  }
}
