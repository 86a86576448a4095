import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DIFFERENCES, differencesDocument, differencesOf, DOCUMENT, verdictOf } from './differences.ts'
import { casesIn, FILES, skip } from './recorded.ts'

test('differences.md says of every recorded case whether it is compared, and what lies between it and us', { skip }, t => {
  const document = readFileSync(DOCUMENT, 'utf8')
  assert.equal(document, differencesDocument(), 'node test/cases/differences.ts writes it anew')
  for (const line of document.split('\n').filter(l => l.startsWith('| '))) t.diagnostic(line)
})
test('every case that is not run says why', { skip }, () => {
  for (const c of FILES.flatMap(casesIn)) {
    const why = differencesOf(c).filter(name => DIFFERENCES[name].compared === null)
    assert.equal(why.length > 0, verdictOf(c) === 'not run', c.id)
  }
})
