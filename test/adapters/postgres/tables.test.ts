import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openPglite, type PgliteConnection } from '#lib/adapters/postgres/pglite.ts'
import {
  type Failure,
  type RunOptions,
  type SqlConnection,
  SqlFailure,
  type Statement,
  type StatementResult,
} from '#lib/adapters/postgres/sql-connection.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import type { ErrorCode } from '#lib/model/errors.ts'
import { integer, table, tableSpecOf, text } from '#lib/model/table.ts'
import type { Load, Tables } from '#lib/ports/tables.ts'

const rows = tableSpecOf(table('rows', { columns: { id: text, n: integer }, key: ['id'] }) as never)
const load = (sink: string, from: number, to: number, ids: readonly string[] = []): Load => ({
  sink,
  topic: 'in',
  partition: 0,
  from,
  to,
  writes:
    ids.length === 0 ? [] : [{ table: rows, mode: 'upsert', columns: [ids, ids.map((_, i) => i)], offsets: ids.map((_, i) => from + i) }],
  deletes: [],
  deadLetters: [],
})

describe('tables over PGlite', () => {
  let db: PgliteConnection
  let tables: Tables
  before(async () => {
    db = await openPglite('memory')
    tables = await openTables(db)
    await tables.migrate([{ name: '000001-rows', sql: 'CREATE TABLE rows (id text PRIMARY KEY, n integer NOT NULL)' }])
  })
  after(() => tables?.close())

  test('a raised generation fences the loader that asked its position before, and lets it on when it asks again', async () => {
    await tables.position('gen', 'in', 0, 5)
    await tables.load(load('gen', 5, 6))
    await db.run([{ text: "UPDATE millrace_sink_offset SET gen = gen + 1, next_offset = 6 WHERE sink = 'gen'" }])
    await assert.rejects(tables.load(load('gen', 6, 7, ['gen'])), { code: 'SINK_FENCED' })
    assert.deepEqual((await tables.query("SELECT * FROM rows WHERE id = 'gen'")).rows, [])
    assert.equal(await tables.position('gen', 'in', 0, 0), 6)
    await tables.load(load('gen', 6, 7, ['gen']))
    assert.equal(await tables.position('gen', 'in', 0, 0), 7)
  })

  test('tables of the adapter itself are made once, also by several that open at once', async () => {
    const names = await Promise.all([1, 2, 3].map(async () => (await openTables(db)).migrate([])))
    assert.deepEqual(names, [[], [], []])
    assert.deepEqual((await tables.query('SELECT name FROM millrace_migration ORDER BY name')).rows, [['000000-millrace'], ['000001-rows']])
  })

  test('the row that the database refuses is found in the last of several statements', async () => {
    await db.run([{ text: 'ALTER TABLE rows ADD CHECK (n <> 9000)' }])
    await tables.position('far', 'in', 0, 0)
    const ids = Array.from({ length: 11_000 }, (_, i) => `far-${String(i).padStart(5, '0')}`)
    await assert.rejects(tables.load(load('far', 0, 11_000, ids)), {
      code: 'ROW_REFUSED',
      where: { topic: 'in', partition: 0, offset: 9000 },
    })
    assert.deepEqual((await tables.query("SELECT count(*) FROM rows WHERE id LIKE 'far%'")).rows, [['0']])
  })
})

/** A connection that fails as told, to see what a failure is called. */
class Failing implements SqlConnection {
  readonly asked: (readonly Statement[])[] = []
  readonly #failures: (Failure | null)[]
  constructor(...failures: (Failure | null)[]) {
    this.#failures = failures
  }
  async run(statements: readonly Statement[], _options?: RunOptions): Promise<readonly StatementResult[]> {
    this.asked.push(statements)
    const failure = this.#failures.shift() ?? null
    if (failure !== null) throw new SqlFailure(failure)
    const digests = [{ columns: [], types: [], rows: [], affected: 0, refused: null }]
    return statements.map(() => digests[0]!)
  }
  async close(): Promise<void> {}
}
/** Bookkeeping goes through; then the connection fails. */
const failing = async (...failures: (Failure | null)[]): Promise<{ tables: Tables; connection: Failing }> => {
  const connection = new Failing(null, null, ...failures)
  return { tables: await openTables(connection), connection }
}
const refused = (sqlState: string, index = 1): Failure => ({ kind: 'refused', index, refusal: { sqlState, message: 'no' } })

