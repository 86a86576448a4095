// The Tables port over PostgreSQL: rows, dead letters and the input offset in one SQL transaction (exactly-once.md §4).
import { MillraceError } from '../../model/errors.ts'
import type { TableSpec } from '../../model/table.ts'
import type { DeadLetterRow, Load, QueryResult, Tables } from '../../ports/tables.ts'
import type { Batch } from './batch.ts'
import { BOOKKEEPING, type Migration } from './bookkeeping.ts'
import { coded, isAboutRows } from './failures.ts'
import { refusedRow, takenRow } from './guilty-row.ts'
import { migrate } from './migrations.ts'
import { partsOf } from './parts.ts'
import { ReadOnlyQueries } from './read-only-query.ts'
import { type SqlConnection, SqlFailure, type Statement } from './sql-connection.ts'
import {
  type Chunk,
  chunksOf,
  fence,
  firstPosition,
  INSERT_ROWS,
  insertDeadLetters,
  lettersToForward,
  markForwarded,
  readPosition,
  statementOf,
  resetPosition,
} from './statements.ts'
import { checkTables } from './table-check.ts'

/**
 * Tables over a connection, which it owns from now on. Makes its own bookkeeping tables if they are not there.
 * @throws TABLE_DIFFERS, TABLES_UNAVAILABLE
 */
export async function openTables(connection: SqlConnection): Promise<Tables> {
  await migrate(connection, BOOKKEEPING)
  return new PostgresTables(connection)
}

const idOf = (sink: string, topic: string, partition: number): string => JSON.stringify([sink, topic, partition])

class PostgresTables implements Tables {
  readonly #connection: SqlConnection
  readonly #queries: ReadOnlyQueries
  /** Generation of each offset row as position() found it: a reset after that fences this loader. */
  readonly #gens = new Map<string, number>()

  constructor(connection: SqlConnection) {
    this.#connection = connection
    this.#queries = new ReadOnlyQueries(connection)
  }

  async position(sink: string, topic: string, partition: number, first: number): Promise<number> {
    const doing = `reading the offset of sink '${sink}' in ${topic}/${partition}`
    const results = await this.#run([firstPosition(sink, topic, partition, first), readPosition(sink, topic, partition)], doing)
    const [next, gen] = results[1]!.rows[0]!
    this.#gens.set(idOf(sink, topic, partition), Number(gen))
    return Number(next)
  }

  async reset(sink: string, topic: string, partition: number, next: number): Promise<void> {
    const doing = `resetting the offset of sink '${sink}' in ${topic}/${partition}`
    await this.#run([firstPosition(sink, topic, partition, next), resetPosition(sink, topic, partition, next)], doing)
  }

  async load(load: Load): Promise<void> {
    const chunks = partsOf(load).flatMap(part => chunksOf(part, INSERT_ROWS))
    const gen = this.#gens.get(idOf(load.sink, load.topic, load.partition)) ?? 0
    const statements = [fence(load, gen), ...chunks.map(statementOf)]
    if (load.deadLetters.length > 0) statements.push(insertDeadLetters(load.deadLetters))
    try {
      await this.#connection.run(statements)
    } catch (error) {
      throw error instanceof SqlFailure ? await this.#explained(error, load, statements, chunks) : error
    }
  }

  /** What a failed load means. Nothing of it was written, unless the connection was lost. */
  async #explained(error: SqlFailure, load: Load, statements: readonly Statement[], chunks: readonly Chunk[]): Promise<unknown> {
    const { sink, topic, partition, from } = load
    const { failure } = error
    const where = { topic, partition }
    const index = 'index' in failure ? failure.index : -1
    if (failure.kind === 'unmet-demand' && index === 0)
      return new MillraceError('SINK_FENCED', `sink '${sink}' does not stand at ${topic}/${partition}@${from} any more`, {
        cause: error,
        where,
      })
    const before = statements.slice(0, index)
    const chunk = chunks[index - 1]
    try {
      if (chunk !== undefined && failure.kind === 'unmet-demand')
        return await takenRow(this.#connection, load, before, chunk as Chunk<Batch>, error)
      if (failure.kind === 'refused' && isAboutRows(failure.refusal.sqlState))
        return await this.#guilty(error, load, statements, chunks, index)
    } catch (lost) {
      return coded(lost, `looking for the row that was refused of sink '${sink}'`, where)
    }
    return coded(error, `loading ${topic}/${partition} from ${from} for sink '${sink}'`, where)
  }

  /** A constraint that is checked at COMMIT names no statement: then every chunk is looked at. */
  async #guilty(
    error: SqlFailure,
    load: Load,
    statements: readonly Statement[],
    chunks: readonly Chunk[],
    index: number,
  ): Promise<unknown> {
    const suspects = index < statements.length ? [index - 1] : chunks.map((_, i) => i)
    let outcome: unknown = coded(error, `loading ${load.topic}/${load.partition} for sink '${load.sink}'`)
    for (const i of suspects) {
      const chunk = chunks[i]
      if (chunk === undefined) continue
      outcome = await refusedRow(this.#connection, load, statements.slice(0, i + 1), chunk, error)
      if (outcome instanceof MillraceError && outcome.where.offset !== undefined) return outcome
    }
    return outcome
  }

  migrate(migrations: readonly Migration[]): Promise<readonly string[]> {
    return migrate(this.#connection, migrations)
  }
  check(tables: readonly TableSpec[]): Promise<void> {
    return checkTables(this.#connection, tables)
  }
  query(sql: string): Promise<QueryResult> {
    return this.#queries.query(sql)
  }

  async deadLettersToForward(limit: number): Promise<readonly DeadLetterRow[]> {
    const [result] = await this.#run([lettersToForward(limit)], 'reading dead letters')
    return result!.rows.map(([processor, stage, code, message, topic, part, offset, time, key, value]) => ({
      processor: processor!,
      stage: stage!,
      code: code!,
      message: message!,
      topic: topic!,
      partition: Number(part),
      offset: Number(offset),
      time: Number(time),
      key: bytesOf(key ?? null),
      value: bytesOf(value ?? null),
    }))
  }
  async forwarded(letters: readonly DeadLetterRow[]): Promise<void> {
    if (letters.length > 0) await this.#run([markForwarded(letters)], 'marking dead letters')
  }
  close(): Promise<void> {
    return this.#connection.close()
  }

  async #run(statements: readonly Statement[], doing: string): ReturnType<SqlConnection['run']> {
    try {
      return await this.#connection.run(statements)
    } catch (error) {
      throw coded(error, doing)
    }
  }
}

const bytesOf = (hex: string | null): Uint8Array | null => (hex === null ? null : Buffer.from(hex.slice(2), 'hex'))
