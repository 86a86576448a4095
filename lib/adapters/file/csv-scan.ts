// Finds the cells of one CSV row in bytes: RFC 4180, strictly. Lines end with LF or CRLF; a quote opens a cell or stands doubled in a quoted one.

const QUOTE = 34
const COMMA = 44
const LF = 10
const CR = 13

/** What a byte asks for: 1 ends a plain cell, 2 is escaped in JSON, 4 is not ASCII. */
const ASKS = new Uint8Array(256)
for (let b = 0; b < 256; b++) ASKS[b] = (b < 32 || b === QUOTE || b === 92 ? 2 : 0) | (b > 127 ? 4 : 0)
for (const b of [QUOTE, COMMA, LF, CR]) ASKS[b]! |= 1

/** Cells of a row, found by `scan`. Cell `i` is `[bounds[3i], bounds[3i + 1])`; `bounds[3i + 2]` is 1 when it must be escaped in JSON, 2 when it also holds doubled quotes. */
export class CsvScan {
  bounds = new Int32Array(3 * 32)
  count = 0
  /** Where the row ends, without its line end. */
  end = 0
  /** Where the next row begins. */
  next = 0
  lines = 0
  /** Some byte is not ASCII. */
  ascii = true
  /** The end of the text ended it. */
  openEnded = false
  /** What is wrong with a broken row, and at which byte. */
  why = ''
  brokenAt = 0

  /**
   * Looks for the row that begins at `from`. `more`: it does not end before `to`, and the text goes on behind.
   * @param final nothing follows `to`
   */
  scan(bytes: Uint8Array, from: number, to: number, final: boolean): 'row' | 'more' | 'broken' {
    this.count = 0
    this.lines = 1
    this.openEnded = false
    let seen = 0
    for (let i = from; ; ) {
      let start = i
      let cellEnd = i
      let form = 0
      if (i < to && bytes[i] === QUOTE) {
        start = ++i
        for (;;) {
          if (i >= to) return final ? this.#broken('a quoted cell is not closed', start - 1, true) : 'more'
          const c = bytes[i]!
          if (c === QUOTE) {
            if (i + 1 >= to || bytes[i + 1] !== QUOTE) break
            form = 2
            i += 2
          } else {
            const asks = ASKS[c]!
            seen |= asks
            if ((asks & 2) !== 0 && form === 0) form = 1
            if (c === LF) this.lines++
            i++
          }
        }
        cellEnd = i++
      } else {
        let asks = 0
        let all = 0
        while (i < to && ((asks = ASKS[bytes[i]!]!) & 1) === 0) {
          all |= asks
          i++
        }
        seen |= all
        form = (all & 2) >> 1
        cellEnd = i
      }
      const { count } = this
      if (count * 3 === this.bounds.length) this.#grow()
      this.bounds[count * 3] = start
      this.bounds[count * 3 + 1] = cellEnd
      this.bounds[count * 3 + 2] = form
      this.count = count + 1
      if (i < to && bytes[i] === COMMA) {
        i++
        continue
      }
      let next = i
      if (i >= to) {
        if (!final) return 'more'
      } else if (bytes[i] === LF) next = i + 1
      else if (bytes[i] === CR) {
        if (i + 1 >= to && !final) return 'more'
        if (i + 1 < to && bytes[i + 1] !== LF) return this.#broken('a carriage return without a line feed stands outside quotes', i, false)
        next = Math.min(i + 2, to)
      } else if (cellEnd === i) return this.#broken('a quote stands inside a cell that does not begin with one', i, false)
      else return this.#broken('something stands between a closing quote and the next comma', i, false)
      this.end = i
      this.next = next
      this.openEnded = final && (next === i || bytes[next - 1] !== LF)
      this.ascii = (seen & 4) === 0
      return 'row'
    }
  }
  #broken(why: string, at: number, openEnded: boolean): 'broken' {
    this.why = why
    this.brokenAt = at
    this.openEnded = openEnded
    return 'broken'
  }
  #grow(): void {
    const bigger = new Int32Array(this.bounds.length * 2)
    bigger.set(this.bounds)
    this.bounds = bigger
  }
}
