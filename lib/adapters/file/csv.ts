// CSV rows as JSON objects of column name → text, byte for byte as the cells are written.
import { isUtf8 } from 'node:buffer'
import type { Arena } from '../../model/arena.ts'
import { CsvScan } from './csv-scan.ts'
import { fileError } from './file-facts.ts'
import { CR, LF, Rows, type Step } from './rows.ts'
import type { TextWindow } from './text-window.ts'

const QUOTE = 34
const BACKSLASH = 92
/** What follows the backslash in JSON's short escapes of control characters; 0: there is none. */
const SHORT = new Uint8Array(32)
for (const [c, name] of [
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [12, 'f'],
  [13, 'r'],
] as const)
  SHORT[c] = name.charCodeAt(0)
const HEX = Buffer.from('0123456789abcdef')
/** Above this length a native copy is cheaper than a loop. */
const COPY_FROM = 48

/** Lines without any byte are no rows. */
export class CsvRows extends Rows {
  readonly #scan = new CsvScan()
  /** What stands before each cell's text, and at the end. */
  #before: readonly Buffer[] = []
  #beforeBytes = 0
  /** The column that `writeValue` leaves out: −1 is none. */
  #apart = -1

  /**
   * Reads the header.
   * @param columns which columns there must be, in any order; undefined: any
   * @param apart the column that the values leave out (see `writeCellApart`)
   * @throws FILE_COLUMNS_WRONG, and what reading throws
   */
  static async open(
    path: string,
    window: TextWindow,
    limitBytes: number,
    columns: readonly string[] | undefined,
    apart: string | undefined,
  ): Promise<CsvRows> {
    const rows = new CsvRows(window, limitBytes)
    let step = rows.next()
    for (; step === 'more'; step = rows.next()) await rows.fill()
    const expected = columns === undefined ? apart : columns.join(', ')
    const wrong = (what: string) =>
      fileError(
        'FILE_COLUMNS_WRONG',
        path,
        `${what}${expected === undefined ? '' : `; expected the columns ${shortened(expected)}`}`,
        undefined,
        1,
      )
    if (step === 'end') throw wrong('has no header row, it is empty')
    if (step === 'refused') throw wrong(`the header row is not readable: ${rows.why}`)
    const found = rows.#cells()
    const twice = found.find((name, i) => found.indexOf(name) !== i)
    if (twice !== undefined) throw wrong(`names the column ${JSON.stringify(twice)} twice`)
    const needed = columns ?? (apart === undefined ? [] : [apart])
    const missing = needed.filter(name => !found.includes(name))
    const unexpected = columns === undefined ? [] : found.filter(name => !columns.includes(name))
    if (missing.length > 0 || unexpected.length > 0) {
      const differences = [
        ...(missing.length > 0 ? [`missing: ${shortened(missing.join(', '))}`] : []),
        ...(unexpected.length > 0 ? [`not expected: ${shortened(unexpected.join(', '))}`] : []),
      ]
      throw wrong(`found the columns ${shortened(found.join(', '))} (${differences.join('; ')})`)
    }
    rows.#apart = apart === undefined ? -1 : found.indexOf(apart)
    rows.#before = found
      .filter((_, i) => i !== rows.#apart)
      .map((name, i) => Buffer.from(`${i === 0 ? '{' : '",'}${JSON.stringify(name)}:"`))
      .concat(Buffer.from(found.length === 1 && rows.#apart === 0 ? '{}' : '"}'))
    rows.#beforeBytes = rows.#before.reduce((sum, b) => sum + b.length, 0)
    return rows
  }

  protected override nextRow(): Step {
    const { window, bytes, limitBytes } = this
    const scan = this.#scan
    for (; window.at < window.end; this.nextLine++) {
      const c = bytes[window.at]
      if (c === LF) window.at++
      else if (c === CR && window.at + 1 === window.end && !window.final) return 'more'
      else if (c === CR && (window.at + 1 === window.end || bytes[window.at + 1] === LF)) window.at = Math.min(window.at + 2, window.end)
      else break
    }
    const from = window.at
    if (from === window.end) return window.final ? 'end' : 'more'
    const to = Math.min(window.end, from + limitBytes + 2)
    const found = scan.scan(bytes, from, to, window.final && to === window.end)
    if (found === 'more' && to < from + limitBytes + 2) return 'more'
    if (found === 'broken') return this.refuseLine(`${scan.why} (${placeOf(bytes, from, scan.brokenAt)})`, scan.openEnded)
    if (found === 'more' || scan.end - from > limitBytes)
      return this.refuseLine(`a quoted cell is not closed within the ${limitBytes} bytes that a row may have`, false)
    this.take(from, scan.end, scan.next, scan.lines, scan.openEnded)
    const columns = this.#before.length - (this.#apart < 0 ? 1 : 0)
    if (columns > 0 && scan.count !== columns) return this.refuse(`it has ${counted(scan.count)} where the header has ${counted(columns)}`)
    if (!scan.ascii && !isUtf8(bytes.subarray(from, scan.end))) return this.refuse('it is not UTF-8')
    return 'row'
  }

  override writeValue(arena: Arena): void {
    const before = this.#before
    arena.reserve(this.#beforeBytes + 6 * (this.end - this.start))
    const { bytes: out } = arena
    let at = arena.at
    let b = 0
    for (let cell = 0; cell < this.#scan.count; cell++) {
      if (cell === this.#apart) continue
      const text = before[b++]!
      for (let i = 0; i < text.length; i++) out[at++] = text[i]!
      at = this.#writeCell(cell, out, at)
    }
    const end = before[b]!
    for (let i = 0; i < end.length; i++) out[at++] = end[i]!
    arena.at = at
  }
  /** Writes the text of the cell that `writeValue` leaves out, escaped, without quotes around it. */
  writeCellApart(arena: Arena): void {
    arena.reserve(6 * (this.end - this.start))
    arena.at = this.#writeCell(this.#apart, arena.bytes, arena.at)
  }

  #writeCell(cell: number, out: Buffer, at: number): number {
    const { bytes } = this
    const { bounds } = this.#scan
    const end = bounds[cell * 3 + 1]!
    const form = bounds[cell * 3 + 2]!
    let i = bounds[cell * 3]!
    if (form === 0) {
      if (end - i > COPY_FROM) return at + bytes.copy(out, at, i, end)
      while (i < end) out[at++] = bytes[i++]!
      return at
    }
    for (; i < end; i++) {
      const c = bytes[i]!
      if (c === QUOTE || c === BACKSLASH) {
        out[at++] = BACKSLASH
        out[at++] = c
        if (c === QUOTE) i++
      } else if (c >= 32) out[at++] = c
      else {
        out[at++] = BACKSLASH
        if (SHORT[c] !== 0) out[at++] = SHORT[c]!
        else {
          at += out.write('u00', at, 'latin1')
          out[at++] = HEX[c >> 4]!
          out[at++] = HEX[c & 15]!
        }
      }
    }
    return at
  }
  #cells(): string[] {
    return Array.from({ length: this.#scan.count }, (_, cell) => {
      const out = Buffer.alloc(6 * (this.end - this.start) + 2)
      return JSON.parse(`"${out.toString('utf8', 0, this.#writeCell(cell, out, 0))}"`) as string
    })
  }
}

const counted = (cells: number): string => (cells === 1 ? '1 cell' : `${cells} cells`)
const shortened = (text: string): string => (text.length > 400 ? `${text.slice(0, 400)}…` : text)

/** Line and byte of a place in a row, counted from the row's first line. */
function placeOf(bytes: Uint8Array, from: number, place: number): string {
  let line = 1
  let begin = from
  for (let i = from; i < place; i++) {
    if (bytes[i] !== LF) continue
    line++
    begin = i + 1
  }
  return line === 1
    ? `byte ${place - begin + 1} of the line`
    : `byte ${place - begin + 1} of the ${line - 1 === 1 ? 'next line' : `line ${line - 1} below`}`
}
