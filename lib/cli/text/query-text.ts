// The answer to a query as a table, as CSV or as JSON.
import type { QueryResult } from '../../ports/tables.ts'
import { counted } from './figures.ts'
import { textTable } from './text-table.ts'
import { harmless } from './width.ts'

export type QueryFormat = 'table' | 'csv' | 'json'
export const QUERY_FORMATS: readonly QueryFormat[] = ['table', 'csv', 'json']

const WHOLE = new Set(['int2', 'int4', 'int8', 'oid'])
const FLOATING = new Set(['float4', 'float8'])
const isNumber = (type: string): boolean => WHOLE.has(type) || FLOATING.has(type) || type === 'numeric'

/** @returns text that ends with a line break */
export function queryText(result: QueryResult, format: QueryFormat): string {
  if (format === 'csv') return csvText(result)
  if (format === 'json') return jsonText(result)
  const columns = result.columns.map(
    (title, i) => ({ title: harmless(title), align: isNumber(result.types[i]!) ? 'right' : 'left' }) as const,
  )
  const rows = result.rows.map(row => row.map(v => (v === null ? 'NULL' : harmless(v))))
  return `${[...textTable(columns, rows, 'ruled'), `(${counted(rows.length, 'row')})`].join('\n')}\n`
}

/** RFC 4180; NULL is an empty field, an empty text is `""`. */
function csvText({ columns, rows }: QueryResult): string {
  const field = (text: string | null): string =>
    text === null ? '' : text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  return [columns, ...rows].map(row => `${row.map(field).join(',')}\n`).join('')
}

/**
 * An array of objects, one a line. Integers that a double holds and finite floats are numbers, json and bool are themselves; everything else – numeric
 * too, since money must not pass through a double – is the database's own text.
 */
function jsonText({ columns, types, rows }: QueryResult): string {
  const names = distinct(columns)
  const lines = rows.map(row => {
    const fields = row.map((v, i) => `${JSON.stringify(names[i])}:${v === null ? 'null' : jsonValue(v, types[i]!)}`)
    return `  {${fields.join(',')}}`
  })
  return lines.length === 0 ? '[]\n' : `[\n${lines.join(',\n')}\n]\n`
}

function jsonValue(text: string, type: string): string {
  if (WHOLE.has(type) && Number.isSafeInteger(Number(text))) return text
  if (FLOATING.has(type) && Number.isFinite(Number(text))) return String(Number(text))
  if (type === 'bool') return text === 't' || text === 'true' ? 'true' : 'false'
  if (type === 'json' || type === 'jsonb') return text
  return JSON.stringify(text)
}

/** `a, a` → `a, a_2`: an object cannot hold a name twice. */
function distinct(names: readonly string[]): readonly string[] {
  const taken = new Set<string>()
  return names.map(name => {
    let free = name
    for (let n = 2; taken.has(free); n++) free = `${name}_${n}`
    taken.add(free)
    return free
  })
}
