// Stream time at one place of a pipeline (S2). Windows hang on a clock; each has a clock of its own below it, which runs its grace behind (S2.6).
import type { Cause } from '../../model/record.ts'

/** What closes as stream time passes. */
export interface Closing {
  readonly name: string
  readonly graceMs: number
  /** End of the earliest open window, Infinity when none is open. */
  nextEnd(): number
  /** End of the latest open window, −Infinity when none is open. */
  lastEnd(): number
  /** Closes the windows that end at `end` and emits their results in key order. */
  close(end: number, cause: Cause): void
}

export class StreamClock {
  /** The largest event time seen; it never goes back (S2.1, I9). */
  time = -Infinity
  /** Nothing is due before stream time reaches this. */
  wake = Infinity
  readonly #closings: Closing[] = []
  readonly #below: { readonly clock: StreamClock; readonly graceMs: number }[] = []

  /** A clock behind a window with `graceMs`. */
  below(graceMs: number): StreamClock {
    const clock = new StreamClock()
    this.#below.push({ clock, graceMs })
    return clock
  }
  hang(closing: Closing): void {
    this.#closings.push(closing)
  }
  /** Moves stream time on, closes what is due, then lets the clocks below follow: a result reaches the next window before time does. */
  advance(time: number, cause: Cause): void {
    if (!(time > this.time)) return
    this.time = time
    if (time >= this.wake) this.#closeDue(cause)
    for (let i = 0; i < this.#below.length; i++) {
      const { clock, graceMs } = this.#below[i]!
      clock.advance(time - graceMs, cause)
    }
  }
  /** Sets stream time without closing anything: it was recorded (recovery). */
  restore(time: number): void {
    this.time = time
    this.wake = this.#nextWake()
    for (const { clock, graceMs } of this.#below) clock.restore(time - graceMs)
  }
  /** Stream time at which something here or below is due; Infinity when nothing is open. */
  due(): number {
    let due = this.wake
    for (const { clock, graceMs } of this.#below) due = Math.min(due, clock.due() + graceMs)
    return due
  }
  /** Stream time at which nothing here or below is open any more; −Infinity when nothing is. What closes may open windows below: ask again. */
  horizon(): number {
    let horizon = -Infinity
    for (const closing of this.#closings) horizon = Math.max(horizon, closing.lastEnd() + closing.graceMs)
    for (const { clock, graceMs } of this.#below) horizon = Math.max(horizon, clock.horizon() + graceMs)
    return horizon
  }
  /** S3.9: in (end, window name, key) order. */
  #closeDue(cause: Cause): void {
    for (;;) {
      let next: Closing | undefined
      let end = Infinity
      for (const closing of this.#closings) {
        const e = closing.nextEnd()
        if (e + closing.graceMs > this.time) continue
        if (e < end || (e === end && next !== undefined && closing.name < next.name)) {
          next = closing
          end = e
        }
      }
      if (next === undefined) break
      next.close(end, cause)
    }
    this.wake = this.#nextWake()
  }
  #nextWake(): number {
    let wake = Infinity
    for (const closing of this.#closings) wake = Math.min(wake, closing.nextEnd() + closing.graceMs)
    return wake
  }
}
