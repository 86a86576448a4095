// Files as a feed: rows are numbered through all files in their order, and the number of a row (of the first row of a run) is its record's offset.
import { MillraceError } from '../../model/errors.ts'
import type { Feed, FeedReader } from '../../ports/feed.ts'
import { lookAt } from './file-facts.ts'
import { knownOf, markOf, type ReadingWay } from './file-mark.ts'
import { FileReader } from './file-reader.ts'

export interface FileFeedOptions {
  /** The feed's name, as the processor says it. */
  readonly name: string
  /** Paths, in the order in which they are read. Plain text or gzip, whatever their names say. */
  readonly files: readonly string[]
  /** `csv`: RFC 4180 with a header row, UTF-8. `ndjson`: a JSON text a line. */
  readonly format: 'csv' | 'ndjson'
  /** The columns that every header must name, in any order; any header will do without. */
  readonly columns?: readonly string[] | undefined
  /** A column: consecutive rows with the same text in it become one record `{ column: text, rows: [ … ] }`. */
  readonly groupBy?: string | undefined
  /** Longest row, in bytes; a longer one is refused. Default 1 MiB. */
  readonly rowLimitBytes?: number | undefined
  /** Longest value of a grouped record, in bytes; a longer run comes as refused parts. Default 8 MiB. */
  readonly runLimitBytes?: number | undefined
}

const ROW_LIMIT = 1 << 20
const RUN_LIMIT = 8 << 20
/** What a limit may be: beyond, a batch could not hold a record in its escaped form. */
const LIMITS = [64, 128 << 20] as const

/**
 * Files as an input that is read like a partition. A record's value is a JSON object of column → text as in the file (CSV), the line (NDJSON), or a run
 * of rows (`groupBy`); its headers say `file` and `line`. A row that is not as it should be is a record with its raw bytes and the header `error`
 * (see FEED_ERROR_HEADER); nothing is left out but empty lines, and reading goes on behind it. With `groupBy`, the last run is given when the input has ended.
 *
 * Offsets hold as long as the files do; files may be added at the end of the list, and the last one may grow.
 *
 * @example openFileFeed({ name: 'online_retail', files: ['2010-12.csv.gz'], format: 'csv', groupBy: 'InvoiceNo' })
 * @throws OPTION_INVALID; FILE_UNREADABLE when a file cannot be opened
 */
export function openFileFeed(options: FileFeedOptions): Feed {
  const { name, files, format, columns, groupBy } = options
  const way: ReadingWay = {
    format,
    groupBy: groupBy ?? null,
    rowLimitBytes: options.rowLimitBytes ?? ROW_LIMIT,
    runLimitBytes: options.runLimitBytes ?? RUN_LIMIT,
  }
  const invalid = (what: string): never => {
    throw new MillraceError('OPTION_INVALID', `feed '${name}': ${what}`)
  }
  if (files.length === 0) invalid('no file is named')
  if (format !== 'csv' && format !== 'ndjson') invalid(`there is no format '${String(format)}'; csv and ndjson can be read`)
  if (format === 'ndjson' && (columns !== undefined || groupBy !== undefined)) invalid('columns and groupBy need the format csv')
  if (groupBy === 'rows') invalid("a column named 'rows' cannot be grouped by: the record names its rows so")
  if (groupBy !== undefined && columns !== undefined && !columns.includes(groupBy)) invalid(`groupBy '${groupBy}' is not among the columns`)
  if (columns !== undefined && new Set(columns).size !== columns.length) invalid('a column is named twice')
  for (const key of ['rowLimitBytes', 'runLimitBytes'] as const) {
    const limit = way[key]
    if (!Number.isInteger(limit) || limit < LIMITS[0] || limit > LIMITS[1])
      invalid(`${key} is ${limit}; it must be a whole number from ${LIMITS[0]} to ${LIMITS[1]}`)
  }
  for (const path of files) lookAt(path, 0)
  return new FileFeed(name, [...files], columns, way)
}

class FileFeed implements Feed {
  readonly name: string
  readonly #files: readonly string[]
  readonly #columns: readonly string[] | undefined
  readonly #way: ReadingWay
  #reader: FileReader | null = null
  constructor(name: string, files: readonly string[], columns: readonly string[] | undefined, way: ReadingWay) {
    this.name = name
    this.#files = files
    this.#columns = columns
    this.#way = way
  }
  async open(from: number, mark: string | null): Promise<FeedReader> {
    const known = knownOf(this.name, mark, this.#way, this.#files, from)
    this.#reader = new FileReader(this.name, this.#files, this.#columns, this.#way, known, from)
    return this.#reader
  }
  async mark(): Promise<string> {
    const known = this.#reader?.known
    return markOf(this.#way, known?.files ?? [], known?.ends ?? [])
  }
  progress(): number {
    return this.#reader?.progress() ?? 0
  }
}
