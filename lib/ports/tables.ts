// SQL tables with a fence: rows and the input offset that made them commit in one SQL transaction (exactly-once.md §4).
import type { TableSpec } from '../model/table.ts'
import type { WriteMode } from '../model/table-target.ts'

/** Rows for one table, by column: `columns[c][r]` is row r's value of `Object.keys(table.columns)[c]`. Date, Decimal, bigint, number, string, boolean or null. */
export interface TableWrite {
  readonly table: TableSpec
  readonly mode: WriteMode
  readonly columns: readonly (readonly unknown[])[]
  /** Offset of the input record of each row: says which record a refused row came from. */
  readonly offsets: readonly number[]
}

/** Rows that leave one table, by column: of each entry, all rows whose columns `where` equal its values. */
export interface TableDelete {
  readonly table: TableSpec
  /** Names of columns, at least one. */
  readonly where: readonly string[]
  /** `columns[c][d]` is what `where[c]` equals for entry d; never null, since nothing equals NULL. */
  readonly columns: readonly (readonly unknown[])[]
  /** Of each entry: only rows with a lower revision leave. Null: rows leave whatever their revision. */
  readonly below: readonly number[] | null
  readonly offsets: readonly number[]
}

/** A refused record as stored in `millrace_dead_letter`; (topic, partition, offset, stage) identifies it. */
export interface DeadLetterRow {
  readonly processor: string
  readonly stage: string
  readonly code: string
  readonly message: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly time: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}

/** One batch of a sink: input offsets `from ≤ o < to` of one partition. */
export interface Load {
  readonly sink: string
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly writes: readonly TableWrite[]
  readonly deletes: readonly TableDelete[]
  readonly deadLetters: readonly DeadLetterRow[]
}

export interface QueryResult {
  readonly columns: readonly string[]
  /** SQL types by name, e.g. `int8`, `numeric`, `timestamptz`. */
  readonly types: readonly string[]
  /** Values as text exactly as PostgreSQL prints them (times in UTC), null for NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
}

export interface Tables {
  /** The sink's next offset for this partition; makes the row with `first` if there is none. @throws TABLES_UNAVAILABLE (as every member) */
  position(sink: string, topic: string, partition: number, first: number): Promise<number>
  /** Puts the sink's next offset to `next` and raises its generation: whoever has read the position before can load nothing more, wherever it stands. */
  reset(sink: string, topic: string, partition: number, next: number): Promise<void>
  /**
   * One SQL transaction: moves the offset from `from` to `to` (the fence), writes the rows by S4's rule – the highest revision wins, among equals the first; sorted by key –,
   * lets rows leave, and writes the dead letters. Within a table writes and deletes take effect in the order of their offsets, of one offset the deletes first:
   * a row comes back only by a later record. Resolves after COMMIT.
   * @throws SINK_FENCED when the offset is not `from` (nothing was written), ROW_REFUSED with `where.offset` of the guilty record (nothing was written),
   * DUPLICATE_ROW with `where.offset` for 'insert-dead-letter' and 'insert-stop' (nothing was written), TABLES_UNAVAILABLE: outcome unknown, read the position again.
   */
  load(load: Load): Promise<void>
  /** Brings the schema to the given migrations, in name order, each once, under a lock; refuses edited ones. @throws TABLE_DIFFERS, QUERY_FAILED */
  migrate(migrations: readonly { readonly name: string; readonly sql: string }[]): Promise<readonly string[]>
  /** Compares tables with the database. @throws TABLE_DIFFERS naming the column */
  check(tables: readonly TableSpec[]): Promise<void>
  /** Read-only SQL, one statement. @throws QUERY_FAILED */
  query(sql: string): Promise<QueryResult>
  /** Dead letters that no DLQ topic holds yet; `forwarded` marks them. At least once, identified by topic, partition, offset, stage. */
  deadLettersToForward(limit: number): Promise<readonly DeadLetterRow[]>
  forwarded(letters: readonly DeadLetterRow[]): Promise<void>
  close(): Promise<void>
}
