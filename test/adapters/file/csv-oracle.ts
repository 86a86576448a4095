// Two independent views of CSV for the property tests: a writer that quotes in every legal way, and a reader that is one regular expression. Slow and plain.

/** How one cell is written: only as far as it must be, or always in quotes. */
export type Quoting = 'when needed' | 'always'
export const written = (cell: string, quoting: Quoting): string =>
  quoting === 'always' || /[",\r\n]/.test(cell) ? `"${cell.split('"').join('""')}"` : cell

export interface OracleRow {
  readonly line: number
  /** Null: refused. */
  readonly cells: readonly string[] | null
  /** Without the end of its last line. */
  readonly raw: string
}

/** Where a quoted cell ends is no choice (`(?!")`), or a text of many quotes would be tried in every possible way. */
const ROW = /((?:"(?:[^"]|"")*"(?!")|[^",\r\n]*)(?:,(?:"(?:[^"]|"")*"(?!")|[^",\r\n]*))*)(?:\r\n|\n|\r$|$)/y

/** Of a row that `ROW` matched: cuts at the commas that an even number of quotes precedes. */
function cellsOf(raw: string): string[] {
  const cells = ['']
  let quotes = 0
  for (const c of raw) {
    if (c === '"') quotes++
    if (c === ',' && quotes % 2 === 0) cells.push('')
    else cells.push(cells.pop()! + c)
  }
  return cells.map(cell => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell))
}

/** What the rows of `text` are by RFC 4180 and the rules of refusal (see Rows), in characters of ASCII. */
export function oracleRows(text: string, columns: number, limit: number): OracleRow[] {
  const rows: OracleRow[] = []
  let line = 1
  for (let at = 0; at < text.length; ) {
    const empty = /\r?\n|\r$/y
    empty.lastIndex = at
    if (empty.test(text)) {
      at = empty.lastIndex
      line++
      continue
    }
    ROW.lastIndex = at
    const match = ROW.exec(text)
    if (match !== null && match[1]!.length <= limit) {
      const raw = match[1]!
      const cells = cellsOf(raw)
      rows.push({ line, cells: cells.length === columns ? cells : null, raw })
      line += raw.split('\n').length
      at = ROW.lastIndex
      continue
    }
    const lf = text.indexOf('\n', at)
    const end = lf < 0 ? text.length : lf
    rows.push({ line, cells: null, raw: text.slice(at, end).replace(/\r$/, '').slice(0, limit) })
    line++
    at = lf < 0 ? end : lf + 1
  }
  return rows
}
