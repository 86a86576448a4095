import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createWhole } from '#lib/adapters/postgres/pglite-directory.ts'
import { faultOf, wordsOf } from '#lib/adapters/postgres/pglite-faults.ts'
import { openPglite } from '#lib/adapters/postgres/pglite.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { table, tableSpecOf, text } from '#lib/model/table.ts'

const home = mkdtempSync(join(tmpdir(), 'millrace-directory-'))
const sound = join(home, 'sound')
let trials = 0
/** A directory of its own with the rows of `t`. */
const copied = (): string => {
  const directory = join(home, `copy-${trials++}`)
  cpSync(sound, directory, { recursive: true })
  return directory
}
/** PostgreSQL writes its pid file before it looks at anything. */
const filesIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter(name => name !== 'postmaster.pid')
    .sort()
before(async () => {
  const connection = await openPglite(sound)
  await connection.run([{ text: "CREATE TABLE t AS SELECT i::text AS id, repeat('x', 400) AS note FROM generate_series(1, 500) AS i" }])
  await connection.run([{ text: 'ALTER TABLE t ADD PRIMARY KEY (id)' }])
  await connection.close()
})
after(() => rmSync(home, { recursive: true }))
const countIn = async (directory: string): Promise<string | null> => {
  const connection = await openPglite(directory)
  try {
    return (await connection.run([{ text: 'SELECT count(*) FROM t' }]))[0]!.rows[0]![0]!
  } finally {
    await connection.close()
  }
}

test('what was committed is there after a close', async () => {
  assert.equal(await countIn(copied()), '500')
})

test('a directory that is open is DATA_DIR_IN_USE for everyone else, and free after the close', async () => {
  const directory = copied()
  const first = await openPglite(directory)
  await assert.rejects(openPglite(directory), { code: 'DATA_DIR_IN_USE' })
  await first.close()
  assert.equal(await countIn(directory), '500')
})

test('a directory that does not open is free for the next try', async () => {
  const directory = copied()
  const version = join(directory, 'PG_VERSION')
  rmSync(version)
  await assert.rejects(openPglite(directory), { code: 'DATA_CORRUPT' })
  writeFileSync(version, '18\n')
  assert.equal(await countIn(directory), '500')
})

for (const [what, damage] of [
  ['without its version file', (d: string) => rmSync(join(d, 'PG_VERSION'))],
  ['without its WAL', (d: string) => rmSync(join(d, 'pg_wal'), { recursive: true })],
  ['with its control file cut short', (d: string) => truncateSync(join(d, 'global', 'pg_control'), 100)],
  ['of another version', (d: string) => writeFileSync(join(d, 'PG_VERSION'), '9.6\n')],
] as const)
  test(`a directory ${what} is DATA_CORRUPT, and nothing is made in its place`, async () => {
    const directory = copied()
    damage(directory)
    const before = filesIn(directory)
    await assert.rejects(openPglite(directory), (error: { code?: string; message: string; where?: { file?: string } }) => {
      assert.equal(error.code, 'DATA_CORRUPT')
      assert.ok(error.message.includes(directory) && error.message.includes('Restore'), error.message)
      assert.equal(error.where?.file, directory)
      return true
    })
    assert.deepEqual(filesIn(directory), before)
  })

test('a damaged page is DATA_CORRUPT for loads and queries that meet it, never a wrong row', async () => {
  const directory = copied()
  for (const database of readdirSync(join(directory, 'base')))
    for (const file of readdirSync(join(directory, 'base', database)))
      if (/^\d+$/.test(file) && Number(file) >= 16384) {
        const fd = openSync(join(directory, 'base', database, file), 'r+')
        writeSync(fd, 'garbage', 4000)
        closeSync(fd)
      }
  const tables = await openTables(await openPglite(directory))
  const t = tableSpecOf(table('t', { columns: { id: text, note: text }, key: ['id'] }) as never)
  await assert.rejects(tables.query('SELECT count(note) FROM t'), { code: 'DATA_CORRUPT' })
  await tables.position('s', 'in', 0, 0)
  const load = {
    sink: 's',
    topic: 'in',
    partition: 0,
    from: 0,
    to: 1,
    deletes: [],
    deadLetters: [],
    writes: [{ table: t, mode: 'upsert' as const, columns: [['1'], ['']], offsets: [0] }],
  }
  await assert.rejects(tables.load(load), { code: 'DATA_CORRUPT' })
  assert.equal(await tables.position('s', 'in', 0, 0), 0)
  await tables.close()
})

test('a path that cannot be a directory is DATA_DIR_UNUSABLE, at once', async () => {
  const file = join(home, 'file')
  writeFileSync(file, '')
  await assert.rejects(openPglite(join(file, 'tables')), { code: 'DATA_DIR_UNUSABLE' })
  await assert.rejects(openPglite('/proc/nobody/here/tables'), { code: 'DATA_DIR_UNUSABLE' })
})

test('why a database does not open, or cannot be made, is told from what was said', () => {
  for (const [said, begun, code] of [
    ['could not write to file "pg_wal/xlogtemp.42": No space left on device', 'opened', 'DISK_FULL'],
    ["ENOSPC: no space left on device, mkdir '/x'", 'made', 'DISK_FULL'],
    [wordsOf({ name: 'ErrnoError', errno: 51 }), 'made', 'DISK_FULL'],
    ["EACCES: permission denied, open '/x/PG_VERSION'", 'opened', 'DATA_DIR_UNUSABLE'],
    ['could not locate a valid checkpoint record', 'opened', 'DATA_CORRUPT'],
    [wordsOf({ name: 'ErrnoError', errno: 1_000 }), 'made', 'TABLES_UNAVAILABLE'],
  ] as const) {
    const fault = faultOf(new Error('ended'), said, '/x', begun)
    assert.equal(fault.code, code)
    assert.ok(fault.message.includes(said) && fault.message.includes('/x'))
  }
})

test('what a creation that was cut short left behind is removed; an empty directory is filled', async () => {
  const directory = join(home, 'begun')
  mkdirSync(directory)
  const left = `${directory}.new-1`
  mkdirSync(left)
  writeFileSync(join(left, 'PG_VERSION'), '18\n')
  const connection = await openPglite(directory)
  await connection.run([{ text: 'CREATE TABLE t (id int)' }])
  await connection.close()
  assert.equal(existsSync(left), false)
  assert.equal(await countIn(directory), '0')
})

test('what another process is still making, asked by one that was killed, is removed when it is through with it', async () => {
  const directory = join(home, 'raced')
  const left = `${directory}.new-1`
  mkdirSync(left)
  const writing = `
    const { mkdirSync, writeFileSync } = require('node:fs')
    const end = Date.now() + 1_000
    for (let i = 0; Date.now() < end; i++) {
      try {
        mkdirSync(process.argv[1] + '/' + i)
        writeFileSync(process.argv[1] + '/' + i + '/file', '')
      } catch {}
      if (i === 100) console.log('writing')
    }`
  const child = spawn(process.execPath, ['-e', writing, left], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  await createWhole(directory, async staging => writeFileSync(join(staging, 'PG_VERSION'), '18\n'))
  assert.deepEqual(readdirSync(directory), ['PG_VERSION'])
  await once(child, 'exit')
})
