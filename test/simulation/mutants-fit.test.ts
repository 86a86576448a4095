// A mutant names a place in the source. When the code moves on, the mutant must follow: where the rule is obeyed now, it is to be broken.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { stripTypeScriptTypes } from 'node:module'
import { mutants } from './mutants/list.ts'
import { changed } from './mutants/mutant.ts'

const LIB = new URL('../../lib/', import.meta.url)

test('every change of every mutant has its one place in the source, and leaves a program', () => {
  for (const mutant of mutants)
    for (const file of new Set(mutant.changes.map(c => c.file))) {
      const source = readFileSync(new URL(file, LIB), 'utf8')
      const mutated = mutant.changes.filter(c => c.file === file).reduce((text, change) => changed(text, change, mutant.name), source)
      assert.notEqual(mutated, source, mutant.name)
      assert.doesNotThrow(() => stripTypeScriptTypes(mutated), `${mutant.name} breaks the syntax of lib/${file}`)
    }
})

test('every mutant has a name of its own', () => {
  assert.equal(new Set(mutants.map(m => m.name)).size, mutants.length)
})

test('the decision record maps the switches of the models to mutants that are there', () => {
  const record = readFileSync(new URL('../../docs/decisions/0061-mutants-are-changes-of-source-text.md', import.meta.url), 'utf8')
  const rows = record.split('\n').filter(line => /^\| (first|task|watermarks|sink|gateway) \|/.test(line))
  const named = rows.flatMap(row => [...row.matchAll(/`([a-z-]+)`/g)].map(match => match[1]!))
  assert.ok(named.length > 30)
  assert.deepEqual(
    named.filter(name => !mutants.some(m => m.name === name)),
    [],
  )
})
