import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectToServer } from '#lib/adapters/postgres/server.ts'
import type { SqlConnection } from '#lib/adapters/postgres/sql-connection.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { tablesConformance } from '#lib/testing/conformance/tables.ts'
import { freePorts } from '../../../deploy/services/daemon.ts'
import { createDatabase, type PostgresServer, postgresPrograms, startPostgres } from '../../../deploy/services/postgres.ts'
import { coded } from '../../services/coded.ts'
import { needs } from '../../services/required.ts'
import { sharedDirectory } from '../../services/shared-directory.ts'
import { failureOf, sql, sqlConnectionSuite } from './sql-connection-suite.ts'

const MINUTE = 60_000

describe('PostgreSQL server', { timeout: 3 * MINUTE, ...needs('PostgreSQL', postgresPrograms()) }, () => {
  const home = sharedDirectory('millrace-postgres-')
  let server: PostgresServer
  let db: SqlConnection
  const databases = { made: 0 }
  before(async () => {
    server = await startPostgres(home.path, { fsync: 'off' })
    db = await connectToServer(server)
    await db.run([sql('CREATE TABLE n (n int PRIMARY KEY, note text)')])
  })
  after(async () => {
    await db?.close()
    await server?.daemon.stop()
    home.remove()
  })
  /** Until a session of ours executes a statement with these words. */
  const executes = async (words: string): Promise<void> => {
    const seen = `SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND pid <> pg_backend_pid()`
    while ((await db.run([sql(seen, `%${words}%`)]))[0]!.rows[0]![0] === '0') await sleep(20)
  }
  const asAdministrator = async (text: string): Promise<void> => {
    const administrator = await connectToServer(server)
    await administrator.run([sql(text)])
    await administrator.close()
  }
  const freshDatabase = (): string => {
    const name = `fresh_${++databases.made}`
    createDatabase(server, name)
    return name
  }

  describe('a connection', () => sqlConnectionSuite(() => db))

  tablesConformance('PostgreSQL server', async () => {
    const database = freshDatabase()
    const open = async () => openTables(await connectToServer({ ...server, database }))
    let tables = await open()
    return {
      tables,
      reopen: async () => {
        await tables.close()
        tables = await open()
        return tables
      },
      dispose: () => tables.close(),
    }
  })

  test('values are printed alike, whatever the role or the database is set to', async () => {
    await asAdministrator(`ALTER ROLE millrace SET TimeZone = 'Asia/Tokyo'`)
    await asAdministrator(`ALTER ROLE millrace SET DateStyle = 'German'`)
    await asAdministrator(`ALTER ROLE millrace SET bytea_output = 'escape'`)
    const other = await connectToServer(server)
    const [result] = await other.run([
      sql(`SELECT timestamptz '2026-01-02 03:04:05.678Z', '\\x00ff'::bytea, 0.1::float8 + 0.2::float8, 1.50::numeric`),
    ])
    assert.deepEqual(result!.rows, [['2026-01-02 03:04:05.678+00', '\\x00ff', '0.30000000000000004', '1.50']])
    await other.close()
    await asAdministrator('ALTER ROLE millrace RESET ALL')
  })

  test('transactions overlap: one that waits for a lock holds up none of the others', async () => {
    const other = await connectToServer(server)
    await db.run([sql("INSERT INTO n VALUES (1, 'a')")])
    const holds = other.run([sql("UPDATE n SET note = 'b' WHERE n = 1"), sql('SELECT pg_sleep(1.501)')])
    await executes('pg_sleep(1.501)')
    const waits = db.run([sql("UPDATE n SET note = note || 'c' WHERE n = 1")])
    assert.deepEqual((await db.run([sql('SELECT note FROM n')]))[0]!.rows, [['a']])
    await Promise.all([holds, waits])
    assert.deepEqual((await db.run([sql('SELECT note FROM n')]))[0]!.rows, [['bc']])
    await db.run([sql('DELETE FROM n')])
    await other.close()
  })

  test('a query beyond its limit is given up, and the session goes on', async () => {
    const endless = db.run([sql('SELECT pg_sleep(60)')], { access: 'read-only', limitMs: 100 })
    assert.deepEqual(await failureOf(endless), { kind: 'too-slow', limitMs: 100 })
    assert.deepEqual((await db.run([sql('SHOW statement_timeout')]))[0]!.rows, [['0']])
  })

  test('close() gives queries up, lets writes finish, and later calls are unavailable', async () => {
    const closing = await connectToServer(server)
    const endless = failureOf(closing.run([sql('SELECT pg_sleep(60)')], { access: 'read-only', limitMs: 60_000 }))
    const written = closing.run([sql('SELECT pg_sleep(0.3)'), sql("INSERT INTO n VALUES (7, '')")])
    await sleep(100)
    await closing.close()
    assert.equal((await endless).kind, 'unavailable')
    await written
    assert.equal((await failureOf(closing.run([sql('SELECT 1')]))).kind, 'unavailable')
    assert.deepEqual((await db.run([sql('DELETE FROM n RETURNING n')]))[0]!.rows, [['7']])
  })

  describe('a server that does not let us in', () => {
    test('wrong credentials, another database, and nobody there', async () => {
      await assert.rejects(
        connectToServer({ ...server, password: 'the-secret' }),
        coded('TABLES_REFUSED', /password authentication failed/),
      )
      await assert.rejects(connectToServer({ ...server, database: 'nowhere' }), coded('TABLES_REFUSED', /"nowhere" does not exist/))
      const [port] = await freePorts(1)
      await assert.rejects(connectToServer({ ...server, port: port! }), coded('TABLES_UNAVAILABLE', /ECONNREFUSED/))
    })
    test('one that does not speak TLS where TLS is asked for', async () => {
      await assert.rejects(connectToServer({ ...server, tls: {} }), coded('TABLES_UNAVAILABLE', /does not support SSL/))
    })
    test('a user without rights on a table is told which', async () => {
      await asAdministrator(`CREATE ROLE stranger LOGIN PASSWORD 'x'`)
      const stranger = await connectToServer({ ...server, user: 'stranger', password: 'x' })
      await assert.rejects(openTables(stranger), coded('TABLES_REFUSED', /permission denied/))
      await stranger.close()
    })
  })

  describe('F7: a server that fails', () => {
    test('a session that is thrown out in the middle: the transaction is unavailable, nothing stays, the next one has a session', async () => {
      const doomed = failureOf(db.run([sql("INSERT INTO n VALUES (1, '')"), sql('SELECT pg_sleep(60)')]))
      await executes('pg_sleep(60)')
      const mine = `application_name = 'millrace' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()`
      await db.run([sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${mine}`)])
      assert.equal((await doomed).kind, 'unavailable')
      assert.deepEqual((await db.run([sql('SELECT count(*) FROM n')]))[0]!.rows, [['0']])
    })
    test('a server that is killed and comes back: the same connection goes on with what was committed', async () => {
      await db.run([sql("INSERT INTO n VALUES (1, '')")])
      const doomed = failureOf(db.run([sql("INSERT INTO n VALUES (2, '')"), sql('SELECT pg_sleep(61)')]))
      await executes('pg_sleep(61)')
      await server.daemon.kill()
      assert.equal((await doomed).kind, 'unavailable')
      assert.equal((await failureOf(db.run([sql('SELECT 1')]))).kind, 'unavailable')
      await server.daemon.start()
      assert.deepEqual((await db.run([sql('DELETE FROM n RETURNING n')]))[0]!.rows, [['1']])
    })
    test('a server that does not answer is taken for lost, and its session given up', async () => {
      const impatient = await connectToServer({ ...server, timeoutMs: 1_000 })
      const [[pid] = []] = (await impatient.run([sql('SELECT pg_backend_pid()')]))[0]!.rows
      process.kill(Number(pid), 'SIGSTOP')
      assert.equal((await failureOf(impatient.run([sql('SELECT 1')]))).kind, 'unavailable')
      process.kill(Number(pid), 'SIGCONT')
      await impatient.run([sql('SELECT 1')])
      await impatient.close()
    })
  })
})
