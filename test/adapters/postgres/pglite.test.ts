import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setImmediate as breathe } from 'node:timers/promises'
import { openPglite, type PgliteConnection } from '#lib/adapters/postgres/pglite.ts'
import { failureOf, sql, sqlConnectionSuite } from './sql-connection-suite.ts'

describe('PGlite on disk', () => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-pglite-'))
  let db: PgliteConnection
  before(async () => {
    db = await openPglite(join(home, 'tables'), { checkpointBytes: 200_000 })
    await db.run([sql('CREATE TABLE n (n int PRIMARY KEY, note text)')])
  })
  after(async () => {
    await db?.close()
    rmSync(home, { recursive: true })
  })
  const numbers = async (): Promise<string> => (await db.run([sql('SELECT n FROM n ORDER BY n')]))[0]!.rows.flat().join()
  const emptied = () => db.run([sql('DELETE FROM n')])

  sqlConnectionSuite(() => db)

  test('transactions that are asked for at once run one after the other, in order', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => db.run([sql('INSERT INTO n VALUES ($1)', String(i)), sql('SELECT count(*) FROM n')])),
    )
    assert.deepEqual(
      results.map(r => r[1]!.rows[0]![0]),
      Array.from({ length: 20 }, (_, i) => String(i + 1)),
    )
    await emptied()
  })

  test('the thread that asks goes on while the database works', async () => {
    let turns = 0
    let working = true
    const busy = db.run([sql('SELECT sum(i) FROM generate_series(1, 300000) AS i')]).finally(() => {
      working = false
    })
    while (working) {
      await breathe()
      turns++
    }
    await busy
    assert.ok(turns > 1, `${turns} turns`)
  })

  test('a commit forces WAL to the disk before it is acknowledged; a transaction that only reads does not', async () => {
    const before = (await db.status()).fileSyncs
    await db.run([sql('INSERT INTO n VALUES (1)')])
    const committed = (await db.status()).fileSyncs
    assert.ok(committed > before, `${before} syncs, then ${committed}`)
    await db.run([sql('SELECT * FROM n')], { access: 'read-only' })
    assert.equal((await db.status()).fileSyncs, committed)
    await emptied()
  })

  test('checkpoints come by themselves after so many bytes of WAL', async () => {
    const before = (await db.status()).checkpoints
    for (let i = 0; i < 48; i++)
      await db.run([sql("INSERT INTO n SELECT $1::bigint + i, repeat('x', 100) FROM generate_series(1, 100) AS i", String(i * 100))])
    assert.ok((await db.status()).checkpoints > before)
    await emptied()
  })

  test('a query beyond its limit is given up with its thread, and the next call finds everything committed', async () => {
    await db.run([sql('INSERT INTO n VALUES (1)')])
    const endless = db.run([sql('SELECT count(*) FROM generate_series(1, 100000000000)')], { access: 'read-only', limitMs: 100 })
    const waiting = db.run([sql('INSERT INTO n VALUES (2)')])
    assert.deepEqual(await failureOf(endless), { kind: 'too-slow', limitMs: 100 })
    await waiting
    assert.equal(await numbers(), '1,2')
    await emptied()
  })

  test('when PGlite breaks in the middle of a call, that call is unavailable and the next one opens the directory anew', async () => {
    await db.run([sql('INSERT INTO n VALUES (1)')])
    const [wal, away] = [join(home, 'tables', 'pg_wal'), join(home, 'wal-taken-away')]
    renameSync(wal, away)
    const failure = await failureOf(db.run([sql("INSERT INTO n SELECT i, repeat('x', 1000) FROM generate_series(2, 20000) AS i")]))
    assert.ok(failure.kind === 'unavailable' && failure.message.includes('PANIC'), JSON.stringify(failure))
    await assert.rejects(db.run([sql('SELECT 1')]), { code: 'DATA_CORRUPT' })
    renameSync(away, wal)
    assert.equal(await numbers(), '1')
    await emptied()
  })
})

describe('PGlite that is closed', () => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-pglite-'))
  after(() => rmSync(home, { recursive: true }))
  test('writes that were asked for are done, queries are given up, later calls are unavailable, and what was written is there', async () => {
    const directory = join(home, 'tables')
    const db = await openPglite(directory)
    await db.run([sql('CREATE TABLE n (n int)')])
    const query = (text: string) => failureOf(db.run([sql(text)], { access: 'read-only', limitMs: 1_000_000 }))
    const endless = query('SELECT count(*) FROM generate_series(1, 100000000000)')
    const written = db.run([sql('INSERT INTO n VALUES (1)')])
    const queued = query('SELECT 1')
    await breathe()
    const closed = db.close()
    const later = failureOf(db.run([sql('SELECT 1')]))
    for (const failure of await Promise.all([endless, queued, later])) assert.equal(failure.kind, 'unavailable')
    await Promise.all([written, closed, db.close()])
    const again = await openPglite(directory)
    assert.deepEqual((await again.run([sql('SELECT n FROM n')]))[0]!.rows, [['1']])
    await again.close()
  })
})

describe('PGlite in memory', () => {
  test('`small` works the same', async () => {
    const db = await openPglite('memory', { memory: 'small' })
    assert.deepEqual((await db.run([sql('SELECT 1')]))[0]!.rows, [['1']])
    await db.close()
  })
  test('after close every call is unavailable, and close may be called again', async () => {
    const db = await openPglite('memory')
    const last = db.run([sql('SELECT 1')])
    await db.close()
    assert.deepEqual((await last)[0]!.rows, [['1']])
    const failure = await failureOf(db.run([sql('SELECT 1')]))
    assert.equal(failure.kind, 'unavailable')
    await db.close()
  })
})
