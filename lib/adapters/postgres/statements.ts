// The SQL of the sink protocol (exactly-once.md §4) as text and parameters. Pure: nothing here talks to a database.
import type { SqlType, TableSpec } from '../../model/table.ts'
import type { DeadLetterRow, Load } from '../../ports/tables.ts'
import { type Batch, literalsOf } from './batch.ts'
import { isLeaving, type Leaving, type Part } from './parts.ts'
import { byteaArray, numberArray, textArray } from './column-text.ts'
import type { Statement } from './sql-connection.ts'

/** Rows of one INSERT. More cost memory in the database and gain no speed. */
export const INSERT_ROWS = 5_000

/** A name within double quotes: columns may be called `time` or `offset`. */
export const named = (name: string): string => `"${name.replaceAll('"', '""')}"`
const arrayType = (sql: SqlType): string => `${sql.startsWith('numeric') ? 'numeric' : sql}[]`

/** Offset store and fence in one: it must hit one row. */
export const fence = ({ sink, topic, partition, from, to }: Load, gen: number): Statement => ({
  text: 'UPDATE millrace_sink_offset SET next_offset = $1 WHERE sink = $2 AND topic = $3 AND part = $4 AND gen = $5 AND next_offset = $6',
  values: [to, sink, topic, partition, gen, from].map(String),
  demands: 1,
})

/** Makes the offset row with `first` if there is none. */
export const firstPosition = (sink: string, topic: string, partition: number, first: number): Statement => ({
  text: 'INSERT INTO millrace_sink_offset (sink, topic, part, next_offset) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
  values: [sink, topic, String(partition), String(first)],
})
export const readPosition = (sink: string, topic: string, partition: number): Statement => ({
  text: 'SELECT next_offset, gen FROM millrace_sink_offset WHERE sink = $1 AND topic = $2 AND part = $3',
  values: [sink, topic, String(partition)],
  demands: 1,
})

/** A generation of its own: loaders of earlier ones are fenced for ever. */
export const resetPosition = (sink: string, topic: string, partition: number, next: number): Statement => ({
  text: 'UPDATE millrace_sink_offset SET next_offset = $4, gen = gen + 1 WHERE sink = $1 AND topic = $2 AND part = $3',
  values: [sink, topic, String(partition), String(next)],
  demands: 1,
})

const insertTexts = new WeakMap<TableSpec, Map<Batch['mode'], string>>()

/** `INSERT … SELECT FROM unnest(…)`, one parameter a column, so that the text is the same for any number of rows. */
export function insertText(table: TableSpec, mode: Batch['mode']): string {
  let texts = insertTexts.get(table)
  if (texts === undefined) insertTexts.set(table, (texts = new Map()))
  let text = texts.get(mode)
  if (text === undefined) texts.set(mode, (text = writtenInsert(table, mode)))
  return text
}

function writtenInsert(table: TableSpec, mode: Batch['mode']): string {
  const names = Object.keys(table.columns)
  const columns = names.map(named).join(', ')
  const parameters = names.map((n, i) => `$${i + 1}::${arrayType(table.columns[n]!.sql)}`).join(', ')
  const replaced = names.filter(n => !table.key.includes(n)).map(n => `${named(n)} = excluded.${named(n)}`)
  const action =
    mode === 'upsert' && table.revision !== null && replaced.length > 0
      ? `DO UPDATE SET ${replaced.join(', ')} WHERE excluded.${named(table.revision)} > t.${named(table.revision)}`
      : 'DO NOTHING'
  return `INSERT INTO ${named(table.name)} AS t (${columns}) SELECT * FROM unnest(${parameters}) ON CONFLICT (${table.key.map(named).join(', ')}) ${action}`
}

/** As much of a part of a load as one statement does: places in its `rows`. */
export interface Chunk<P extends Part = Part> {
  readonly batch: P
  readonly from: number
  readonly to: number
}

export function chunksOf<P extends Part>(batch: P, rows: number): Chunk<P>[] {
  const chunks: Chunk<P>[] = []
  for (let from = 0; from < batch.rows.length; from += rows) chunks.push({ batch, from, to: Math.min(batch.rows.length, from + rows) })
  return chunks
}

