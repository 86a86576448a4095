import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../arch/house-files.ts'
import { DOCUMENTS } from './examples.ts'

const documents = [...DOCUMENTS, 'CHANGELOG.md'].map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

test('what the documents link to is there', () => {
  const broken = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)#]+)(#[^)]*)?\)/g)]
      .map(match => match[1]!)
      .filter(target => !/^https?:/.test(target) && !existsSync(join(ROOT, normalize(join(dirname(path), target)))))
      .map(target => `${path}: ${target}`),
  )
  assert.deepEqual(broken, [])
})

/** `lib/engine/turn.ts`, `test/docs`, `lib/stages/`: paths of this repository, but not `schemas/<system>/` or `lib/…`. */
const PATH = /`((?:lib|app|schemas|processors|sql|test|bench|docs|lint|packaging)\/[\w./-]*)`/g

test('the files and folders that the documents name are there', () => {
  const named = documents.flatMap(({ path, text }) => [...text.matchAll(PATH)].map(match => ({ path, target: match[1]! })))
  assert.ok(named.length > 20, 'hardly any path found: is the pattern right?')
  const missing = named.filter(({ target }) => !existsSync(join(ROOT, target))).map(({ path, target }) => `${path}: ${target}`)
  assert.deepEqual(missing, [])
})

test('the npm scripts that the documents name are there', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const named = documents.flatMap(({ text }) =>
    [...text.matchAll(/npm (?:run ([\w:]+)|(test|start))/g)].map(match => match[1] ?? match[2]!),
  )
  assert.ok(named.includes('test') && named.includes('format'))
  assert.deepEqual(
    named.filter(name => scripts[name] === undefined),
    [],
  )
})
