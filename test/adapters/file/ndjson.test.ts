import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { folderOf, recordsOf } from './written-files.ts'

test('the bytes of a line are the value as they are; lines of white space only are no rows', async t => {
  const file = folderOf(t).write('in.ndjson', '\ufeff{"a": 1.50}\r\n\n \t \r\n  {"a":2}  \nnot json\n{"größe":"😀"}')
  assert.deepEqual(await recordsOf({ files: [file], format: 'ndjson' }), [
    { offset: 0, value: '{"a": 1.50}', file: 'in.ndjson', line: 1 },
    { offset: 1, value: '  {"a":2}  ', file: 'in.ndjson', line: 4 },
    { offset: 2, value: 'not json', file: 'in.ndjson', line: 5 },
    { offset: 3, value: '{"größe":"😀"}', file: 'in.ndjson', line: 6 },
  ])
})
test('a line that is too long or not UTF-8 is refused with its bytes, and reading goes on at the next line', async t => {
  const bad = Buffer.from([0x7b, 0xff, 0x7d])
  const text = Buffer.concat([Buffer.from(`{"a":"${'x'.repeat(200_000)}"}\n`), bad, Buffer.from('\n{"a":3}\n')])
  for (const content of [text, gzipSync(text)]) {
    const records = await recordsOf({ files: [folderOf(t).write('in', content)], format: 'ndjson', rowLimitBytes: 64 })
    assert.deepEqual(
      records.map(r => [r.offset, r.line, r.value]),
      [
        [0, 1, `{"a":"${'x'.repeat(58)}`],
        [1, 2, '{\ufffd}'],
        [2, 3, '{"a":3}'],
      ],
    )
    assert.match(records[0]!.error!, /^ROW_INVALID in line 1: the line of 200008 bytes is longer than the 64 bytes/)
    assert.match(records[1]!.error!, /^ROW_INVALID in line 2: it is not UTF-8$/)
    assert.equal(records[2]!.error, undefined)
  }
})
test('a line of white space that is longer than the limit is refused, not dropped', async t => {
  const records = await recordsOf({ files: [folderOf(t).write('in', `${' '.repeat(100)}\n1\n`)], format: 'ndjson', rowLimitBytes: 64 })
  assert.deepEqual(
    records.map(r => [r.offset, r.value.length, r.error === undefined]),
    [
      [0, 64, false],
      [1, 1, true],
    ],
  )
})
test('a line of exactly the limit is taken, one byte more is not, whatever ends the line', async t => {
  for (const end of ['\n', '\r\n', '']) {
    const records = await recordsOf({
      files: [folderOf(t).write('in', `${'1'.repeat(64)}${end || '\n'}${'1'.repeat(65)}${end}`)],
      format: 'ndjson',
      rowLimitBytes: 64,
    })
    assert.deepEqual(
      records.map(r => r.error === undefined),
      [true, false],
    )
  }
})
test('an empty file has no records', async t => {
  const to = folderOf(t)
  assert.deepEqual(
    await recordsOf({ files: [to.write('a', ''), to.write('b', gzipSync('')), to.write('c', '\n\n')], format: 'ndjson' }),
    [],
  )
})
