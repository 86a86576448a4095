// The batch that a fetch fills: values with the headers that say where they stood, and for a refused row what is wrong with it.
import { FEED_ERROR_HEADER } from '../../model/feed.ts'
import { Arena } from '../../model/arena.ts'
import { BatchBuilder, packHeaders, RecordBatch } from '../../model/record-batch.ts'
import type { Rows } from './rows.ts'

/** Event time comes from the value. */
const NO_TIME = 0

/** The headers of a file's records up to the line number. */
export interface FileNote {
  readonly name: string
  readonly accepted: Buffer
  readonly refused: Buffer
}

export function noteOf(name: string): FileNote {
  const beginning = (more: readonly [string, string][]): Buffer => {
    const arena = new Arena(64 + name.length)
    packHeaders(arena, [['file', name], ['line', ''], ...more])
    return arena.copy()
  }
  const whole = beginning([])
  const accepted = whole.subarray(0, whole.length - 4)
  return { name, accepted, refused: beginning([['x', '']]).subarray(0, accepted.length) }
}

export class RecordsOut {
  /** Records below are not given: they are not asked for. */
  from: number
  readonly #topic: string
  readonly #builder: BatchBuilder
  readonly #offsets: number[] = []

  constructor(topic: string, from: number, maxBytes: number) {
    this.#topic = topic
    this.from = from
    this.#builder = new BatchBuilder(1024, Math.min(maxBytes, 1 << 20) + 4096)
  }
  get count(): number {
    return this.#offsets.length
  }
  get sizeBytes(): number {
    return this.#builder.sizeBytes
  }

  /** The row that `rows` stands on as a record. */
  row(row: number, rows: Rows, file: FileNote): void {
    if (row < this.from) return
    this.#builder.open(NO_TIME)
    this.#builder.nullKey()
    rows.writeValue(this.#builder.arena)
    this.#builder.endValue()
    this.#place(file.accepted, rows.line)
    this.#end(row)
  }
  accepted(row: number, value: Uint8Array, file: FileNote, line: number): void {
    if (row < this.from) return
    this.#begin(value)
    this.#place(file.accepted, line)
    this.#end(row)
  }
  /** A record whose value is the row's own bytes: its reader makes a dead letter of it. */
  refused(row: number, bytes: Uint8Array, file: FileNote, line: number, why: string): void {
    if (row < this.from) return
    this.#begin(bytes)
    this.#place(file.refused, line)
    this.#header(FEED_ERROR_HEADER, `ROW_INVALID ${file.name} line ${line}: ${why}`)
    this.#end(row)
  }
  /** What was given so far, or none; the offsets are row numbers and may have gaps. */
  batches(): readonly RecordBatch[] {
    const offsets = this.#offsets
    if (offsets.length === 0) return []
    const base = offsets[0]!
    const gapless = offsets.at(-1)! - base === offsets.length - 1
    return [new RecordBatch(this.#topic, 0, base, this.#builder.columns(), gapless ? null : Float64Array.from(offsets, o => o - base))]
  }

  #begin(value: Uint8Array): void {
    this.#builder.open(NO_TIME)
    this.#builder.nullKey()
    this.#builder.arena.raw(value)
    this.#builder.endValue()
  }
  #place(headers: Buffer, line: number): void {
    const { arena } = this.#builder
    arena.raw(headers)
    this.#text(String(line))
  }
  #header(name: string, value: string): void {
    const { arena } = this.#builder
    arena.reserve(2)
    const at = arena.at
    arena.at += 2
    const length = arena.utf8(name) // may move the arena: its bytes are looked up after it
    arena.bytes.writeUInt16LE(length, at)
    this.#text(value)
  }
  #text(value: string): void {
    const { arena } = this.#builder
    arena.reserve(4)
    const at = arena.at
    arena.at += 4
    const length = arena.utf8(value)
    arena.bytes.writeUInt32LE(length, at)
  }
  #end(row: number): void {
    this.#builder.close()
    this.#offsets.push(row)
  }
}
