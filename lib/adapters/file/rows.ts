// One row after the other of one file's text, whatever its format; rows that are not as they should be come as the lines they are.
import type { Arena } from '../../model/arena.ts'
import type { TextWindow } from './text-window.ts'

export const LF = 10
export const CR = 13

/** `more`: fill() first. */
export type Step = 'row' | 'refused' | 'more' | 'end'

/**
 * What both formats share: position, line numbers and refusals. After `next()` gave `row` or `refused`, the row's raw bytes, without the line's end, are
 * `bytes[start, end)` until the next `next()` or `fill()`.
 *
 * How reading goes on after a refusal: when the form of a row shows where it ends (wrong number of cells, invalid UTF-8), after its end; when it does not
 * (broken quote, quote that is not closed), only its first line is refused and the next line begins a row. What is refused depends on the text alone,
 * never on the pieces in which it was read.
 */
export abstract class Rows {
  bytes: Buffer
  start = 0
  end = 0
  /** Of the row's first byte, from 1, the header included. */
  line = 0
  /** What is wrong with a refused row. */
  why = ''
  /** More text behind the end of the file could make it another row. */
  openEnded = false
  protected readonly window: TextWindow
  protected readonly limitBytes: number
  protected nextLine = 1
  #overlong: { readonly head: Buffer; length: number } | null = null

  constructor(window: TextWindow, limitBytes: number) {
    this.window = window
    this.limitBytes = limitBytes
    this.bytes = window.bytes
  }
  next(): Step {
    this.bytes = this.window.bytes
    return this.#overlong === null ? this.nextRow() : this.#passOverlong(this.#overlong)
  }
  protected abstract nextRow(): Step
  /** Writes the accepted row's value. */
  abstract writeValue(arena: Arena): void

  fill(): Promise<void> {
    return this.window.fill()
  }
  get bytesRead(): number {
    return this.window.bytesRead
  }
  close(): void {
    this.window.close()
  }

  /** Where the line that begins at `from` ends: the index of its LF, or −1 when that is not in the window. */
  protected lineEnd(from: number): number {
    const at = this.bytes.indexOf(LF, from)
    return at < this.window.end ? at : -1
  }
  /** Sets what is to be seen of the row at `[from, end)` and moves on to `next`. */
  protected take(from: number, end: number, next: number, lines: number, openEnded: boolean): void {
    this.start = from
    this.end = end
    this.line = this.nextLine
    this.nextLine += lines
    this.openEnded = openEnded
    this.window.at = next
  }
  protected refuse(why: string): Step {
    this.why = why
    return 'refused'
  }
  /** Refuses the line that begins where the window stands. */
  protected refuseLine(why: string, openEnded: boolean): Step {
    const { window, limitBytes } = this
    const from = window.at
    const lf = this.lineEnd(from)
    if (lf < 0 && !window.final && window.end - from <= limitBytes + 1) return 'more'
    const next = lf < 0 ? window.end : lf
    const end = next > from && this.bytes[next - 1] === CR ? next - 1 : next
    if (end - from > limitBytes) {
      this.#overlong = { head: Buffer.from(this.bytes.subarray(from, from + limitBytes)), length: 0 }
      return this.#passOverlong(this.#overlong)
    }
    this.take(from, end, lf < 0 ? next : lf + 1, 1, openEnded || lf < 0)
    return this.refuse(why)
  }
  #passOverlong(overlong: { readonly head: Buffer; length: number }): Step {
    const { window } = this
    const lf = this.lineEnd(window.at)
    const end = lf < 0 ? window.end : lf
    overlong.length += end - window.at
    window.at = end
    if (lf < 0 && !window.final) return 'more'
    this.#overlong = null
    this.take(0, overlong.head.length, lf < 0 ? end : lf + 1, 1, lf < 0)
    this.bytes = overlong.head
    return this.refuse(
      `the line of ${overlong.length} bytes is longer than the ${this.limitBytes} bytes that are allowed; only its beginning is kept`,
    )
  }
}
