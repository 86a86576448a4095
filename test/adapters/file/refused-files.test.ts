// Files that cannot be read at all, or only in part: everything before the fault is given, then one coded error says which file and why.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openFileFeed } from '#lib/adapters/file/file-feed.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { csvRecords, feedOf, folderOf, isRefusal, readOn, recordsOf } from './written-files.ts'

const ROWS = Array.from({ length: 20_000 }, (_, i) => `${i},name ${(i * 7919) % 10_007},${(i * 31) % 997}`)
const TEXT = `id,name,n\n${ROWS.join('\n')}\n`

describe('files that cannot be opened', () => {
  test('a missing file, a directory and a file without permission are FILE_UNREADABLE when the feed is made', t => {
    const to = folderOf(t)
    const missing = join(to.path, 'missing.csv')
    assert.throws(
      () => feedOf({ files: [missing], format: 'csv' }),
      e => isRefusal(e, 'FILE_UNREADABLE', missing, /ENOENT/),
    )
    const directory = join(to.path, 'directory.csv')
    mkdirSync(directory)
    assert.throws(
      () => feedOf({ files: [directory], format: 'csv' }),
      e => isRefusal(e, 'FILE_UNREADABLE', directory, /is a directory/),
    )
    assert.throws(
      () => feedOf({ files: ['/dev/null'], format: 'csv' }),
      e => isRefusal(e, 'FILE_UNREADABLE', '/dev/null', /no regular file/),
    )
    const closed = to.write('closed.csv', TEXT)
    chmodSync(closed, 0)
    if (process.getuid?.() === 0) t.diagnostic('runs as root, who may read every file: the permission is not tested')
    else
      assert.throws(
        () => feedOf({ files: [closed], format: 'csv' }),
        e => isRefusal(e, 'FILE_UNREADABLE', closed, /EACCES/),
      )
  })
  test('UTF-16, with and without a byte order mark, plain or in gzip, is FILE_UNREADABLE and says so', async t => {
    const to = folderOf(t)
    const little = Buffer.from(TEXT, 'utf16le')
    const big = Buffer.from(little).swap16()
    const marked = [Buffer.concat([Buffer.from([0xff, 0xfe]), little]), Buffer.concat([Buffer.from([0xfe, 0xff]), big])]
    for (const [i, content] of [little, big, ...marked, gzipSync(marked[0]!)].entries()) {
      const file = to.write(`wide-${i}.csv`, content)
      await assert.rejects(csvRecords(file), e => isRefusal(e, 'FILE_UNREADABLE', file, /UTF-16/))
      await assert.rejects(recordsOf({ files: [file], format: 'ndjson' }), e => isRefusal(e, 'FILE_UNREADABLE', file, /UTF-16/))
    }
  })
  test('archives and other compressions are FILE_UNREADABLE and named', async t => {
    const zip = folderOf(t).write('in.csv.gz', Buffer.from('PK\x03\x04 something'))
    await assert.rejects(csvRecords(zip), e => isRefusal(e, 'FILE_UNREADABLE', zip, /zip archive/))
  })
  test('options that mean nothing are OPTION_INVALID', t => {
    const files = [folderOf(t).write('a.csv', TEXT)]
    const bad = [
      { files: [], format: 'csv' },
      { files, format: 'xml' as 'csv' },
      { files, format: 'ndjson', groupBy: 'id' },
      { files, format: 'ndjson', columns: ['id'] },
      { files, format: 'csv', groupBy: 'rows' },
      { files, format: 'csv', columns: ['id'], groupBy: 'n' },
      { files, format: 'csv', columns: ['id', 'id'] },
      { files, format: 'csv', rowLimitBytes: 0 },
      { files, format: 'csv', runLimitBytes: 1.5 },
      { files, format: 'csv', rowLimitBytes: 2 ** 31 },
    ] as const
    for (const options of bad)
      assert.throws(
        () => openFileFeed({ name: 'x', ...options }),
        e => isMillraceError(e) && e.code === 'OPTION_INVALID',
      )
  })
})

