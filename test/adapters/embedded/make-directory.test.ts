import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeDirectory } from '#lib/adapters/embedded/make-directory.ts'

const home = mkdtempSync(join(tmpdir(), 'millrace-directory-'))
test.after(() => rmSync(home, { recursive: true }))

test('a directory is made with its parents, and made again without complaint', async () => {
  await makeDirectory(join(home, 'a/b/c'))
  await makeDirectory(join(home, 'a/b/c'))
  await Promise.all(['x/1', 'x/2', 'x/1'].map(path => makeDirectory(join(home, path))))
  assert.ok(existsSync(join(home, 'a/b/c')) && existsSync(join(home, 'x/2')))
})

test('a file in the way is an error', async () => {
  writeFileSync(join(home, 'file'), '')
  await assert.rejects(makeDirectory(join(home, 'file')), { code: 'EEXIST' })
  await assert.rejects(makeDirectory(join(home, 'file/below')), { code: 'ENOTDIR' })
})

test('a file system that takes no directory is an error, not an endless try', {
  skip: existsSync('/proc/self') ? false : 'there is no /proc here',
}, async () => {
  await assert.rejects(makeDirectory('/proc/millrace/data'), { code: 'ENOENT' })
})
