// Which record's row made the database refuse a load. Nothing of the search stays.
import { MillraceError } from '../../model/errors.ts'
import type { Load } from '../../ports/tables.ts'
import { coded, isAboutRows } from './failures.ts'
import { type Refusal, type SqlConnection, SqlFailure, type Statement } from './sql-connection.ts'
import { type Chunk, statementOf, takenKeys } from './statements.ts'
import { type Batch, duplicate } from './batch.ts'

/** The parts that a chunk is cut into, again and again until a part is one row: 5,000 rows take two rounds. */
const PARTS = 71

interface Found {
  readonly row: number
  readonly refusal: Refusal
}

/**
 * The error of a load whose chunk was refused: ROW_REFUSED with the offset of a record whose row is refused on top of what the load writes before it.
 * Constraints that are checked at COMMIT are checked at once here. Without an offset when no single row is to blame.
 * @param before the load's statements before the chunk
 */
export async function refusedRow(
  connection: SqlConnection,
  load: Load,
  before: readonly Statement[],
  chunk: Chunk,
  failure: SqlFailure,
): Promise<unknown> {
  const { topic, partition } = load
  const { batch } = chunk
  const found = await search(connection, [{ text: 'SET CONSTRAINTS ALL IMMEDIATE' }, ...before], chunk)
  if (found === null) return coded(failure, `loading table '${batch.table.name}'`, { topic, partition })
  const offset = batch.offsets[batch.rows[found.row]!]!
  const { refusal } = found
  const column = refusal.column === undefined ? '' : ` (column '${refusal.column}')`
  const detail = refusal.detail === undefined ? '' : `; ${refusal.detail}`
  return new MillraceError(
    'ROW_REFUSED',
    `table '${batch.table.name}' refused the row of record ${topic}/${partition}@${offset}${column}: ${refusal.message}${detail} (SQLSTATE ${refusal.sqlState})`,
    { cause: failure, where: { topic, partition, offset } },
  )
}

async function search(connection: SqlConnection, before: readonly Statement[], chunk: Chunk): Promise<Found | null> {
  const { batch, from, to } = chunk
  const size = Math.ceil((to - from) / PARTS)
  const parts: Chunk[] = []
  for (let at = from; at < to; at += size) parts.push({ batch, from: at, to: Math.min(to, at + size) })
  const attempts = parts.map((part): Statement => ({ ...statementOf(part), attempt: 'under-savepoint' }))
  const results = await connection.run([...before, ...attempts], { end: 'roll-back' })
  for (const [i, result] of results.slice(before.length).entries()) {
    if (result.refused === null || !isAboutRows(result.refused.sqlState)) continue
    const part = parts[i]!
    if (part.to - part.from === 1) return { row: part.from, refusal: result.refused }
    const earlier = parts.slice(0, i).map(statementOf)
    const found = await search(connection, [...before, ...earlier], part)
    if (found !== null) return found
  }
  return null
}

/** The error of a load where a row of `chunk` was not inserted because the table holds its key: DUPLICATE_ROW of the first such record. */
export async function takenRow(
  connection: SqlConnection,
  load: Load,
  before: readonly Statement[],
  chunk: Chunk<Batch>,
  failure: SqlFailure,
): Promise<unknown> {
  const { batch } = chunk
  const results = await connection.run([...before, takenKeys(chunk)], { end: 'roll-back' })
  const offsets = results.at(-1)!.rows.map(([n]) => batch.offsets[batch.rows[chunk.from + Number(n) - 1]!]!)
  if (offsets.length === 0) return coded(failure, `loading table '${batch.table.name}'`)
  return duplicate(load, batch.table, Math.min(...offsets), 'in the database')
}
