// Stream time at one place of a pipeline (S2). Windows and timers hang on a clock; a window has a clock of its own below it, which runs behind by as much
// as the window's results may come after their time (S2.6).
import type { Cause } from '../../model/record.ts'

/** What closes as stream time passes: windows of one stage, or its timers. */
export interface Closing {
  readonly name: string
  /** What ends at E is due when stream time reaches E plus this. */
  readonly delayMs: number
  /** Whether a drain waits for it and brings it about, as for windows; timers stay as they are (S3.8). */
  readonly drains: 'drains' | 'stays'
  /** The earliest end of what is open, Infinity when nothing is. What ends after `by` may be told to end earlier, but not by then. */
  nextEnd(by: number): number
  /** No open end is later; −Infinity when nothing is open. */
  lastEnd(): number
  /** Closes what ends at `end` and emits its results in key order. */
  close(end: number, cause: Cause): void
  /** Stream time was restored: everything that was due by then has been closed before. */
  restored?(time: number): void
}

/** What emits at ticks of stream time, `emit: { every }` (S4.3). */
export interface Ticking {
  readonly name: string
  /** The tick at which there will be something to emit, Infinity when nothing has changed since the last. */
  nextTick(): number
  tick(): void
}

export class StreamClock {
  /** The largest event time seen; it never goes back (S2.1, I9). */
  time = -Infinity
  /** Nothing is due before stream time reaches this; something may be due later only. */
  wake = Infinity
  readonly #above: StreamClock | null
  readonly #closings: Closing[] = []
  readonly #tickings: Ticking[] = []
  readonly #below: { readonly clock: StreamClock; readonly lagMs: number }[] = []
  readonly #followers: ((cause: Cause) => void)[] = []
  #source: 'active' | 'idle' = 'active'

  constructor(above: StreamClock | null = null) {
    this.#above = above
  }
  /** A clock that runs `lagMs` behind this one. */
  below(lagMs: number): StreamClock {
    const clock = new StreamClock(this)
    this.#below.push({ clock, lagMs })
    return clock
  }
  hang(closing: Closing): void {
    this.#closings.push(closing)
  }
  hangTicking(ticking: Ticking): void {
    this.#tickings.push(ticking)
  }
  /** `moved` is called when this clock has moved on, or when its silence may have changed. */
  follow(moved: (cause: Cause) => void): void {
    this.#followers.push(moved)
  }
  /** Lets `due()` and the next advance look again: something opened that ends at `dueAt`, its delay included. */
  wakeAt(dueAt: number): void {
    if (dueAt < this.wake) this.wake = dueAt
  }
  /** Moves stream time on, closes what is due, then lets the clocks below follow: a result reaches the next window before time does. */
  advance(time: number, cause: Cause): void {
    if (!(time > this.time)) return
    this.time = time
    if (time >= this.wake) this.closeDue(cause)
    for (let i = 0; i < this.#below.length; i++) {
      const { clock, lagMs } = this.#below[i]!
      clock.advance(time - lagMs, cause)
    }
    for (let i = 0; i < this.#followers.length; i++) this.#followers[i]!(cause)
  }
  /** Sets stream time without closing anything: it was recorded (recovery). */
  restore(time: number): void {
    this.time = time
    for (const closing of this.#closings) closing.restored?.(time)
    this.wake = this.#nextWake(Infinity)
    for (const { clock, lagMs } of this.#below) clock.restore(time - lagMs)
  }
  /** Closes what is due already: after a restart with less grace there may be something. */
  catchUp(): void {
    if (this.time >= this.wake) this.closeDue('close')
    for (const { clock } of this.#below) clock.catchUp()
  }
  /** Stream time at which something here or below is due; Infinity when nothing is open. */
  due(): number {
    let due = this.#nextWake(Infinity)
    for (const { clock, lagMs } of this.#below) due = Math.min(due, clock.due() + lagMs)
    return due
  }
  /** Stream time at which no window here or below is open any more; −Infinity when none is. What closes may open windows below: ask again. */
  horizon(): number {
    let horizon = -Infinity
    for (const closing of this.#closings) if (closing.drains === 'drains') horizon = Math.max(horizon, closing.lastEnd() + closing.delayMs)
    for (const { clock, lagMs } of this.#below) horizon = Math.max(horizon, clock.horizon() + lagMs)
    return horizon
  }
  /** Whether the input that this clock belongs to is idle (S2.3); said at the input's own clock. */
  set source(state: 'active' | 'idle') {
    if (state === this.#source) return
    this.#source = state
    this.#tellFollowers()
  }
  /**
   * Whether nothing comes here by itself any more: the input is idle, and nothing above is open that could still give a result.
   * @param but `'timers'`: what a drain leaves as it is does not count
   */
  silent(but: 'nothing' | 'timers' = 'nothing'): boolean {
    if (this.#above === null) return this.#source === 'idle'
    return (
      this.#above.silent(but) && this.#above.#closings.every(c => c.lastEnd() === -Infinity || (but === 'timers' && c.drains === 'stays'))
    )
  }
  #tellFollowers(): void {
    for (const moved of this.#followers) moved('idle')
    for (const { clock } of this.#below) clock.#tellFollowers()
  }
  /** S3.9: in (end, window name, key) order, and what is due by a tick before the tick. */
  closeDue(cause: Cause): void {
    for (;;) {
      const ticking = this.#nextTicking()
      const tickAt = ticking?.nextTick() ?? Infinity
      const by = Math.min(this.time, tickAt) // fixed before anything closes: what closes may leave the tick nothing to tell
      while (this.#closeNext(by, cause) === 'closed');
      if (!(tickAt <= this.time)) break
      ticking!.tick()
    }
    this.wake = this.#nextWake(this.time)
  }
  #closeNext(by: number, cause: Cause): 'closed' | 'nothing due' {
    let next: Closing | undefined
    let end = Infinity
    for (const closing of this.#closings) {
      const e = closing.nextEnd(by - closing.delayMs)
      if (e + closing.delayMs > by) continue
      if (e < end || (e === end && next !== undefined && closing.name < next.name)) {
        next = closing
        end = e
      }
    }
    if (next === undefined) return 'nothing due'
    next.close(end, cause)
    return 'closed'
  }
  #nextTicking(): Ticking | undefined {
    let next: Ticking | undefined
    for (const ticking of this.#tickings) {
      const at = ticking.nextTick()
      if (next === undefined || at < next.nextTick() || (at === next.nextTick() && ticking.name < next.name)) next = ticking
    }
    return next
  }
  /** @param by what is due after this may be told too early */
  #nextWake(by: number): number {
    let wake = this.#nextTicking()?.nextTick() ?? Infinity
    for (const closing of this.#closings) wake = Math.min(wake, closing.nextEnd(by - closing.delayMs) + closing.delayMs)
    return wake
  }
}