describe('headers', () => {
  const COLUMNS = ['id', 'name', 'n']
  test('the expected columns in another order are right', async t => {
    assert.deepEqual(
      await csvRecords(folderOf(t).write('a.csv', 'n,id,name\n1,2,3\n'), { columns: COLUMNS }).then(r => r.map(x => x.value)),
      ['{"n":"1","id":"2","name":"3"}'],
    )
  })
  const WRONG: readonly (readonly [sentence: string, text: string, says: RegExp])[] = [
    ['a column is missing', 'id,name\n1,2\n', /found the columns id, name \(missing: n\); expected the columns id, name, n/],
    ['a column is too many', 'id,name,n,more\n1,2,3,4\n', /not expected: more/],
    ['a column has another name', 'id,Name,n\n1,2,3\n', /missing: name; not expected: Name/],
    ['a column is named twice', 'id,name,n,n\n1,2,3,4\n', /names the column "n" twice/],
    ['another separator is used', 'id;name;n\n1;2;3\n', /found the columns id;name;n/],
    ['a quote in it is broken', 'id,na"me,n\n1,2,3\n', /the header row is not readable: a quote/],
    ['the file is empty', '', /has no header row, it is empty/],
    ['the file holds only empty lines', '\n\r\n\n', /has no header row/],
    ['there is no header but data', '1,pen,2\n2,ink,3\n', /found the columns 1, pen, 2/],
  ]
  for (const [sentence, text, says] of WRONG) {
    test(`${sentence}: FILE_COLUMNS_WRONG names file, expected and found`, async t => {
      const file = folderOf(t).write('wrong.csv', text)
      await assert.rejects(csvRecords(file, { columns: COLUMNS }), e => isRefusal(e, 'FILE_COLUMNS_WRONG', file, says))
      const zipped = folderOf(t).write('wrong.csv.gz', gzipSync(text))
      await assert.rejects(csvRecords(zipped, { columns: COLUMNS }), e => isRefusal(e, 'FILE_COLUMNS_WRONG', zipped, says))
    })
  }
  test('without expected columns the column to group by must be there', async t => {
    const file = folderOf(t).write('a.csv', TEXT)
    await assert.rejects(csvRecords(file, { groupBy: 'order' }), e => isRefusal(e, 'FILE_COLUMNS_WRONG', file, /missing: order/))
  })
  test('a wrong header of a later file is told after everything before it was given', async t => {
    const to = folderOf(t)
    const files = [to.write('one.csv', TEXT), to.write('two.csv', 'other\n1\n')]
    const { given, error, next } = await readOn(await feedOf({ files, format: 'csv', columns: COLUMNS }).open(0, null))
    assert.equal(given.length, 20_000)
    assert.equal(next, 20_000)
    isRefusal(error, 'FILE_COLUMNS_WRONG', files[1]!)
  })
})

