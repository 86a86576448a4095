// One transaction in one session of a PostgreSQL server.
import { createHash } from 'node:crypto'
import pg from 'pg'
import Cursor from 'pg-cursor'
import { messageOf } from '../../model/errors.ts'
import { type Refusal, type RunOptions, SqlFailure, type Statement, type StatementResult } from './sql-connection.ts'

const NOTHING: StatementResult = { columns: [], types: [], rows: [], affected: 0, refused: null }
/** Values stay as the server prints them. */
const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text }
/** However the server and its roles are configured: how values are printed and read. */
const PRINTED =
  "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET standard_conforming_strings = on"
/** What the server says when it gives a statement up that takes too long. */
const CANCELLED = '57014'

/** Sessions that were told how to print. */
const prepared = new WeakSet<pg.PoolClient>()

export class ServerSession {
  readonly #client: pg.PoolClient
  readonly #timeoutMs: number
  /** Whether another transaction may use the session. */
  fit: 'yes' | 'no' = 'no'

  /** @param timeoutMs after which a server that does not answer is taken for lost */
  constructor(client: pg.PoolClient, timeoutMs: number) {
    this.#client = client
    this.#timeoutMs = timeoutMs
  }

  /** @throws SqlFailure */
  async run(statements: readonly Statement[], options: RunOptions): Promise<readonly StatementResult[]> {
    const { end = 'commit', access = 'read-write', limitMs, mostRows = 0 } = options
    const results: StatementResult[] = []
    let index = 0
    try {
      if (!prepared.has(this.#client)) await this.#send(PRINTED)
      prepared.add(this.#client)
      await this.#send(`BEGIN ISOLATION LEVEL READ COMMITTED ${access === 'read-only' ? 'READ ONLY' : 'READ WRITE'}`)
      if (limitMs !== undefined) await this.#send(`SET LOCAL statement_timeout = ${Math.max(1, Math.round(limitMs))}`)
      for (; index < statements.length; index++) {
        const statement = statements[index]!
        const result = statement.attempt === undefined ? await this.#step(statement, mostRows) : await this.#attempt(statement, mostRows)
        if (statement.demands !== undefined && result.affected !== statement.demands)
          throw new SqlFailure({ kind: 'unmet-demand', index, affected: result.affected })
        results.push(result)
      }
      await this.#end(end === 'commit' ? 'COMMIT' : 'ROLLBACK')
    } catch (error) {
      const failure = error instanceof SqlFailure ? error : ServerSession.failureOf(error, index, limitMs)
      if (failure.failure.kind !== 'unavailable') await this.#rollBack()
      throw failure
    }
    // What a script did to the session's prepared statements nobody knows.
    this.fit = statements.some(s => s.form === 'script') ? 'no' : 'yes'
    return results
  }

  /** Of an error of the client: the database's refusal, or that it cannot be reached. */
  static failureOf(error: unknown, index: number, limitMs?: number): SqlFailure {
    const refusal = refusalOf(error)
    if (refusal === null)
      return new SqlFailure(
        { kind: 'unavailable', message: messageOf(error) || String((error as { code?: string }).code) },
        { cause: error },
      )
    if (refusal.sqlState === CANCELLED && limitMs !== undefined) return new SqlFailure({ kind: 'too-slow', limitMs }, { cause: error })
    return new SqlFailure({ kind: 'refused', index, refusal }, { cause: error })
  }

  async #end(word: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    const { command } = await this.#send(word)
    // A COMMIT of a transaction that is aborted already is answered by ROLLBACK, and by no error.
    if (command !== word) throw new SqlFailure({ kind: 'unavailable', message: `${word} was answered with ${command}` })
  }
  async #rollBack(): Promise<void> {
    try {
      await this.#end('ROLLBACK')
      this.fit = 'yes'
    } catch {} // the session ends, and what it did with it
  }

  /** Any number of statements by the simple protocol. */
  #send(text: string): Promise<pg.QueryResult> {
    return this.#client.query({ text, query_timeout: this.#timeoutMs } as pg.QueryConfig)
  }

  async #attempt(statement: Statement, mostRows: number): Promise<StatementResult> {
    await this.#send('SAVEPOINT millrace_attempt')
    try {
      const result = await this.#step(statement, mostRows)
      await this.#send('RELEASE SAVEPOINT millrace_attempt')
      return result
    } catch (error) {
      const refused = refusalOf(error)
      if (refused === null) throw error
      await this.#send('ROLLBACK TO SAVEPOINT millrace_attempt; RELEASE SAVEPOINT millrace_attempt')
      return { ...NOTHING, refused }
    }
  }

  async #step({ text, values = [], form }: Statement, mostRows: number): Promise<StatementResult> {
    if (form === 'script') {
      await this.#send(text)
      return NOTHING
    }
    if (mostRows > 0) return this.#bounded(text, values, mostRows)
    const name = values.length === 0 ? {} : { name: nameOf(text) }
    const asked = { text, values: [...values], rowMode: 'array' as const, types: AS_TEXT, query_timeout: this.#timeoutMs, ...name }
    const { fields, rows, rowCount } = await this.#client.query<(string | null)[]>(asked)
    return { columns: fields.map(f => f.name), types: fields.map(f => f.dataTypeID), rows, affected: rowCount ?? 0, refused: null }
  }

  /** At most so many rows. Cursors do not know query_timeout: how long they may take is the transaction's limit, which the server keeps. */
  async #bounded(text: string, values: readonly (string | null)[], mostRows: number): Promise<StatementResult> {
    const cursor = this.#client.query(new Cursor<(string | null)[]>(text, [...values], { rowMode: 'array', types: AS_TEXT }))
    const [rows, { fields, rowCount }] = await new Promise<[(string | null)[][], pg.QueryArrayResult]>((resolve, reject) => {
      cursor.read(mostRows + 1, (error, found, result) => {
        if (error) reject(error)
        else resolve([found, result as unknown as pg.QueryArrayResult])
      })
    })
    await cursor.close()
    if (rows.length > mostRows)
      throw new SqlFailure({
        kind: 'refused',
        index: 0,
        refusal: { sqlState: '54000', message: `the statement returns more than ${mostRows} rows; add a LIMIT` },
      })
    return {
      columns: fields.map(f => f.name),
      types: fields.map(f => f.dataTypeID),
      rows,
      affected: rowCount ?? rows.length,
      refused: null,
    }
  }
}

const names = new Map<string, string>()
/** One prepared statement a text; ours are a few per table. */
function nameOf(text: string): string {
  let name = names.get(text)
  if (name === undefined) names.set(text, (name = `millrace_${createHash('sha1').update(text).digest('hex')}`))
  return name
}

/** Null: the database did not say it, or went with it. */
function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return null
  // 57P0x: the server goes down or has thrown us out, in the middle of whatever was under way.
  if (error.code.startsWith('57P')) return null
  const { code, message, detail, hint, position, table, column, constraint } = error
  const at = position === undefined ? undefined : Number(position)
  return { sqlState: code, message, detail, hint, position: at, table, column, constraint }
}