describe('tables over a failing connection', () => {
  for (const [sqlState, code] of [
    ['40P01', 'TABLES_UNAVAILABLE'],
    ['40001', 'TABLES_UNAVAILABLE'],
    ['08006', 'TABLES_UNAVAILABLE'],
    ['57P01', 'TABLES_UNAVAILABLE'],
    ['55P03', 'TABLES_UNAVAILABLE'],
    ['53200', 'TABLES_UNAVAILABLE'],
    ['53100', 'DISK_FULL'],
    ['XX001', 'DATA_CORRUPT'],
    ['42P01', 'TABLE_DIFFERS'],
    ['42703', 'TABLE_DIFFERS'],
    ['0A000', 'QUERY_FAILED'],
  ] as const satisfies readonly (readonly [string, ErrorCode])[])
    test(`SQLSTATE ${sqlState} is ${code} for a load, at a statement or at COMMIT`, async () => {
      for (const index of [1, 2]) {
        const { tables } = await failing(refused(sqlState, index))
        await assert.rejects(tables.load(load('s', 0, 1, ['a'])), { code })
      }
      const { tables } = await failing(refused(sqlState))
      await assert.rejects(tables.deadLettersToForward(1), { code })
    })

  test('a connection that is lost is TABLES_UNAVAILABLE, for every call', async () => {
    const lost: Failure = { kind: 'unavailable', message: 'gone' }
    const calls: ((t: Tables) => Promise<unknown>)[] = [
      t => t.position('s', 'in', 0, 0),
      t => t.load(load('s', 0, 1, ['a'])),
      t => t.migrate([{ name: 'm', sql: '' }]),
      t => t.check([rows]),
      t => t.query('SELECT 1'),
      t => t.deadLettersToForward(1),
      t =>
        t.forwarded([
          { processor: '', stage: '', code: '', message: '', topic: '', partition: 0, offset: 0, time: 0, key: null, value: null },
        ]),
    ]
    for (const call of calls) await assert.rejects(call((await failing(lost)).tables), { code: 'TABLES_UNAVAILABLE' })
  })

  test('a connection that is lost while the guilty row is looked for is TABLES_UNAVAILABLE: nobody is blamed', async () => {
    const { tables } = await failing(refused('23514'), { kind: 'unavailable', message: 'gone' })
    await assert.rejects(tables.load(load('s', 0, 1, ['a'])), (error: { code: string; where: { offset?: number } }) => {
      assert.equal(error.code, 'TABLES_UNAVAILABLE')
      assert.equal(error.where.offset, undefined)
      return true
    })
  })

  test('a refusal that no single row repeats is ROW_REFUSED without an offset', async () => {
    const { tables } = await failing(refused('23514'))
    await assert.rejects(tables.load(load('s', 0, 1, ['a'])), (error: { code: string; where: { offset?: number } }) => {
      assert.equal(error.code, 'ROW_REFUSED')
      assert.equal(error.where.offset, undefined)
      return true
    })
  })

  test('a load is one transaction: the fence, then the rows, then the dead letters', async () => {
    const { tables, connection } = await failing()
    const letter = {
      processor: 'p',
      stage: 's',
      code: 'c',
      message: 'm',
      topic: 'in',
      partition: 0,
      offset: 0,
      time: 0,
      key: null,
      value: null,
    }
    await tables.load({
      ...load(
        's',
        0,
        6000,
        Array.from({ length: 6000 }, (_, i) => `k${i}`),
      ),
      deadLetters: [letter],
    })
    const texts = connection.asked.at(-1)!.map(s => s.text.split(' ').slice(0, 3).join(' '))
    assert.deepEqual(texts, [
      'UPDATE millrace_sink_offset SET',
      'INSERT INTO "rows"',
      'INSERT INTO "rows"',
      'INSERT INTO millrace_dead_letter',
    ])
  })
})
