// Reads files row by row from a position on. Reading begins at the file that holds the position: rows before it are read and not given.
import { MillraceError } from '../../model/errors.ts'
import type { FeedReader } from '../../ports/feed.ts'
import type { Fetched } from '../../ports/record-log.ts'
import { CsvRows } from './csv.ts'
import { changeOf, fileError, lookAt, sha256 } from './file-facts.ts'
import type { Known, ReadingWay } from './file-mark.ts'
import { NdjsonRows } from './ndjson.ts'
import { type FileNote, noteOf, RecordsOut } from './records-out.ts'
import type { Rows } from './rows.ts'
import { Runs } from './runs.ts'
import { openTextSource } from './text-source.ts'
import { TextWindow } from './text-window.ts'

export class FileReader implements FeedReader {
  /** Of the files, as far as it was read. */
  readonly known: Known
  /** The file in which `known.expected` stand. */
  readonly #expectedIn: number
  readonly #name: string
  readonly #paths: readonly string[]
  readonly #columns: readonly string[] | undefined
  readonly #way: ReadingWay
  readonly #runs: Runs | null
  /** Ends the waits under way. */
  readonly #stops = new Set<() => void>()
  #closed = false
  /** Offset of the next fetch. */
  #position: number
  /** Records below are not given: they were before this reader. */
  #from: number
  #file = 0
  #rows: Rows | null = null
  /** What `#rows` stands on, when it was looked at but not taken. */
  #ahead: 'row' | 'refused' | null = null
  #note: FileNote | null = null
  /** Number of the file's first row and of the row to read next. */
  #firstRow = 0
  #row = 0
  #state: 'unplaced' | 'reading' | 'ended' = 'unplaced'
  #failure: unknown = null
  #sizes: number[]

