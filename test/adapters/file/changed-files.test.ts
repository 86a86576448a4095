// What may happen to files between two starts. A position keeps its meaning, or the start is refused.
import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { feedOf, type Folder, folderOf, type Given, isRefusal, type Options, readOn } from './written-files.ts'

interface Started {
  readonly to: Folder
  readonly files: string[]
  readonly position: number
  readonly mark: string
}
const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${Math.floor((from + i) / 3)},${from + i}\n`).join('')
const CSV = { format: 'csv' } as const
const GROUPED = { format: 'csv', groupBy: 'g' } as const

/** Writes files, reads `fetches` times (all, by default) and stops with position and mark. */
async function started(
  t: TestContext,
  texts: readonly (string | Uint8Array)[],
  options: Omit<Options, 'files'>,
  fetches = Infinity,
): Promise<Started> {
  const to = folderOf(t)
  const files = texts.map((text, i) => to.write(`${i}.csv`, text))
  const feed = feedOf({ files, ...options })
  const reader = await feed.open(0, null)
  let position = 0
  for (let i = 0; i < fetches && !reader.ended; i++) position = (await reader.fetch(1)).next
  reader.close()
  return { to, files, position, mark: await feed.mark() }
}
async function goneOn({ files, position, mark }: Started, options: Omit<Options, 'files'>, list = files): Promise<Given[]> {
  const { given, error } = await readOn(await feedOf({ files: list, ...options }).open(position, mark))
  if (error !== null) throw error
  return given
}
const valuesOf = (given: readonly Given[]) => given.map(r => [r.offset, r.value])

describe('what a start goes on with', () => {
  test('nothing new: nothing more', async t => {
    for (const options of [CSV, GROUPED]) assert.deepEqual(await goneOn(await started(t, [`g,v\n${rows(0, 9)}`], options), options), [])
  })
  test('a file added at the end of the list: its rows', async t => {
    const was = await started(t, [`g,v\n${rows(0, 9)}`, `g,v\n${rows(9, 12)}`], CSV)
    const list = [...was.files, was.to.write('next.csv', gzipSync('g,v\n9,x\n'))]
    assert.deepEqual(valuesOf(await goneOn(was, CSV, list)), [[12, '{"g":"9","v":"x"}']])
  })
  test('a last file that grew by whole lines: the new lines, plain and gzip', async t => {
    for (const pack of [(text: string) => Buffer.from(text), (text: string) => gzipSync(text)]) {
      const was = await started(t, [`g,v\n${rows(0, 9)}`, pack(`g,v\n${rows(9, 12)}`)], CSV)
      was.to.write('1.csv', Buffer.concat([pack(`g,v\n${rows(9, 12)}`), pack(rows(12, 14))]))
      assert.deepEqual(valuesOf(await goneOn(was, CSV)), [
        [12, '{"g":"4","v":"12"}'],
        [13, '{"g":"4","v":"13"}'],
      ])
    }
  })
  test('a file that grew while it was partly read: all that was not given', async t => {
    const was = await started(t, [`g,v\n${rows(0, 9)}`], CSV, 4)
    was.to.write('0.csv', `g,v\n${rows(0, 12)}`)
    assert.deepEqual(
      (await goneOn(was, CSV)).map(r => r.offset),
      [4, 5, 6, 7, 8, 9, 10, 11],
    )
  })
  test('a run that was given as complete when the input ended does not swallow rows that are added: they are another run', async t => {
    const was = await started(t, ['g,v\n1,a\n2,b\n'], GROUPED)
    assert.equal(was.position, 2)
    was.to.write('0.csv', 'g,v\n1,a\n2,b\n2,c\n')
    const list = [...was.files, was.to.write('1.csv', 'g,v\n2,d\n3,e\n')]
    const given = await goneOn(was, GROUPED, list)
    assert.deepEqual(valuesOf(given), [
      [2, '{"g":"2","rows":[{"v":"c"},{"v":"d"}]}'],
      [4, '{"g":"3","rows":[{"v":"e"}]}'],
    ])
  })
  test('a run that was not yet given takes the rows that are added', async t => {
    const was = await started(t, ['g,v\n1,a\n2,b\n'], GROUPED, 1)
    assert.equal(was.position, 1)
    const list = [...was.files, was.to.write('1.csv', 'g,v\n2,d\n')]
    assert.deepEqual(valuesOf(await goneOn(was, GROUPED, list)), [[1, '{"g":"2","rows":[{"v":"b"},{"v":"d"}]}']])
  })
  test('growth again and again: every row once', async t => {
    const to = folderOf(t)
    const file = to.write('in.csv', 'g,v\n')
    const got: Given[] = []
    let position = 0
    let mark: string | null = null
    for (let n = 0; n <= 30; n += 2) {
      to.write('in.csv', `g,v\n${rows(0, n)}`)
      const feed = feedOf({ files: [file], ...GROUPED })
      const { given, error, next } = await readOn(await feed.open(position, mark))
      assert.equal(error, null)
      got.push(...given)
      if (given.length > 0) position = next
      mark = await feed.mark()
    }
    const values = got.flatMap(r => (JSON.parse(r.value) as { rows: { v: string }[] }).rows.map(row => Number(row.v)))
    assert.deepEqual(
      values,
      Array.from({ length: 30 }, (_, i) => i),
    )
  })
  test('files moved to another folder together, and other files where nothing was read yet', async t => {
    const was = await started(t, [`g,v\n${rows(0, 9)}`, `g,v\n${rows(9, 12)}`], CSV, 9)
    const other = folderOf(t)
    renameSync(was.files[0]!, join(other.path, '0.csv'))
    const list = [join(other.path, '0.csv'), other.write('something else.csv', 'g,v\nnew,one\n')]
    assert.deepEqual(valuesOf(await goneOn(was, CSV, list)), [[9, '{"g":"new","v":"one"}']])
  })
  test('anything at all, from the beginning', async t => {
    const was = { ...(await started(t, [`g,v\n${rows(0, 9)}`], CSV, 4)), position: 0 }
    was.to.write('0.csv', 'other,columns\n1,2\n')
    assert.deepEqual(valuesOf(await goneOn(was, CSV)), [[0, '{"other":"1","columns":"2"}']])
  })
  test('a mark that knows no rows, with a position: everything before is read again and not given', async t => {
    const was = await started(t, [`g,v\n${rows(0, 9)}`, `g,v\n${rows(9, 12)}`], CSV, 10)
    assert.deepEqual(
      (await goneOn({ ...was, mark: null as never }, CSV)).map(r => r.offset),
      [10, 11],
    )
  })
})

describe('what a start refuses with FILE_CHANGED', () => {
  const LONG = `g,v\n${rows(0, 20_000)}`
  const refused: readonly (readonly [sentence: string, change: (was: Started) => Started, says: RegExp])[] = [
    [
      'a file read before has another beginning',
      was => (was.to.write('0.csv', LONG.replace('0,1\n', '0,9\n')), was),
      /does not begin as it did/,
    ],
    ['a file read before became shorter', was => (was.to.write('0.csv', LONG.slice(0, -3)), was), /shrank from \d+ to \d+ bytes/],
    [
      'a file grew that others were read behind',
      was => (was.to.write('0.csv', `${LONG}7,7\n`), was),
      /grew from \d+ to \d+ bytes after the files behind it were read/,
    ],
    ['another file stands in its place', was => ({ ...was, files: was.files.toReversed() }), /stands where 0\.csv stood/],
    [
      'a file read before is gone from the list',
      was => ({ ...was, files: was.files.slice(0, 1) }),
      /has only 1 files, but was read into its file 2/,
    ],
  ]
  for (const [sentence, change, says] of refused) {
    test(sentence, async t => {
      const was = change(await started(t, [LONG, `g,v\n${rows(0, 5)}`], CSV))
      await assert.rejects(goneOn(was, CSV), e => isRefusal(e, 'FILE_CHANGED', '', says))
    })
  }
  test('a file read before is gone from the disk between feed and start', async t => {
    const was = await started(t, [`g,v\n${rows(0, 5)}`], CSV)
    const feed = feedOf({ files: was.files, ...CSV })
    rmSync(was.files[0]!)
    await assert.rejects(feed.open(was.position, was.mark), e => isRefusal(e, 'FILE_CHANGED', '0.csv', /is gone/))
  })
  test('a position beyond all rows', async t => {
    const was = await started(t, [`g,v\n${rows(0, 5)}`], CSV)
    await assert.rejects(goneOn({ ...was, position: 6 }, CSV), e =>
      isRefusal(e, 'FILE_CHANGED', 'input', /has 5 rows now, but its position is 6/),
    )
    await assert.rejects(goneOn({ ...was, position: 6, mark: null as never }, CSV), e => isRefusal(e, 'FILE_CHANGED', 'input'))
  })
  test('it is read in another way than before', async t => {
    const was = await started(t, [`g,v\n${rows(0, 9)}`], CSV)
    for (const way of [GROUPED, { format: 'ndjson' }, { ...CSV, rowLimitBytes: 100 }] as const)
      await assert.rejects(goneOn(was, way), e => isRefusal(e, 'FILE_CHANGED', 'input', /was read with (groupBy|format|rowLimitBytes)/))
  })
  test('the last line had no end when it was given and has become another line', async t => {
    for (const [before, after] of [
      ['g,v\n1,a\n2,bcd', 'g,v\n1,a\n2,bcde\n'],
      ['g,v\n1,a\n2,"open', 'g,v\n1,a\n2,"open"\n3,c\n'],
      ['g,v\n1,a\n2,"open\n3,c\n', 'g,v\n1,a\n2,"open\n3,c\n"\n4,d\n'],
      ['g,v\n1,a\n2', 'g,v\n1,a\n2,b\n'],
    ] as const) {
      const was = await started(t, [before], CSV)
      was.to.write('0.csv', after)
      await assert.rejects(goneOn(was, CSV), e => isRefusal(e, 'FILE_CHANGED', '0.csv', /line 3 was read when the file ended there/))
      await assert.rejects(goneOn({ ...was, mark: (await started(t, [before], CSV, 2)).mark, position: 2 }, CSV), e =>
        isRefusal(e, 'FILE_CHANGED', '0.csv'),
      )
    }
  })
  test('but a last line that only got its end is the line that was given', async t => {
    for (const options of [CSV, GROUPED]) {
      const was = await started(t, ['g,v\n1,a\n2,b'], options)
      was.to.write('0.csv', 'g,v\n1,a\n2,b\r\n3,c\n')
      assert.deepEqual(
        (await goneOn(was, options)).map(r => r.offset),
        [2],
      )
    }
  })
  test('and a half line that was not yet given may become what it wants', async t => {
    const was = await started(t, ['g,v\n1,a\n2,b'], CSV, 1)
    was.to.write('0.csv', 'g,v\n1,a\n2,bcd\n')
    assert.deepEqual(valuesOf(await goneOn(was, CSV)), [[1, '{"g":"2","v":"bcd"}']])
    const { mark } = await started(t, ['g,v\n1,a\n2,b'], CSV)
    assert.deepEqual(
      valuesOf(await goneOn({ ...was, mark }, CSV)),
      [[1, '{"g":"2","v":"bcd"}']],
      'nor when it was fetched and not committed',
    )
  })
})
