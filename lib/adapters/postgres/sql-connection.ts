// What this adapter needs of a PostgreSQL: transactions of prepared statements, values as text. PGlite in a worker thread is one, a server with a few sessions the other.

export interface Statement {
  readonly text: string
  /** Parameters as PostgreSQL's own text; null is NULL. */
  readonly values?: readonly (string | null)[]
  /** The transaction fails and is rolled back unless the statement affects (or returns) exactly as many rows. */
  readonly demands?: number
  /** Runs under a savepoint: when the database refuses it, the result says why and the transaction goes on without it. */
  readonly attempt?: 'under-savepoint'
  /** `script`: any number of statements in one text, without values; no result. */
  readonly form?: 'script'
}

export interface StatementResult {
  readonly columns: readonly string[]
  /** Object ids of the columns' types in `pg_type`. */
  readonly types: readonly number[]
  /** Values as the database prints them, null for NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** Rows inserted, updated, deleted or returned. */
  readonly affected: number
  /** Set for an attempt that the database refused. */
  readonly refused: Refusal | null
}

/** What the database says when it refuses a statement. */
export interface Refusal {
  /** Five characters, PostgreSQL's appendix A. */
  readonly sqlState: string
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  /** Offset into the statement's text, from 1. */
  readonly position?: number | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
  readonly constraint?: string | undefined
}

export interface RunOptions {
  /** `roll-back`: nothing stays, whatever the statements did. */
  readonly end?: 'commit' | 'roll-back'
  /** `read-only`: the database refuses whatever would write. */
  readonly access?: 'read-write' | 'read-only'
  /** ms after which a read-only transaction is given up. */
  readonly limitMs?: number
  /** Most rows that one statement may return; more are refused with 54000. */
  readonly mostRows?: number
}

export interface SqlConnection {
  /**
   * Runs statements one after the other in one transaction (READ COMMITTED), then commits. Transactions may overlap where the database has several sessions.
   * @throws SqlFailure
   */
  run(statements: readonly Statement[], options?: RunOptions): Promise<readonly StatementResult[]>
  /** Lets transactions that were asked for finish (those with a limit may be given up), then lets go of everything. Later calls fail as unavailable. */
  close(): Promise<void>
}

/** `index` is the statement's; it is the number of statements when COMMIT failed. */
export type Failure =
  /** The database refused a statement or the COMMIT; nothing of the transaction stays. */
  | { readonly kind: 'refused'; readonly index: number; readonly refusal: Refusal }
  /** A statement did not affect the demanded number of rows; nothing of the transaction stays. */
  | { readonly kind: 'unmet-demand'; readonly index: number; readonly affected: number }
  /** Given up after `limitMs`; nothing of the transaction stays. */
  | { readonly kind: 'too-slow'; readonly limitMs: number }
  /** The database cannot be reached, or was lost on the way: the transaction may have happened or not. */
  | { readonly kind: 'unavailable'; readonly message: string; readonly because?: 'disk-full' }

const wordsOf = (failure: Failure): string => {
  switch (failure.kind) {
    case 'refused':
      return `${failure.refusal.message} (SQLSTATE ${failure.refusal.sqlState})`
    case 'unmet-demand':
      return `statement ${failure.index} affected ${failure.affected} rows`
    case 'too-slow':
      return `given up after ${failure.limitMs} ms`
    case 'unavailable':
      return failure.message
  }
}

/** How a transaction failed, before it becomes one of our codes. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure'
  readonly failure: Failure
  constructor(failure: Failure, options: { cause?: unknown } = {}) {
    super(wordsOf(failure), options)
    this.failure = failure
  }
}
