import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openPglite } from '#lib/adapters/postgres/pglite.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { letterOf, rowsOf, SINK } from './numbered-records.ts'

const home = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
const directory = join(home, 'tables')
after(() => rmSync(home, { recursive: true }))
const loader = () =>
  spawn(process.execPath, [fileURLToPath(new URL('./endless-loader.ts', import.meta.url)), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

test('kill -9 while the database is being made leaves nothing half: the next process makes it whole', async () => {
  const child = loader()
  while (!readdirSync(home).some(name => name.startsWith('tables.new-'))) await sleep(5)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(existsSync(directory), false)
})

/** Runs the loader until it has acknowledged `loads` loads, kills it a little later, and gives back the last acknowledged offset. */
async function loadAndKill(loads: number, laterMs: number): Promise<number> {
  const child = loader()
  let acknowledged = -1
  let seen = 0
  for await (const line of createInterface(child.stdout)) {
    acknowledged = Number(line)
    if (++seen === loads) setTimeout(() => child.kill('SIGKILL'), laterMs)
  }
  assert.ok(seen >= loads, 'the loader ended by itself')
  return acknowledged
}

test('I13 after kill -9 at any moment offset, rows and dead letters are those of one prefix of the input, with all that was acknowledged', async () => {
  for (const [loads, laterMs] of [
    [1, 0],
    [5, 7],
    [20, 3],
    [40, 11],
  ] as const) {
    const acknowledged = await loadAndKill(loads, laterMs)
    const tables = await openTables(await openPglite(directory))
    try {
      const position = await tables.position(SINK, 'in', 0, 0)
      assert.ok(position >= acknowledged, `${acknowledged} was acknowledged, the offset is ${position}`)
      const offsets = Array.from({ length: position }, (_, o) => o)
      const expected = new Map(
        offsets.flatMap(o => rowsOf(o).map(row => [String(row['id']), [row['last'], row['padding'], row['revision']].join()])),
      )
      const { rows } = await tables.query('SELECT id, last, padding, revision FROM numbers')
      assert.equal(rows.length, expected.size)
      for (const [id, ...rest] of rows) assert.equal(rest.join(), expected.get(id!), id!)
      const letters = await tables.deadLettersToForward(1_000_000)
      assert.deepEqual(
        letters.map(l => l.offset),
        offsets.flatMap(letterOf).map(l => l.offset),
      )
    } finally {
      await tables.close()
    }
  }
})
