import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ERRORS, type ErrorCode } from '#lib/model/errors.ts'
import { currentDocument, errorSource, rowsIn, sectionsOf, upToDate } from '../../lint/error-table.ts'
import { filesBelow, ROOT } from './house-files.ts'

/** Codes that nothing raises yet, each with the reason. A code that is raised by now must leave this list. */
const NOT_RAISED_YET: Readonly<Partial<Record<ErrorCode, string>>> = {}

const codes = Object.keys(ERRORS) as ErrorCode[]

test('docs/errors.md holds every code with its blame, retry and meaning, and no other code', () => {
  assert.deepEqual(
    rowsIn(currentDocument()).map(row => row.code),
    [...sectionsOf(errorSource()).values()].flat(),
    'run `npm run docs:errors`, then write what to do into the last column of new rows',
  )
  assert.equal(currentDocument(), upToDate(currentDocument(), errorSource()), 'run `npm run docs:errors`')
})

test('every code stands in a section of lib/model/errors.ts', () => {
  assert.deepEqual([...sectionsOf(errorSource()).values()].flat(), codes)
})

test('docs/errors.md says for every code what to do, and not what it means once more', () => {
  const empty = rowsIn(currentDocument()).filter(({ code, advice }) => advice.length < 20 || advice === ERRORS[code as ErrorCode].means)
  assert.deepEqual(
    empty.map(row => row.code),
    [],
    'write what to do into the last column of docs/errors.md',
  )
})

test('what a code means is a sentence of its own', () => {
  const means = codes.map(code => ERRORS[code].means)
  assert.deepEqual(
    means.filter(text => !/^[^ ].*[.]$/.test(text)),
    [],
  )
  assert.equal(new Set(means).size, means.length)
})

test('every code is raised somewhere, or listed with the reason why not yet', () => {
  const sources = ['lib', 'app', 'schemas', 'processors']
    .flatMap(filesBelow)
    .filter(path => /[.](ts|mjs)$/.test(path) && path !== 'lib/model/errors.ts' && !path.startsWith('lib/testing/conformance/'))
    .map(path => readFileSync(join(ROOT, path), 'utf8'))
  // As a word of its own: 'CODE' in TypeScript, or at the head of a message of the launcher.
  const silent = codes.filter(code => !sources.some(text => text.includes(`'${code}'`) || text.includes(`\`${code}: `)))
  assert.deepEqual(
    silent,
    codes.filter(code => NOT_RAISED_YET[code] !== undefined),
    'compare with NOT_RAISED_YET',
  )
})

test('the check of docs/errors.md sees a missing, an unknown and a changed row', () => {
  const document = currentDocument()
  const row = document.split('\n').find(line => line.startsWith('| `DISK_FULL`'))!
  for (const broken of [
    document.replace(`${row}\n`, ''),
    document.replace(row, `${row}\n| \`NO_SUCH_CODE\` | data | never | Nothing. | Nothing. |`),
    document.replace(row, row.replace('operator', 'data')),
  ]) {
    assert.notEqual(broken, document)
    assert.notEqual(broken, upToDate(broken, errorSource()))
  }
})
