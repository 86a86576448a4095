import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvRecords, folder, folderOf, recordsOf } from './written-files.ts'

test('consecutive rows with the same text in the column are one record at the first row’s offset, file and line; a later run of it is another', async t => {
  const file = folderOf(t).write('in.csv', 'no,item,n\n7,pen,1\n7,"ink, black",2\n\n8,pen,3\n7,tape,4\n')
  assert.deepEqual(await csvRecords(file, { groupBy: 'no' }), [
    { offset: 0, value: '{"no":"7","rows":[{"item":"pen","n":"1"},{"item":"ink, black","n":"2"}]}', file: 'in.csv', line: 2 },
    { offset: 2, value: '{"no":"8","rows":[{"item":"pen","n":"3"}]}', file: 'in.csv', line: 5 },
    { offset: 3, value: '{"no":"7","rows":[{"item":"tape","n":"4"}]}', file: 'in.csv', line: 6 },
  ])
})
test('the same text quoted and not quoted is the same run; other case, spaces or an empty cell are not', async t => {
  const file = folderOf(t).write('in.csv', 'v,g\n1,a\n2,"a"\n3,A\n4, A\n5,\n6,""\n7,"x""y"\n8,"x""y"\n')
  assert.deepEqual(
    (await csvRecords(file, { groupBy: 'g' })).map(r => [r.offset, JSON.parse(r.value)]),
    [
      [0, { g: 'a', rows: [{ v: '1' }, { v: '2' }] }],
      [2, { g: 'A', rows: [{ v: '3' }] }],
      [3, { g: ' A', rows: [{ v: '4' }] }],
      [4, { g: '', rows: [{ v: '5' }, { v: '6' }] }],
      [6, { g: 'x"y', rows: [{ v: '7' }, { v: '8' }] }],
    ],
  )
})
test('a run goes on over the boundaries of files, also over one without rows and one with the columns in another order', async t => {
  const to = folderOf(t)
  const files = [to.write('1', 'g,v\n1,a\n2,b\n'), to.write('2', 'g,v\n'), to.write('3', 'v,g\nc,2\nd,3\n')]
  assert.deepEqual(await recordsOf({ files, format: 'csv', groupBy: 'g' }), [
    { offset: 0, value: '{"g":"1","rows":[{"v":"a"}]}', file: '1', line: 2 },
    { offset: 1, value: '{"g":"2","rows":[{"v":"b"},{"v":"c"}]}', file: '1', line: 3 },
    { offset: 3, value: '{"g":"3","rows":[{"v":"d"}]}', file: '3', line: 3 },
  ])
})
test('a column alone, grouped by: its rows are empty objects', async t => {
  const file = folderOf(t).write('in.csv', 'g\n1\n1\n2\n')
  assert.deepEqual(
    (await csvRecords(file, { groupBy: 'g' })).map(r => r.value),
    ['{"g":"1","rows":[{},{}]}', '{"g":"2","rows":[{}]}'],
  )
})
test('a refused row is a record of its own and does not cut the run in which it stands', async t => {
  const file = folderOf(t).write('in.csv', 'g,v\nbroken\n1,a\n1,b,too many\n1,"c\n1,d\n2,e\n2\n')
  const records = await csvRecords(file, { groupBy: 'g' })
  assert.deepEqual(
    records.map(r => [r.offset, r.line, r.value, r.error !== undefined]),
    [
      [0, 2, 'broken', true],
      [1, 3, '{"g":"1","rows":[{"v":"a"},{"v":"d"}]}', false],
      [2, 4, '1,b,too many', true],
      [3, 5, '1,"c', true],
      [5, 7, '{"g":"2","rows":[{"v":"e"}]}', false],
      [6, 8, '2', true],
    ],
  )
})
test('a run that is longer than a record may be comes in refused parts that hold all its rows', async t => {
  const rows = Array.from({ length: 100 }, (_, i) => `7,value ${i}`)
  const file = folderOf(t).write('in.csv', `g,v\n6,before\n${rows.join('\n')}\n8,behind\n`)
  const records = await csvRecords(file, { groupBy: 'g', runLimitBytes: 500 })
  const parts = records.slice(1, -1)
  assert.ok(parts.length > 2)
  for (const part of parts) {
    assert.match(part.error!, /^ROW_INVALID in\.csv line \d+: the rows that share this g make more than the 500 bytes/)
    assert.ok(part.value.length <= 500 && (part === parts.at(-1) || part.value.length > 500 - ',{"v":"value 99"}'.length))
  }
  assert.deepEqual(
    parts.flatMap(p => (JSON.parse(p.value) as { rows: { v: string }[] }).rows.map(r => r.v)),
    rows.map(r => r.slice(2)),
  )
  assert.deepEqual([records[0]!.error, records.at(-1)!.error], [undefined, undefined])
})
test('a long run and many refused rows within it stay within bounds: the run ends where they no longer fit', async t => {
  const bad = Array.from({ length: 50 }, (_, i) => `bad ${i}`)
  const file = folderOf(t).write('in.csv', `g,v\n1,a\n${bad.join('\n')}\n1,b\n`)
  const records = await csvRecords(file, { groupBy: 'g', runLimitBytes: 1_000 })
  assert.deepEqual(
    records.filter(r => r.error !== undefined).map(r => r.value),
    bad,
  )
  assert.deepEqual(
    records.filter(r => r.error === undefined).map(r => r.value),
    ['{"g":"1","rows":[{"v":"a"}]}', '{"g":"1","rows":[{"v":"b"}]}'],
  )
  assert.deepEqual(
    records.map(r => r.offset),
    Array.from({ length: 52 }, (_, i) => i),
  )
})
test('runs hold every row once and in order, however rows lie in files and whatever a fetch takes', async () => {
  const made = folder()
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.constantFrom('1', '1', '2', '3', 'bad'), { maxLength: 12 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(64, 150, 10_000),
        async (files, maxBytes, runLimitBytes) => {
          let n = 0
          const texts = files.map(rows => `g,v\n${rows.map(g => (g === 'bad' ? `bad${n++}\n` : `${g},${n++}\n`)).join('')}`)
          const paths = texts.map((text, i) => made.write(String(i), text))
          const records = await recordsOf({ files: paths, format: 'csv', groupBy: 'g', runLimitBytes }, maxBytes)
          const all = files.flat()
          const seen: string[] = []
          for (const { offset, value } of records) {
            if (value.startsWith('bad')) seen[offset] = value
            else {
              const { g, rows } = JSON.parse(value) as { g: string; rows: { v: string }[] }
              assert.equal(Number(rows[0]!.v), offset)
              for (const { v } of rows) {
                assert.equal(seen[Number(v)], undefined)
                seen[Number(v)] = g
              }
            }
          }
          assert.deepEqual(
            seen,
            all.map((g, i) => (g === 'bad' ? `bad${i}` : g)),
          )
        },
      ),
      { numRuns: 200 },
    )
  } finally {
    made.dispose()
  }
})
