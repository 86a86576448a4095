// One JSON text a line. The line's bytes are the value as they are: whether they are JSON, the codec decides.
import { isUtf8 } from 'node:buffer'
import type { Arena } from '../../model/arena.ts'
import { CR, LF, Rows, type Step } from './rows.ts'

const SPACE = 32
const TAB = 9

/** Lines of spaces and tabs only are no rows. */
export class NdjsonRows extends Rows {
  protected override nextRow(): Step {
    const { window, bytes } = this
    for (;;) {
      const from = window.at
      if (from === window.end && window.final) return 'end'
      const lf = this.lineEnd(from)
      if (lf < 0 && !window.final && window.end - from <= this.limitBytes + 1) return 'more'
      const next = lf < 0 ? window.end : lf
      if (next - from <= this.limitBytes + 1 && isBlank(bytes, from, next)) {
        this.nextLine++
        window.at = lf < 0 ? next : lf + 1
        continue
      }
      const end = bytes[next - 1] === CR ? next - 1 : next
      if (end - from > this.limitBytes) return this.refuseLine('', lf < 0)
      this.take(from, end, lf < 0 ? next : lf + 1, 1, lf < 0)
      return isUtf8(bytes.subarray(from, end)) ? 'row' : this.refuse('it is not UTF-8')
    }
  }
  override writeValue(arena: Arena): void {
    arena.raw(this.bytes, this.start, this.end)
  }
}

function isBlank(bytes: Buffer, from: number, end: number): boolean {
  for (let i = from; i < end; i++) {
    const c = bytes[i]
    if (c !== SPACE && c !== TAB && c !== CR && c !== LF) return false
  }
  return true
}
