// What every connection to a PostgreSQL does, whichever it is. The table n (n int PRIMARY KEY, note text) is there and empty; the suite leaves it so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Failure, type SqlConnection, SqlFailure, type Statement } from '#lib/adapters/postgres/sql-connection.ts'

export const failureOf = (run: Promise<unknown>): Promise<Failure> =>
  run.then(
    () => assert.fail('the transaction was accepted'),
    (error: unknown) => {
      if (!(error instanceof SqlFailure)) throw error
      return error.failure
    },
  )
export const sql = (text: string, ...values: (string | null)[]): Statement => ({ text, values })

export function sqlConnectionSuite(connection: () => SqlConnection): void {
  const db: Pick<SqlConnection, 'run'> = { run: (statements, options) => connection().run(statements, options) }
  const numbers = async (): Promise<string> => (await db.run([sql('SELECT n FROM n ORDER BY n')]))[0]!.rows.flat().join()
  const emptied = () => db.run([sql('DELETE FROM n')])

  test('a transaction gives the result of each statement: columns, types, values as text, affected rows', async () => {
    const results = await db.run([
      sql('INSERT INTO n SELECT * FROM unnest($1::int[], $2::text[])', '{1,2,3}', '{a,NULL,"\ufeffc"}'),
      sql('SELECT n, note, $1::text AS given FROM n ORDER BY n', null),
      sql('UPDATE n SET note = $1 WHERE n > $2', 'x', '1'),
      sql('SELECT 1 WHERE false'),
    ])
    assert.deepEqual(
      results.map(r => r.affected),
      [3, 3, 2, 0],
    )
    assert.deepEqual(results[1]!.columns, ['n', 'note', 'given'])
    assert.deepEqual(results[1]!.types, [23, 25, 25])
    assert.deepEqual(results[1]!.rows, [
      ['1', 'a', null],
      ['2', null, null],
      ['3', '\ufeffc', null],
    ])
    assert.deepEqual(results[3]!.rows, [])
    await emptied()
  })

  test('a refused statement rolls the whole transaction back and says which one it was', async () => {
    const failure = await failureOf(
      db.run([sql('INSERT INTO n VALUES (1)'), sql('INSERT INTO n VALUES (1)'), sql('INSERT INTO n VALUES (2)')]),
    )
    assert.ok(failure.kind === 'refused' && failure.index === 1)
    assert.equal(failure.refusal.sqlState, '23505')
    assert.equal(failure.refusal.constraint, 'n_pkey')
    assert.equal(await numbers(), '')
  })

  test('a statement that does not affect the demanded rows rolls the whole transaction back', async () => {
    const failure = await failureOf(
      db.run([sql('INSERT INTO n VALUES (1)'), { ...sql('UPDATE n SET note = $1 WHERE n = 7', ''), demands: 1 }]),
    )
    assert.deepEqual(failure, { kind: 'unmet-demand', index: 1, affected: 0 })
    assert.equal(await numbers(), '')
  })

  test('a COMMIT that is refused rolls back', async () => {
    await db.run([sql('CREATE TABLE d (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)')])
    const failure = await failureOf(db.run([sql('INSERT INTO d VALUES (1), (1)')]))
    assert.ok(failure.kind === 'refused' && failure.index === 1 && failure.refusal.sqlState === '23505')
    assert.deepEqual((await db.run([sql('SELECT count(*) FROM d')]))[0]!.rows, [['0']])
  })

  test('an attempt that is refused is taken back alone, one that is not stays', async () => {
    const attempt = (n: number): Statement => ({ ...sql('INSERT INTO n VALUES ($1)', String(n)), attempt: 'under-savepoint' })
    const results = await db.run([sql('INSERT INTO n VALUES (1)'), attempt(2), attempt(1), attempt(3)])
    assert.deepEqual(
      results.map(r => r.refused?.sqlState ?? null),
      [null, null, '23505', null],
    )
    assert.equal(await numbers(), '1,2,3')
    await emptied()
  })

  test('a transaction that is to be rolled back leaves nothing', async () => {
    const results = await db.run([sql('INSERT INTO n VALUES (1)'), sql('SELECT count(*) FROM n')], { end: 'roll-back' })
    assert.deepEqual(results[1]!.rows, [['1']])
    assert.equal(await numbers(), '')
  })

  test('a read-only transaction writes nothing', async () => {
    const failure = await failureOf(db.run([sql('INSERT INTO n VALUES (1)')], { access: 'read-only' }))
    assert.ok(failure.kind === 'refused' && failure.refusal.sqlState === '25006')
  })

  test('more rows than allowed are refused, as many as allowed are not', async () => {
    const rows = (n: number, most: number) => db.run([sql('SELECT generate_series(1, $1::int)', String(n))], { mostRows: most })
    assert.equal((await rows(10, 10))[0]!.rows.length, 10)
    for (const n of [11, 12, 1000]) {
      const failure = await failureOf(rows(n, 10))
      assert.ok(failure.kind === 'refused' && failure.refusal.sqlState === '54000')
    }
  })

  test('a script runs all its statements, and prepared statements survive what it changes', async () => {
    const insert = sql('INSERT INTO n VALUES ($1)', '1')
    await db.run([insert])
    await db.run([{ text: 'ALTER TABLE n ADD COLUMN more text; ALTER TABLE n ALTER COLUMN n TYPE bigint; DEALLOCATE ALL', form: 'script' }])
    await db.run([sql('INSERT INTO n VALUES ($1)', '3000000000')])
    assert.equal(await numbers(), '1,3000000000')
    await emptied()
  })

  test('more statements than stay prepared work', async () => {
    for (let i = 0; i < 210; i++) assert.equal((await db.run([sql(`SELECT $1::int + ${i}`, '1')]))[0]!.rows[0]![0], String(i + 1))
  })
}
