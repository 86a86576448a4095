// One test a recorded case; where it is not run, or not as it is, the test says why.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare } from './compare.ts'
import { DIFFERENCES, differencesOf, verdictOf } from './differences.ts'
import { play } from './play.ts'
import { casesIn, type CaseFile, skip } from './recorded.ts'

export function recordedCases(operator: string, files: readonly CaseFile[]): void {
  for (const file of files)
    test(`${file}: what came out of ${operator} windows there comes out here, after the same record`, { skip }, async t => {
      const cases = casesIn(file).filter(c => c.operator === operator)
      assert.ok(cases.length > 0)
      for (const c of cases) {
        const differences = differencesOf(c)
        const why = differences.find(name => DIFFERENCES[name].compared === null)
        const title = differences.length === 0 ? c.id : `${c.id} (${differences.join('; ')})`
        await t.test(title, { skip: verdictOf(c) === 'not run' ? `${why}: ${DIFFERENCES[why!].peerDoes}` : false }, async () =>
          compare(c, await play(c)),
        )
      }
    })
}
