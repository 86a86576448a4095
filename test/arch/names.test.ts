import assert from 'node:assert/strict'
import { test } from 'node:test'
import { vagueWordIn } from '../../lint/vague-names.ts'
import { filesBelow } from './house-files.ts'

test('no file and no folder has a name that says nothing', () => {
  const vague = filesBelow('').filter(path => path.split('/').some(segment => vagueWordIn(segment.replace(/[.][a-z.]+$/, '')) !== null))
  assert.deepEqual(vague, [])
})

test('a name is vague by its words, however it is written', () => {
  for (const name of ['utils', 'stringUtils', 'test-helpers', 'TaskManager', 'MISC', 'common', 'HTTPHelper'])
    assert.notEqual(vagueWordIn(name), null, name)
  for (const name of ['commonPrefix', 'management', 'utilization', 'record-log', 'commons', 'managed'])
    assert.equal(vagueWordIn(name), null, name)
})