  constructor(name: string, paths: readonly string[], columns: readonly string[] | undefined, way: ReadingWay, known: Known, from: number) {
    this.#name = name
    this.#paths = paths
    this.#columns = columns
    this.#way = way
    this.known = known
    this.#expectedIn = known.files.length - 1
    this.#position = this.#from = from
    this.#runs = way.groupBy === null ? null : new Runs(way.groupBy, way.runLimitBytes)
    this.#sizes = paths.map((path, i) => known.files[i]?.sizeBytes ?? lookAt(path, 0).sizeBytes)
  }

  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** After an error every fetch throws it again, until a seek. */
  async fetch(maxBytes: number): Promise<Fetched> {
    if (this.#closed) throw new MillraceError('INTERNAL', `feed '${this.#name}' was read after it was closed`)
    if (this.#failure !== null) throw this.#failure
    const out = new RecordsOut(this.#name, this.#from, maxBytes)
    try {
      if (this.#state === 'unplaced') this.#place()
      while (this.#state === 'reading' && out.sizeBytes < maxBytes) await this.#readOn(out, maxBytes)
      // So that `ended` tells with the last record, not with a fetch that finds none. An open run is still to come.
      while (this.#state === 'reading' && this.#ahead === null && (this.#runs?.start ?? null) === null) await this.#lookAhead(out)
    } catch (error) {
      this.#failure = error
      if (out.count === 0) throw error
    }
    const from = this.#position
    // A run that began before #from is not given, so nothing of it is still to come.
    const open = this.#runs?.start ?? this.#row
    this.#position = Math.max(from, open < this.#from ? this.#row : open)
    return { from, next: this.#position, batches: out.batches(), caughtUp: this.ended }
  }

  seek(offset: number): void {
    if (offset === this.#position && this.#failure === null) return
    this.#leaveFile()
    this.#failure = null
    this.#state = 'unplaced'
    this.#position = this.#from = offset
  }

  /** All of a file is there from the beginning; after the end nothing ever is. */
  async arrived(signal: AbortSignal): Promise<void> {
    if (!this.ended || signal.aborted || this.#closed) return
    await new Promise<void>(resolve => {
      const stop = (): void => {
        signal.removeEventListener('abort', stop)
        this.#stops.delete(stop)
        resolve()
      }
      signal.addEventListener('abort', stop)
      this.#stops.add(stop)
    })
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#leaveFile()
  }

  /** 0 … 1 by bytes of the files, compressed ones if they are. */
  progress(): number {
    if (this.ended) return 1
    const total = this.#sizes.reduce((sum, size) => sum + size, 0)
    const before = this.#sizes.slice(0, this.#file).reduce((sum, size) => sum + size, 0)
    return total === 0 ? 0 : (before + (this.#rows?.bytesRead ?? 0)) / total
  }

  /** Goes to the beginning of the file that holds the position, by the row counts that are known. */
  #place(): void {
    const { files } = this.known
    this.#file = this.#firstRow = 0
    for (const { rows } of files) {
      if (rows === null || this.#from < this.#firstRow + rows) break
      this.#firstRow += rows
      this.#file++
    }
    this.#row = this.#firstRow
    this.#runs?.restore(files[this.#file - 1]?.run ?? null)
    this.#state = 'reading'
    if (this.#file === this.#paths.length) this.#end(new RecordsOut(this.#name, Infinity, 0))
  }

  /** Reads rows as long as they are in memory and `out` is not full; then more of the file, or the next one. */
  async #readOn(out: RecordsOut, maxBytes: number): Promise<void> {
    const rows = this.#rows ?? (await this.#openFile())
    const runs = this.#runs
    const note = this.#note!
    const ends = this.known.ends
    do {
      const step = this.#ahead ?? rows.next()
      this.#ahead = null
      if (step === 'more') return rows.fill()
      if (step === 'end') return this.#finishFile(out)
      if (rows.openEnded) this.#noteOpenRow(rows)
      if (this.#file === this.#expectedIn && this.known.expected.length > 0) this.#checkExpected(rows)
      const row = this.#row++
      if (runs === null) {
        if (step === 'row') out.row(row, rows, note)
        else out.refused(row, rows.bytes.subarray(rows.start, rows.end), note, rows.line, rows.why)
      } else {
        if (ends.size > 0 && ends.has(row)) runs.close(out)
        if (step === 'row') runs.add(row, rows as CsvRows, note, out)
        else runs.refuse(row, rows as CsvRows, note, out)
      }
    } while (out.sizeBytes < maxBytes)
  }

  async #lookAhead(out: RecordsOut): Promise<void> {
    const rows = this.#rows ?? (await this.#openFile())
    const step = rows.next()
    if (step === 'more') await rows.fill()
    else if (step === 'end') this.#finishFile(out)
    else this.#ahead = step
  }

  async #openFile(): Promise<Rows> {
    const path = this.#paths[this.#file]!
    const facts = this.known.files[this.#file]
    const now = lookAt(path, facts?.sizeBytes)
    if (facts === undefined) this.known.files.push(now)
    else if (changeOf(facts, now) === 'other')
      throw fileError('FILE_CHANGED', path, 'is not the same any more; restore it, or start with a new data directory')
    const { sizeBytes, name } = facts ?? now
    this.#sizes[this.#file] = sizeBytes
    const source = await openTextSource(path, sizeBytes)
    try {
      const window = await TextWindow.open(path, source)
      const { format, rowLimitBytes, groupBy } = this.#way
      const rows =
        format === 'csv'
          ? await CsvRows.open(path, window, rowLimitBytes, this.#columns, groupBy ?? undefined)
          : new NdjsonRows(window, rowLimitBytes)
      if (this.#closed) throw new MillraceError('INTERNAL', `feed '${this.#name}' was closed while ${path} was opened`)
      this.#note = noteOf(name)
      return (this.#rows = rows)
    } catch (error) {
      source.close()
      throw error
    }
  }

  #finishFile(out: RecordsOut): void {
    const { files } = this.known
    files[this.#file] = { ...files[this.#file]!, rows: this.#row - this.#firstRow, run: this.#runs?.state ?? null }
    this.#leaveFile()
    this.#file++
    this.#firstRow = this.#row
    if (this.#file === this.#paths.length) this.#end(out)
  }

  #end(out: RecordsOut): void {
    if (this.#from > this.#row) {
      const what = `feed '${this.#name}' has ${this.#row} rows now, but its position is ${this.#from}; restore its files, or start with a new data directory`
      throw new MillraceError('FILE_CHANGED', what)
    }
    if (this.#runs !== null) this.known.ends.add(this.#row)
    this.#runs?.close(out)
    this.#state = 'ended'
  }

  #leaveFile(): void {
    this.#rows?.close()
    this.#rows = null
    this.#ahead = null
  }

  #noteOpenRow(rows: Rows): void {
    const { files } = this.known
    const facts = files[this.#file]!
    const row = this.#row - this.#firstRow
    if (facts.openRows.some(open => open.row === row)) return
    const open = { row, sha256: sha256(rows.bytes.subarray(rows.start, rows.end)) }
    files[this.#file] = { ...facts, openRows: [...facts.openRows, open] }
  }

  /** @throws FILE_CHANGED when text that was added made another row of one that was given */
  #checkExpected(rows: Rows): void {
    const row = this.#row - this.#firstRow
    const expected = this.known.expected.find(open => open.row === row)
    if (expected === undefined || expected.sha256 === sha256(rows.bytes.subarray(rows.start, rows.end))) return
    const what = `line ${rows.line} was read when the file ended there and is another one now; write whole lines, and start with a new data directory`
    throw fileError('FILE_CHANGED', this.#paths[this.#file]!, what, undefined, rows.line)
  }
}
