import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesBelow, ROOT } from '../arch/house-files.ts'

const compile = (...more: readonly string[]): { status: number | null; stdout: string } =>
  spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'test/types'), ...more], {
    encoding: 'utf8',
  })

test('every misuse in test/types is refused by the compiler, and everything beside them compiles', () => {
  const { status, stdout } = compile()
  assert.equal(status, 0, stdout)
})

test('the compiler really reads the files of test/types', () => {
  const { stdout } = compile('--listFilesOnly')
  for (const path of filesBelow('test/types').filter(name => name.endsWith('.ts'))) assert.ok(stdout.includes(path), path)
})

test('a misuse is pinned with a reason beside the directive or above it', () => {
  for (const path of filesBelow('test/types').filter(name => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const lines = readFileSync(join(ROOT, path), 'utf8').split('\n')
    lines.forEach((line, i) => {
      if (!/^\s*\/\/ @ts-expect-error/.test(line)) return
      assert.ok(
        /@ts-expect-error \S/.test(line) || lines.slice(Math.max(i - 4, 0), i).some(above => /^\s*\/\/ (?!@)\S/.test(above)),
        `${path}:${i + 1} says not why`,
      )
    })
  }
})
