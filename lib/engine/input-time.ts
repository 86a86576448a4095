// When an input's stream time may move without records: idleness of sources by the wall clock (S2.3), marks of upstream tasks (S2.5), drains.
import type { StreamClock } from '../stages/window/clock.ts'
import type { Marks } from './watermark.ts'

export class InputTime {
  readonly clock: StreamClock
  /** Null for sources. */
  readonly marks: Marks | null
  readonly #idleAfterMs: number | 'never'
  #activeAt: number
  /** Wall time from which idleness advances stream time; null while not idle. */
  #anchor: number | null = null
  constructor(o: { clock: StreamClock; marks: Marks | null; idleAfterMs: number | 'never'; now: number }) {
    this.clock = o.clock
    this.marks = o.marks
    this.#idleAfterMs = o.idleAfterMs
    this.#activeAt = o.now
  }
  get idle(): boolean {
    return this.#anchor !== null
  }
  get #anchorWall(): number | null {
    return this.#anchor
  }
  /** What hangs on the clock hears of it as well. */
  set #anchorWall(at: number | null) {
    this.#anchor = at
    this.clock.source = at === null ? 'active' : 'idle'
  }
  /** Records were computed. */
  active(now: number): void {
    this.#activeAt = now
    this.#anchorWall = null
  }
  /** Judges idleness; only a caught-up input may be idle. */
  judge(caughtUp: boolean, now: number): void {
    if (!caughtUp) this.#anchorWall = null
    else if (this.#anchorWall !== null) {
      if (this.marks !== null && !this.marks.allIdle) this.#anchorWall = null
      else if (now < this.#anchorWall) this.#anchorWall = now // the wall clock went back: S2.4
    } else if (this.marks !== null) {
      if (this.marks.allIdle) this.#anchorWall = now
    } else if (this.#idleAfterMs !== 'never' && now >= this.#activeAt + this.#idleAfterMs)
      this.#anchorWall = this.#activeAt + this.#idleAfterMs
    else if (now < this.#activeAt) this.#activeAt = now
  }
  /** Drain: a caught-up input is idle at once. */
  judgeDrained(now: number): void {
    if (this.marks !== null && !this.marks.allIdle) return
    this.#anchorWall ??= now
  }
  /** Where idleness has brought stream time by now; −Infinity when it stands. */
  advanced(now: number): number {
    return this.#anchorWall === null ? -Infinity : this.clock.time + Math.max(0, now - this.#anchorWall)
  }
  /** Wall time at which idleness moves stream time on by a millisecond; Infinity when it stands. */
  get nextAdvanceAt(): number {
    return this.#anchorWall === null ? Infinity : this.#anchorWall + 1
  }
  /** The advance was taken: the next one counts from here. */
  taken(now: number): void {
    this.#anchorWall = now
  }
  /** Wall time at which something may have to be decided; Infinity when only records can change anything. */
  nextDecision(caughtUp: boolean): number {
    if (!caughtUp) return Infinity
    if (this.#anchorWall !== null) return this.#anchorWall + (this.clock.due() - this.clock.time)
    if (this.marks !== null || this.#idleAfterMs === 'never') return Infinity
    return this.#activeAt + this.#idleAfterMs
  }
}