const isInsert = (chunk: Chunk): chunk is Chunk<Batch> => !isLeaving(chunk.batch)
/** Carries out a chunk. */
export const statementOf = (chunk: Chunk): Statement => (isInsert(chunk) ? insert(chunk) : leave(chunk as Chunk<Leaving>))

/** `DELETE … USING unnest(…)`, one parameter a column and one for revisions. */
function leave({ batch, from, to }: Chunk<Leaving>): Statement {
  const { table, where, guard } = batch
  const names = guard === 'below' ? [...where, table.revision!] : where
  const parameters = names.map((n, i) => `$${i + 1}::${arrayType(table.columns[n]!.sql)}`).join(', ')
  const meant = names.map((n, i) => `t.${named(n)} ${i < where.length ? '=' : '<'} d.c${i}`).join(' AND ')
  return {
    text: `DELETE FROM ${named(table.name)} AS t USING unnest(${parameters}) AS d (${names.map((_, i) => `c${i}`).join(', ')}) WHERE ${meant}`,
    values: literalsOf(batch, from, to),
  }
}

/** Writes a chunk. In the modes that refuse duplicates every row must go in. */
export function insert({ batch, from, to }: Chunk<Batch>): Statement {
  const statement = { text: insertText(batch.table, batch.mode), values: literalsOf(batch, from, to) }
  const refusing = batch.mode === 'insert-dead-letter' || batch.mode === 'insert-stop'
  return refusing ? { ...statement, demands: to - from } : statement
}

/** Which rows of a chunk have a key that the table holds: their numbers within the chunk, from 1. */
export function takenKeys({ batch, from, to }: Chunk<Batch>): Statement {
  const { table } = batch
  const names = Object.keys(table.columns)
  const literals = literalsOf(batch, from, to)
  const parameters = table.key.map((k, i) => `$${i + 1}::${arrayType(table.columns[k]!.sql)}`).join(', ')
  const columns = table.key.map(named).join(', ')
  return {
    text: `SELECT k.n FROM unnest(${parameters}) WITH ORDINALITY AS k (${columns}, n) JOIN ${named(table.name)} AS t USING (${columns})`,
    values: table.key.map(k => literals[names.indexOf(k)]!),
  }
}

export const insertDeadLetters = (letters: readonly DeadLetterRow[]): Statement => ({
  text: `INSERT INTO millrace_dead_letter (processor, stage, code, message, topic, part, "offset", "time", key, value)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::bigint[], $8::bigint[], $9::bytea[], $10::bytea[]) ON CONFLICT DO NOTHING`,
  values: [
    textArray(letters.map(l => l.processor)),
    textArray(letters.map(l => l.stage)),
    textArray(letters.map(l => l.code)),
    textArray(letters.map(l => l.message)),
    textArray(letters.map(l => l.topic)),
    numberArray(letters.map(l => l.partition)),
    numberArray(letters.map(l => l.offset)),
    numberArray(letters.map(l => (Number.isSafeInteger(l.time) ? l.time : 0))),
    byteaArray(letters.map(l => l.key)),
    byteaArray(letters.map(l => l.value)),
  ],
})

export const lettersToForward = (limit: number): Statement => ({
  text: `SELECT processor, stage, code, message, topic, part, "offset", "time", key, value
FROM millrace_dead_letter WHERE NOT forwarded ORDER BY topic, part, "offset", stage LIMIT $1`,
  values: [String(limit)],
})

export const markForwarded = (letters: readonly DeadLetterRow[]): Statement => ({
  text: `UPDATE millrace_dead_letter AS d SET forwarded = true
FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[]) AS f (topic, part, "offset", stage)
WHERE d.topic = f.topic AND d.part = f.part AND d."offset" = f."offset" AND d.stage = f.stage AND NOT d.forwarded`,
  values: [
    textArray(letters.map(l => l.topic)),
    numberArray(letters.map(l => l.partition)),
    numberArray(letters.map(l => l.offset)),
    textArray(letters.map(l => l.stage)),
  ],
})
