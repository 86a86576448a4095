// Consecutive rows with the same text in one column as one record. The records depend on the rows alone, never on where reading began: a reader that
// begins at a later file goes on from the RunState at the end of the file before.
import { Arena } from '../../model/arena.ts'
import type { CsvRows } from './csv.ts'
import { type RunState, sha256 } from './file-facts.ts'
import type { FileNote, RecordsOut } from './records-out.ts'

/** What ends a value. */
const CLOSED = ']}'

interface Held {
  readonly row: number
  readonly bytes: Buffer
  readonly file: FileNote
  readonly line: number
  readonly why: string
}

export class Runs {
  readonly #column: string
  readonly #limitBytes: number
  /** The value so far. */
  readonly #value = new Arena(4096)
  readonly #cell = new Arena(64)
  /** The shared cell, JSON-escaped; null while only its digest is known. */
  #shared: Buffer | null = null
  #open: {
    start: number
    cellDigest: string | null
    sizeBytes: number
    heldBytes: number
    part: 'first' | 'rest'
    file: FileNote | null
    line: number
  } | null = null
  #held: Held[] = []

  /** @param limitBytes of one record's value: a run that is longer comes as several refused records */
  constructor(column: string, limitBytes: number) {
    this.#column = column
    this.#limitBytes = limitBytes
  }

  /** Number of the first row of the open run, null when none is open. */
  get start(): number | null {
    return this.#open?.start ?? null
  }
  get state(): RunState | null {
    const open = this.#open
    if (open === null) return null
    const { start, sizeBytes, heldBytes, part } = open
    return { start, cell: open.cellDigest ?? sha256(this.#shared!), sizeBytes, heldBytes, part }
  }
  /** Goes on behind rows that are not read again. Their records are not given either: they lie before the reader's position. */
  restore(state: RunState | null): void {
    this.#held = []
    this.#shared = null
    this.#value.clear()
    this.#open = state === null ? null : { ...state, cellDigest: state.cell, file: null, line: 0 }
  }

  /** Takes the row that `rows` stands on. */
  add(row: number, rows: CsvRows, file: FileNote, out: RecordsOut): void {
    this.#cell.clear()
    rows.writeCellApart(this.#cell)
    const same = this.#isShared()
    if (!same) {
      this.close(out)
      this.#begin(row, 'first', file, rows.line)
    }
    const value = this.#value
    const before = value.at
    if (same) value.byte(44)
    rows.writeValue(value)
    const sizeBytes = value.at - before
    const open = this.#open!
    if (same && open.sizeBytes + sizeBytes > this.#limitBytes) {
      value.at = before
      this.#give(out, 'another part follows')
      this.#begin(row, 'rest', file, rows.line)
      rows.writeValue(value)
      this.#open!.sizeBytes += sizeBytes - 1
    } else open.sizeBytes += sizeBytes
  }
  /** Takes a refused row. It does not end the run that it stands in: it comes after it, in the order of offsets. */
  refuse(row: number, rows: CsvRows, file: FileNote, out: RecordsOut): void {
    const open = this.#open
    const { line, why } = rows
    const bytes = rows.bytes.subarray(rows.start, rows.end)
    if (open !== null) {
      if (open.heldBytes + bytes.length + 64 > this.#limitBytes) this.close(out)
      else {
        open.heldBytes += bytes.length + 64
        if (open.start >= out.from) {
          this.#held.push({ row, bytes: Buffer.from(bytes), file, line, why })
          return
        }
      }
    }
    out.refused(row, bytes, file, line, why)
  }
  /** Ends the open run: its rows are complete. */
  close(out: RecordsOut): void {
    if (this.#open === null) return
    this.#give(out, 'the last part')
    this.#open = null
  }

  #isShared(): boolean {
    if (this.#open === null) return false
    const cell = this.#cell.bytes.subarray(0, this.#cell.at)
    if (this.#shared !== null) return this.#shared.equals(cell)
    if (sha256(cell) !== this.#open.cellDigest) return false
    this.#shared = Buffer.from(cell)
    return true
  }
  #begin(start: number, part: 'first' | 'rest', file: FileNote, line: number): void {
    const value = this.#value
    value.clear()
    value.utf8(`{${JSON.stringify(this.#column)}:"`)
    value.raw(this.#cell.bytes, 0, this.#cell.at)
    value.utf8('","rows":[')
    if (part === 'first') this.#shared = this.#cell.copy()
    this.#open = { start, cellDigest: null, sizeBytes: value.at + CLOSED.length, heldBytes: 0, part, file, line }
  }
  #give(out: RecordsOut, as: 'the last part' | 'another part follows'): void {
    const open = this.#open!
    const value = this.#value
    if (open.start >= out.from) {
      value.utf8(CLOSED)
      const bytes = value.bytes.subarray(0, value.at)
      if (open.part === 'first' && as === 'the last part') out.accepted(open.start, bytes, open.file!, open.line)
      else {
        const why = `the rows that share this ${this.#column} make more than the ${this.#limitBytes} bytes that a record may have; ${as}`
        out.refused(open.start, bytes, open.file!, open.line, why)
      }
      for (const held of this.#held) out.refused(held.row, held.bytes, held.file, held.line, held.why)
      this.#held = []
    }
    value.clear()
  }
}
