import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesBelow, ROOT } from './house-files.ts'

const map = readFileSync(join(ROOT, 'lib/README.md'), 'utf8')

/** The entries of a section: path and sentence. */
const entriesOf = (title: string): readonly { path: string; sentence: string }[] => {
  const section = map.split(/^## /m).find(part => part.startsWith(`${title}\n`)) ?? ''
  return [...section.matchAll(/^- `([^`]+)` – (.+)$/gm)].map(([, path, sentence]) => ({ path: path!, sentence: sentence! }))
}

/** Doors, rooms, and the technologies in adapters/, as far as they hold a file that is not empty of code. */
function roomsOnDisk(): readonly string[] {
  const rooms = filesBelow('lib')
    .map(path => path.slice('lib/'.length))
    .filter(path => path !== 'README.md')
    .flatMap(path => {
      const parts = path.split('/')
      if (parts.length === 1) return [path]
      return parts[0] === 'adapters' && parts.length > 2 ? ['adapters/', `adapters/${parts[1]}/`] : [`${parts[0]}/`]
    })
  return [...new Set(rooms)].sort()
}

test('lib/README.md names every room and every door that is there, and nothing that is not', () => {
  const named = entriesOf('Rooms').map(entry => entry.path)
  assert.equal(new Set(named).size, named.length, 'a room is named twice')
  assert.deepEqual([...named].sort(), roomsOnDisk(), 'move rooms between "Rooms" and "Rooms to come" as they come')
})

test('a room to come is not there yet', () => {
  const onDisk = new Set(roomsOnDisk())
  assert.deepEqual(
    entriesOf('Rooms to come').filter(entry => onDisk.has(entry.path)),
    [],
  )
})

test('the map says one sentence about each room', () => {
  for (const { path, sentence } of [...entriesOf('Rooms'), ...entriesOf('Rooms to come')]) assert.match(sentence, /^[^.]+[.]$/, path)
})
