// What the conformance suite of the Tables port works on: its own small tables, and rows that are compared by value whatever an adapter hands out.
import assert from 'node:assert/strict'
import { type ErrorCode, isMillraceError, type MillraceError } from '../../model/errors.ts'
import { Decimal, decimal } from '../../model/decimal.ts'
import { numericSizeOf } from '../../model/column-fit.ts'
import {
  bigintColumn,
  bool,
  float8,
  integer,
  long,
  nullable,
  numeric,
  type SqlType,
  table,
  type TableSpec,
  tableSpecOf,
  text,
  timestamptz,
} from '../../model/table.ts'
import type { WriteMode } from '../../model/table-target.ts'
import type { DeadLetterRow, Load, TableDelete, Tables, TableWrite } from '../../ports/tables.ts'

export interface TablesUnderTest {
  readonly tables: Tables
  /** All rows of one of `CONFORMANCE_TABLES` in any order, by column name: values as they were written, or as PostgreSQL prints them. */
  rows(table: TableSpec): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Closes and opens the same data again; the tests before this one went through what is closed. Absent when nothing outlives `close()`. */
  reopen?(): Promise<TablesUnderTest>
  dispose(): Promise<void>
}

/** With a revision: the highest wins, among equals the first. */
export const REVISED = tableSpecOf(
  table('conformance_revised', {
    columns: { id: text, at: timestamptz, part: integer, amount: numeric(18, 4), note: nullable(text), revision: integer },
    key: ['id', 'at'],
    revision: 'revision',
    time: 'at',
  }) as never,
)
/** Without one: the first row of a key stays. */
export const PLAIN = tableSpecOf(
  table('conformance_plain', { columns: { id: text, line: integer, note: nullable(text) }, key: ['id', 'line'] }) as never,
)
/** A column of every type that may be null. */
export const EVERY = tableSpecOf(
  table('conformance_every', {
    columns: {
      id: text,
      t: nullable(text),
      i: nullable(integer),
      l: nullable(long),
      b: nullable(bigintColumn),
      f: nullable(float8),
      o: nullable(bool),
      at: nullable(timestamptz),
      n: nullable(numeric(18, 4)),
    },
    key: ['id'],
  }) as never,
)
export const CONFORMANCE_TABLES: readonly TableSpec[] = [REVISED, PLAIN, EVERY]

/** The same tables as SQL, for adapters that have SQL. */
export const CONFORMANCE_MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  {
    name: '900001-conformance',
    sql: CONFORMANCE_TABLES.map(
      t => `CREATE TABLE ${t.name} (
${Object.entries(t.columns)
  .map(([name, c]) => `  "${name}" ${c.sql}${c.nullable ? '' : ' NOT NULL'},`)
  .join('\n')}
  PRIMARY KEY (${t.key.join(', ')})
);`,
    ).join('\n'),
  },
]

export type Row = Readonly<Record<string, unknown>>
/** A row and the offset of the record that it comes from. */
export type Placed = readonly [offset: number, row: Row]

export const write = (t: TableSpec, mode: WriteMode, rows: readonly Placed[]): TableWrite => ({
  table: t,
  mode,
  columns: Object.keys(t.columns).map(c => rows.map(([, row]) => row[c] ?? null)),
  offsets: rows.map(([offset]) => offset),
})

/** Entries that name rows to leave, by their columns; `below` is the revision that theirs must be lower than. */
export const leave = (
  t: TableSpec,
  where: readonly string[],
  entries: readonly Placed[],
  below: readonly number[] | null = null,
): TableDelete => ({
  table: t,
  where,
  columns: where.map(c => entries.map(([, row]) => row[c] ?? null)),
  below,
  offsets: entries.map(([offset]) => offset),
})

export const load = (
  sink: string,
  from: number,
  to: number,
  writes: readonly TableWrite[],
  deadLetters: readonly DeadLetterRow[] = [],
  deletes: readonly TableDelete[] = [],
): Load => ({
  sink,
  topic: 'conformance',
  partition: 0,
  from,
  to,
  writes,
  deletes,
  deadLetters,
})

export const revised = (id: string, revision: number, more: Row = {}): Row => ({
  id,
  at: new Date(Date.UTC(2024, 0, 1)),
  part: 0,
  amount: decimal(0, 4),
  note: null,
  revision,
  ...more,
})

export const letter = (topic: string, offset: number, more: Partial<DeadLetterRow> = {}): DeadLetterRow => ({
  processor: 'conformance',
  stage: 'decode',
  code: 'AVRO_MALFORMED',
  message: `record ${offset} is broken`,
  topic,
  partition: 3,
  offset,
  time: 1_700_000_000_000,
  key: new Uint8Array([107, 0, 255]),
  value: null,
  ...more,
})

const POSTGRES_TIME = /^(\d+)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?\+00( BC)?$/
/** ms since epoch of a timestamptz as PostgreSQL prints it in UTC. */
export function millisOf(printed: string): number {
  const m = POSTGRES_TIME.exec(printed)
  if (m === null) throw new TypeError(`'${printed}' is no time of PostgreSQL in UTC`)
  const date = new Date(0)
  date.setUTCFullYear(m[8] === undefined ? Number(m[1]) : 1 - Number(m[1]), Number(m[2]) - 1, Number(m[3]))
  return date.setUTCHours(Number(m[4]), Number(m[5]), Number(m[6]), Number((m[7] ?? '0').padEnd(3, '0').slice(0, 3)))
}

function plain(sql: SqlType, value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null
  if (sql === 'timestamptz') return value instanceof Date ? value.getTime() : millisOf(String(value))
  if (sql === 'boolean') return typeof value === 'boolean' ? value : value === 't'
  if (sql === 'float8') return Object.is(value, -0) ? '-0' : String(value) === '-0' ? '-0' : String(Number(value))
  const size = numericSizeOf(sql)
  if (size !== null) return decimal(value instanceof Decimal ? value : String(value), size.decimals).toString()
  return String(value)
}

/** Rows in one comparable form, sorted by it: the same for a value and for its text in PostgreSQL. */
export function comparable(t: TableSpec, rows: readonly Row[]): string[] {
  return rows.map(row => JSON.stringify(Object.entries(t.columns).map(([name, c]) => plain(c.sql, row[name])))).sort()
}

/** What the parts of the suite share: the tables that `open` gave, and what is asked of them again and again. */
export interface Subject {
  readonly tables: Tables
  /** Rows of a table whose id begins with `prefix`, comparable. */
  held(table: TableSpec, prefix: string): Promise<string[]>
  refused(loading: Load, code: ErrorCode): Promise<MillraceError>
  /** Closes the tables and opens them again. */
  reopen(): Promise<'reopened' | 'not possible'>
}

/** The tables under test, which change when they are opened again. */
export interface Holder {
  get(): TablesUnderTest
  set(next: TablesUnderTest): void
}

export const subjectOf = (holder: Holder): Subject => ({
  get tables() {
    return holder.get().tables
  },
  held: async (table, prefix) =>
    comparable(
      table,
      (await holder.get().rows(table)).filter(r => String(r['id']).startsWith(prefix)),
    ),
  refused: async (loading, code) => {
    const error: unknown = await holder
      .get()
      .tables.load(loading)
      .then(
        () => assert.fail(`the load was accepted, ${code} was expected`),
        e => e,
      )
    if (!isMillraceError(error) || error.code !== code) throw error
    return error
  },
  reopen: async () => {
    const reopened = await holder.get().reopen?.()
    if (reopened === undefined) return 'not possible'
    holder.set(reopened)
    return 'reopened'
  },
})
