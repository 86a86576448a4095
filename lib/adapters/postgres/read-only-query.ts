// One read-only statement of a user's own, with values as PostgreSQL prints them.
import { MillraceError } from '../../model/errors.ts'
import type { QueryResult } from '../../ports/tables.ts'
import { coded, isAboutText } from './failures.ts'
import { type SqlConnection, SqlFailure, type StatementResult } from './sql-connection.ts'

/** A query that takes longer is given up: on PGlite it holds up all loads. */
const LIMIT_MS = 60_000
const MOST_ROWS = 1_000_000

/** What may begin a query. Others are refused by the transaction (it is read only) or would change the session. */
const ALLOWED = /^(?:select|with|values|table|explain|show)\b/i
/** White space, comments and parentheses before the first word. */
const LEADING = /^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/

const failed = (message: string, cause?: unknown): MillraceError => new MillraceError('QUERY_FAILED', message, { cause })

export class ReadOnlyQueries {
  readonly #connection: SqlConnection
  #typeNames: ReadonlyMap<number, string> = new Map()
  constructor(connection: SqlConnection) {
    this.#connection = connection
  }

  /** @throws QUERY_FAILED, TABLES_UNAVAILABLE */
  async query(sql: string): Promise<QueryResult> {
    if (sql.includes('\0')) throw failed('the query has a NUL character')
    if (!ALLOWED.test(sql.replace(LEADING, '')))
      throw failed('a query begins with SELECT, WITH, VALUES, TABLE, EXPLAIN or SHOW: tables are only read here')
    const result = await this.#read(sql)
    const types: string[] = []
    for (const oid of result.types) types.push(await this.#typeName(oid))
    return { columns: result.columns, types, rows: result.rows }
  }

  async #read(sql: string): Promise<StatementResult> {
    try {
      // Rolled back, so that what a function changed of the session goes too.
      const [result] = await this.#connection.run([{ text: sql }], {
        access: 'read-only',
        end: 'roll-back',
        limitMs: LIMIT_MS,
        mostRows: MOST_ROWS,
      })
      return result!
    } catch (error) {
      throw error instanceof SqlFailure ? explained(error, sql) : error
    }
  }

  async #typeName(oid: number): Promise<string> {
    if (!this.#typeNames.has(oid)) {
      const { rows } = await this.#read('SELECT oid, typname FROM pg_type')
      this.#typeNames = new Map(rows.map(([id, name]) => [Number(id), name!]))
    }
    return this.#typeNames.get(oid) ?? `type ${oid}`
  }
}

function explained(error: SqlFailure, sql: string): MillraceError {
  const { failure } = error
  if (failure.kind === 'unavailable') return coded(error, 'answering a query') as MillraceError
  if (failure.kind === 'too-slow') return failed(`the query was given up after ${failure.limitMs / 1000} s; ask for less`, error)
  if (failure.kind === 'unmet-demand') return failed(error.message, error)
  const { message, position, hint, sqlState } = failure.refusal
  if (!isAboutText(sqlState)) return coded(error, 'answering a query') as MillraceError
  const at = position === undefined ? '' : ` at ${placeOf(sql, position)}`
  return failed(`${message}${at}${hint === undefined ? '' : `. ${hint}`} (SQLSTATE ${sqlState})`, error)
}

/** `line 1, column 8` of a position from 1, in characters as PostgreSQL counts them. */
function placeOf(sql: string, position: number): string {
  const before = [...sql].slice(0, position - 1).join('')
  const lines = before.split('\n')
  return `line ${lines.length}, column ${[...lines.at(-1)!].length + 1}`
}