describe('gzip', () => {
  test('is known by its content, whatever the name says', async t => {
    const to = folderOf(t)
    const expected = (await csvRecords(to.write('plain.csv.gz', TEXT))).map(r => r.value)
    assert.equal(expected.length, 20_000)
    assert.deepEqual(
      (await csvRecords(to.write('zipped.csv', gzipSync(TEXT)))).map(r => r.value),
      expected,
    )
  })
  test('several members one after the other are one text, wherever the cuts lie', async t => {
    const to = folderOf(t)
    const expected = await csvRecords(to.write('same', TEXT))
    for (const size of [1, 7, 40_000, 16_384, 16_383, TEXT.length]) {
      const members: Buffer[] = []
      const count = Math.min(Math.ceil(TEXT.length / size), 2_000)
      for (let i = 0; i < count; i++) members.push(gzipSync(TEXT.slice(i * size, i === count - 1 ? TEXT.length : (i + 1) * size)))
      assert.deepEqual(await csvRecords(to.write('same', Buffer.concat(members))), expected, `pieces of ${size}`)
    }
  })
  test('a member that ends exactly where a read ends is not the end of the text', async t => {
    const to = folderOf(t)
    // A stored member whose length is chosen so that the next one begins at 16 KiB, the size of a read.
    const member = (length: number): Buffer => gzipSync(`id,name,n\n${'1,x,2\n'.repeat(10_000)}`.slice(0, length), { level: 0 })
    let length = 16_384 - (member(16_000).length - 16_000)
    while (member(length).length > 16_384) length--
    const text = `id,name,n\n${'1,x,2\n'.repeat(10_000)}`
    assert.equal(member(length).length, 16_384)
    const file = to.write('two', Buffer.concat([member(length), gzipSync(text.slice(length))]))
    assert.equal((await csvRecords(file)).length, 10_000)
  })
  test('a truncated file gives all that can be unpacked, then FILE_TRUNCATED, also at every further fetch', async t => {
    const to = folderOf(t)
    const whole = gzipSync(TEXT)
    const expected = (await csvRecords(to.write('whole', TEXT))).map(r => r.value)
    for (const length of [2, 10, 11, 30, whole.length >> 1, whole.length - 9, whole.length - 8, whole.length - 1]) {
      const file = to.write('cut.csv.gz', whole)
      truncateSync(file, length)
      const reader = await feedOf({ files: [file], format: 'csv' }).open(0, null)
      const { given, error, next } = await readOn(reader)
      isRefusal(error, 'FILE_TRUNCATED', file)
      await assert.rejects(reader.fetch(1), e => isMillraceError(e) && (e.code === 'FILE_TRUNCATED' || e.code === 'INTERNAL'))
      assert.deepEqual(
        given.map(r => r.value),
        expected.slice(0, given.length),
      )
      assert.equal(next, given.length)
      if (length >= whole.length - 8) assert.equal(given.length, 20_000)
      if (length === whole.length >> 1) assert.ok(given.length > 5_000)
    }
  })
  test('after a truncated file was restored, its position goes on with the rest', async t => {
    const to = folderOf(t)
    const whole = gzipSync(TEXT)
    const file = to.write('cut.csv.gz', whole.subarray(0, whole.length >> 1))
    const feed = feedOf({ files: [file], format: 'csv' })
    const first = await readOn(await feed.open(0, null))
    const mark = await feed.mark()
    to.write('cut.csv.gz', whole)
    const second = await readOn(await feedOf({ files: [file], format: 'csv' }).open(first.next, mark))
    assert.equal(second.error, null)
    assert.deepEqual([...first.given, ...second.given], await csvRecords(file))
  })
  test('the last run of a truncated file is not given: its rows may be more', async t => {
    const to = folderOf(t)
    const zipped = gzipSync('g,v\n1,a\n2,b\n2,c\n')
    const file = to.write('runs.gz', zipped.subarray(0, zipped.length - 3))
    const feed = feedOf({ files: [file], format: 'csv', groupBy: 'g' })
    const { given, error, next } = await readOn(await feed.open(0, null))
    isRefusal(error, 'FILE_TRUNCATED', file)
    assert.deepEqual(
      given.map(r => r.value),
      ['{"g":"1","rows":[{"v":"a"}]}'],
    )
    assert.equal(next, 1)
  })
  test('damage in the middle, a wrong checksum and garbage behind the end are FILE_TRUNCATED', async t => {
    const to = folderOf(t)
    const whole = gzipSync(TEXT)
    const damaged = Buffer.from(whole)
    damaged.fill(0xff, whole.length >> 1, (whole.length >> 1) + 40)
    const wrongSum = Buffer.from(whole)
    wrongSum[whole.length - 6]! ^= 1
    for (const content of [damaged, wrongSum, Buffer.concat([whole, Buffer.from('garbage')])]) {
      const file = to.write('damaged.gz', content)
      const { given, error } = await readOn(await feedOf({ files: [file], format: 'csv' }).open(0, null))
      isRefusal(error, 'FILE_TRUNCATED', file)
      assert.ok(given.length > 5_000)
    }
  })
  test('text that unpacks to a thousand times its size is read in bounded memory', async t => {
    const rows = 3_000_000
    const file = folderOf(t).write('bomb.gz', gzipSync(Buffer.concat([Buffer.from('a,b\n'), Buffer.alloc(rows * 8, 'same,it\n')])))
    const reader = await feedOf({ files: [file], format: 'csv' }).open(0, null)
    let count = 0
    let largest = 0
    while (!reader.ended) {
      const { batches } = await reader.fetch(100_000)
      for (const batch of batches) count += batch.count
      largest = Math.max(largest, process.memoryUsage().arrayBuffers)
    }
    reader.close()
    assert.equal(count, rows)
    assert.ok(largest < 100 << 20, `${largest} bytes of buffers for a text of ${rows * 8}`)
  })
})
