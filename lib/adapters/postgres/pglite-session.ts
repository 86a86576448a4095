// One PostgreSQL session over PGlite's wire protocol: transactions of prepared statements, checkpoints.
import { type PGlite, protocol } from '@electric-sql/pglite'
import type { DurableFiles } from './durable-files.ts'
import type { PgliteStatus } from './pglite-messages.ts'
import type { Failure, Refusal, RunOptions, Statement, StatementResult } from './sql-connection.ts'
import { type Answer, readAnswer } from './wire-read.ts'

const { serialize } = protocol
/** Statements that stay prepared. Ours are a few per table. */
const MOST_PREPARED = 200
/** Transactions between two looks at the WAL. */
const LOOK_EVERY = 16

const NOTHING: StatementResult = { columns: [], types: [], rows: [], affected: 0, refused: null }
export type Outcome = { readonly results: readonly StatementResult[] } | { readonly failure: Failure }

export class PgliteSession {
  readonly #database: PGlite
  readonly #files: DurableFiles | null
  readonly #checkpointBytes: number
  readonly #prepared = new Map<string, string>()
  #checkpoints = 0
  #checkpointAt: number | null = null
  #runs = 0

  constructor(database: PGlite, files: DurableFiles | null, checkpointBytes: number) {
    this.#database = database
    this.#files = files
    this.#checkpointBytes = checkpointBytes
  }

  status(): PgliteStatus {
    return { heapBytes: this.#database.Module.HEAPU8.length, checkpoints: this.#checkpoints, fileSyncs: this.#files?.fileSyncs ?? 0 }
  }

  /** One transaction. @throws only when PGlite itself broke: then nobody knows what happened, and the session is of no use any more. */
  async run(statements: readonly Statement[], options: RunOptions): Promise<Outcome> {
    const { end = 'commit', access = 'read-write', mostRows = 0 } = options
    const begun = await this.#script(`BEGIN ISOLATION LEVEL READ COMMITTED ${access === 'read-only' ? 'READ ONLY' : 'READ WRITE'}`)
    if (begun !== null) return { failure: { kind: 'refused', index: 0, refusal: begun } }
    const results: StatementResult[] = []
    for (const [index, statement] of statements.entries()) {
      const stepped = statement.attempt === undefined ? await this.#step(statement, mostRows) : await this.#attempt(statement, mostRows)
      if ('refusal' in stepped) return this.#fail({ kind: 'refused', index, refusal: stepped.refusal })
      if (statement.demands !== undefined && stepped.affected !== statement.demands)
        return this.#fail({ kind: 'unmet-demand', index, affected: stepped.affected })
      results.push(stepped)
    }
    const { refusal, session } = await this.#send(serialize.query(end === 'commit' ? 'COMMIT' : 'ROLLBACK'))
    if (refusal !== null) return this.#fail({ kind: 'refused', index: statements.length, refusal })
    if (session !== 'idle') throw new Error(`a transaction ended as ${session}`)
    if (access === 'read-write' && ++this.#runs % LOOK_EVERY === 0) await this.#checkpointWhenDue()
    return { results }
  }

  async close(): Promise<void> {
    await this.#script('CHECKPOINT')
    await this.#database.close()
  }

  async #fail(failure: Failure): Promise<Outcome> {
    const { refusal, session } = await this.#send(serialize.query('ROLLBACK'))
    if (refusal !== null || session !== 'idle') throw new Error(`a transaction could not be rolled back: ${refusal?.message ?? session}`)
    return { failure }
  }

  async #attempt(statement: Statement, mostRows: number): Promise<StatementResult | { refusal: Refusal }> {
    await this.#script('SAVEPOINT millrace_attempt')
    const stepped = await this.#step(statement, mostRows)
    if (!('refusal' in stepped)) {
      await this.#script('RELEASE SAVEPOINT millrace_attempt')
      return stepped
    }
    const lost = await this.#script('ROLLBACK TO SAVEPOINT millrace_attempt; RELEASE SAVEPOINT millrace_attempt')
    return lost === null ? { ...NOTHING, refused: stepped.refusal } : { refusal: lost }
  }

  async #step(statement: Statement, mostRows: number): Promise<StatementResult | { refusal: Refusal }> {
    if (statement.form === 'script') {
      const refusal = await this.#script(statement.text)
      await this.#forgetPrepared()
      return refusal === null ? NOTHING : { refusal }
    }
    const { refusal, end, columns, types, rows, affected } = await this.#prepareAndExecute(statement, mostRows)
    if (refusal !== null) return { refusal }
    if (end === 'more') return { refusal: { sqlState: '54000', message: `the statement returns more than ${mostRows} rows; add a LIMIT` } }
    return { columns, types, rows, affected, refused: null }
  }

  async #prepareAndExecute({ text, values = [] }: Statement, mostRows: number): Promise<Answer> {
    let name = this.#prepared.get(text)
    if (name === undefined) {
      if (this.#prepared.size >= MOST_PREPARED) await this.#forgetPrepared()
      name = values.length === 0 ? '' : `millrace_${this.#prepared.size}`
      const parsed = await this.#send(serialize.parse({ name, text }), serialize.sync())
      if (parsed.refusal !== null) return parsed
      if (name !== '') this.#prepared.set(text, name)
    }
    return this.#send(
      serialize.bind({ statement: name, values: [...values] }),
      serialize.describe({ type: 'P' }),
      mostRows === 0 ? serialize.execute({}) : serialize.execute({ rows: mostRows + 1 }),
      serialize.sync(),
    )
  }

  async #forgetPrepared(): Promise<void> {
    this.#prepared.clear()
    await this.#script('DEALLOCATE ALL')
  }

  /** Any number of statements by the simple protocol. */
  async #script(text: string): Promise<Refusal | null> {
    return (await this.#send(serialize.query(text))).refusal
  }

  async #send(...parts: readonly Uint8Array[]): Promise<Answer> {
    const answered: Buffer[] = []
    await this.#database.execProtocolRawStream(Buffer.concat(parts), {
      syncToFs: false,
      onRawData: bytes => answered.push(Buffer.from(bytes)), // copied: they lie in PGlite's memory
    })
    const answer = readAnswer(Buffer.concat(answered))
    if (answer.severity === 'FATAL' || answer.severity === 'PANIC') throw new Error(`${answer.severity}: ${answer.refusal?.message}`)
    return answer
  }

  /** PostgreSQL in one process has no checkpointer: WAL would grow until the end. */
  async #checkpointWhenDue(): Promise<void> {
    const at = Number((await this.#send(serialize.query("SELECT pg_current_wal_insert_lsn() - '0/0'"))).rows[0]?.[0])
    this.#checkpointAt ??= at
    if (at - this.#checkpointAt < this.#checkpointBytes) return
    await this.#script('CHECKPOINT')
    this.#checkpointAt = at
    this.#checkpoints++
  }
}
