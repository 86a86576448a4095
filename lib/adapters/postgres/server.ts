// A PostgreSQL server as an SqlConnection: a few sessions of it, each transaction in one of them.
import pg from 'pg'
import { MillraceError, messageOf } from '../../model/errors.ts'
import { ServerSession } from './server-session.ts'
import { type RunOptions, type SqlConnection, SqlFailure, type Statement, type StatementResult } from './sql-connection.ts'

export interface ServerSettings {
  readonly host: string
  readonly port?: number
  readonly database: string
  readonly user: string
  readonly password?: string
  /** PEM texts; absent: the connection is not encrypted. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** Sessions at most, default 4: loads of different partitions go on beside one another, and queries beside loads. */
  readonly sessions?: number
  /** A server that does not answer a statement so long is taken for lost, default 60,000 ms. */
  readonly timeoutMs?: number
}

/**
 * Connects to a server and sees that it lets us in.
 * @throws TABLES_UNAVAILABLE, TABLES_REFUSED (credentials, rights, no such database)
 */
export async function connectToServer(settings: ServerSettings): Promise<SqlConnection> {
  const connection = new ServerConnection(settings)
  try {
    await connection.run([{ text: 'SELECT 1' }])
    return connection
  } catch (error) {
    await connection.close()
    throw error instanceof SqlFailure ? notConnected(error, settings) : error
  }
}

class ServerConnection implements SqlConnection {
  readonly #pool: pg.Pool
  readonly #timeoutMs: number
  readonly #under = new Set<Promise<unknown>>()
  /** Sessions that answer queries with a limit: nobody waits for those at the end. */
  readonly #limited = new Set<pg.PoolClient>()
  #closing: Promise<void> | null = null

  constructor({ tls, sessions = 4, timeoutMs = 60_000, port = 5432, ...to }: ServerSettings) {
    this.#timeoutMs = timeoutMs
    this.#pool = new pg.Pool({
      ...to,
      port,
      ssl: tls === undefined ? false : { ...tls },
      max: sessions,
      connectionTimeoutMillis: Math.min(timeoutMs, 10_000),
      keepAlive: true,
      allowExitOnIdle: true,
      application_name: 'millrace',
      client_encoding: 'UTF8',
    })
    // A lost session is told by the transaction in it; when it was idle the next one takes another.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', client => void client.on('error', () => {}))
  }

  run(statements: readonly Statement[], options: RunOptions = {}): Promise<readonly StatementResult[]> {
    if (this.#closing !== null) return Promise.reject(unavailable('the tables are closed'))
    const transaction = this.#transaction(statements, options)
    const settled = transaction.catch(() => {}).finally(() => this.#under.delete(settled))
    this.#under.add(settled)
    return transaction
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const client of this.#limited) void client.end() // a session that is busy is cut off
    await Promise.all(this.#under)
    await this.#pool.end()
  }

  async #transaction(statements: readonly Statement[], options: RunOptions): Promise<readonly StatementResult[]> {
    let client: pg.PoolClient
    try {
      client = await this.#pool.connect()
    } catch (error) {
      throw ServerSession.failureOf(error, 0)
    }
    const session = new ServerSession(client, this.#timeoutMs)
    const isLimited = options.access === 'read-only' && options.limitMs !== undefined
    const lost = isLimited ? setTimeout(() => void client.end(), options.limitMs! + this.#timeoutMs) : undefined
    try {
      if (isLimited && this.#closing !== null) throw unavailable('the tables are closed')
      if (isLimited) this.#limited.add(client)
      return await session.run(statements, options)
    } finally {
      clearTimeout(lost)
      this.#limited.delete(client)
      client.release(session.fit === 'no') // one that may be in the middle of something ends
    }
  }
}

function notConnected(error: SqlFailure, { host, port = 5432, database, user }: ServerSettings): MillraceError {
  const to = `PostgreSQL at ${host}:${port}, database '${database}', user '${user}'`
  const { failure } = error
  const refused = failure.kind === 'refused' && !/^(?:08|53|57)/.test(failure.refusal.sqlState)
  return new MillraceError(refused ? 'TABLES_REFUSED' : 'TABLES_UNAVAILABLE', `${to}: ${messageOf(error)}`, { cause: error })
}
const unavailable = (message: string): SqlFailure => new SqlFailure({ kind: 'unavailable', message })
