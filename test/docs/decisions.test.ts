import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const folder = new URL('../../docs/decisions/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')
const records = readdirSync(folder).filter(name => name !== 'README.md')

test('the index of decisions lists every record once, under its number and title, and no other', () => {
  const listed = [...read('README.md').matchAll(/^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \|/gm)].map(([, number, file, title]) => ({
    number,
    file,
    title,
  }))
  const written = records.map(file => ({ number: file.slice(0, 4), file, title: /^# (?:\d{4} )?(.+)$/m.exec(read(file))?.[1] }))
  const byFile = (a: { file: string | undefined }, b: { file: string | undefined }): number => (a.file! < b.file! ? -1 : 1)
  assert.deepEqual(listed.toSorted(byFile), written.toSorted(byFile))
})

test('a decision has a number of its own, and says context, options, choice and when to revisit', () => {
  assert.equal(new Set(records.map(name => name.slice(0, 4))).size, records.length)
  for (const name of records) {
    assert.match(name, /^\d{4}-[a-z0-9-]+[.]md$/)
    for (const section of ['Context', 'Options', 'Choice', '(When to r|R)evisit'])
      assert.match(read(name), new RegExp(`^(## |\\*\\*)${section}`, 'm'), name)
  }
})
