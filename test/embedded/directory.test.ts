import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { checkUsable, type DirectoryFacts, holdsData, makeDirectory, readFacts, shownPath, writeFacts } from '#lib/embedded/directory.ts'
import { coded } from '../adapters/embedded/opened.ts'

function place(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'millrace-directory-'))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}
const FACTS: DirectoryFacts = { app: 'millrace', partitions: 4, generatorStartAt: null }

test('facts are read as they were written, and replaced as a whole', async t => {
  const at = place(t)
  assert.equal(await readFacts(at), null)
  assert.equal(holdsData(at), false)
  await writeFacts(at, FACTS)
  assert.deepEqual(await readFacts(at), FACTS)
  writeFileSync(join(at, 'millrace.json.new'), 'torn')
  await writeFacts(at, { ...FACTS, generatorStartAt: 1_700_000_000_000 })
  assert.deepEqual(await readFacts(at), { ...FACTS, generatorStartAt: 1_700_000_000_000 })
  assert.deepEqual(readdirSync(at), ['millrace.json'])
  assert.equal(holdsData(at), true)
})

test('damaged facts are DATA_CORRUPT with the file and what is wrong, never taken for none', async t => {
  const at = place(t)
  const file = join(at, 'millrace.json')
  await writeFacts(at, FACTS)
  const whole = readFileSync(file, 'utf8')
  for (const text of [
    '',
    whole.slice(0, -4),
    '{}',
    whole.replace('"format": 1', '"format": 2'),
    whole.replace('4', '"four"'),
    whole.replace('null', '1.5'),
  ]) {
    writeFileSync(file, text)
    await assert.rejects(readFacts(at), coded('DATA_CORRUPT', file), text)
    assert.equal(readFileSync(file, 'utf8'), text)
  }
})

test('a directory is usable when it is new, empty, ours, or was left before it said anything', async t => {
  const at = place(t)
  await checkUsable(join(at, 'none'))
  await checkUsable(at)
  for (const name of ['lock', 'lock-owner', 'lock-journal', 'millrace.json.new', 'control.json']) writeFileSync(join(at, name), '')
  await checkUsable(at)
  writeFileSync(join(at, 'notes.txt'), '')
  await assert.rejects(checkUsable(at), coded('DATA_DIR_UNUSABLE', at, 'not empty'))
  await writeFacts(at, FACTS)
  await checkUsable(at)
})

test('a directory is made with its parents, and one that cannot be made is told at once', async t => {
  const at = place(t)
  await makeDirectory(join(at, 'a/b/c'))
  assert.ok(statSync(join(at, 'a/b/c')).isDirectory())
  await makeDirectory(join(at, 'a/b/c'))
  writeFileSync(join(at, 'file'), '')
  await assert.rejects(makeDirectory(join(at, 'file/below')), coded('DATA_DIR_UNUSABLE', 'file/below'))
})

test('a parent that takes no entries ends in an error, not in an endless loop', {
  skip: existsSync('/proc/self') ? false : 'no /proc here',
}, async () => {
  await assert.rejects(makeDirectory('/proc/millrace/data'), coded('DATA_DIR_UNUSABLE', '/proc/millrace/data'))
})

test('a directory is shown as people would type it', t => {
  const at = place(t)
  const before = process.cwd()
  t.after(() => process.chdir(before))
  mkdirSync(join(at, 'data'))
  process.chdir(at)
  assert.equal(shownPath('data'), 'data')
  assert.equal(shownPath(join(at, 'data')), 'data')
  assert.equal(shownPath(tmpdir()), tmpdir())
})
