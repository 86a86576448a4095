import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

test('while the disk is full loads are DISK_FULL, also where the database ends and cannot be opened again; with room they go on, nothing lost or doubled', () => {
  const home = mkdtempSync(join(tmpdir(), 'millrace-full-'))
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', pathToFileURL(beside('./full-disk.ts')).href, beside('./loader-on-a-full-disk.ts'), join(home, 'tables')],
    { encoding: 'utf8', timeout: 300_000, env: { ...process.env, MILLRACE_TEST_FULL: join(home, 'full') } },
  )
  rmSync(home, { recursive: true })
  assert.equal(status, 0, stderr)
  const { full, roomy, at, rows } = JSON.parse(stdout) as Record<string, unknown>
  const refused = Array(3).fill('DISK_FULL')
  assert.deepEqual(full, { base: refused, xlogtemp: refused })
  assert.equal(roomy, 'loaded')
  assert.deepEqual(rows, [String(at), String(at)])
})
