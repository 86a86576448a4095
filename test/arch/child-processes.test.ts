import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesBelow, ROOT } from './house-files.ts'

/** Starts the machine's own Node on purpose: the launcher must cope with it. */
const MEANS_IT = ['test/app/launcher.test.ts']
const BY_NAME = /\b(?:spawn|spawnSync|execFile|execFileSync)\(\s*['"`](?:node|tsc|eslint|biome)['"`]/

test('child processes run on the Node that runs the tests, not on whatever the path holds', () => {
  const found = ['test', 'bench', 'lib', 'app', 'packaging']
    .flatMap(filesBelow)
    .filter(path => path.endsWith('.ts') && !MEANS_IT.includes(path))
    .filter(path => BY_NAME.test(readFileSync(join(ROOT, path), 'utf8')))
  assert.deepEqual(found, [], 'use process.execPath')
})

test('the pattern sees a Node that is started by name', () => {
  for (const path of MEANS_IT) assert.match(readFileSync(join(ROOT, path), 'utf8'), BY_NAME)
})
