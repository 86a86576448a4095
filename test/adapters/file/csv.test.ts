import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { csvRecords, feedOf, folderOf, recordsOf } from './written-files.ts'

const values = async (file: string): Promise<unknown[]> =>
  (await csvRecords(file)).map(r => (r.error === undefined ? JSON.parse(r.value) : r.error))

describe('CSV that RFC 4180 allows', () => {
  const GOOD: readonly (readonly [sentence: string, text: string, rows: readonly Record<string, string>[]])[] = [
    [
      'plain cells',
      'a,b\n1,2\n3,4\n',
      [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
    ],
    ['a last line without its end', 'a,b\n1,2', [{ a: '1', b: '2' }]],
    ['a last cell that is empty, without a line end', 'a,b\n1,', [{ a: '1', b: '' }]],
    ['a last quoted cell without a line end', 'a,b\n1,"2"', [{ a: '1', b: '2' }]],
    [
      'CRLF',
      'a,b\r\n1,2\r\n3,4\r\n',
      [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
    ],
    ['CRLF cut after its CR', 'a,b\r\n1,2\r', [{ a: '1', b: '2' }]],
    ['a byte order mark', '\ufeffa,b\n1,2\n', [{ a: '1', b: '2' }]],
    ['a byte order mark before a quoted name', '\ufeff"a",b\n1,2\n', [{ a: '1', b: '2' }]],
    [
      'commas, line ends and quotes in quoted cells',
      'a,b\n"1,5","two\r\nlines\n"\n"""x""",""""\n',
      [
        { a: '1,5', b: 'two\r\nlines\n' },
        { a: '"x"', b: '"' },
      ],
    ],
    [
      'empty and empty quoted cells',
      'a,b\n,\n"",""\n',
      [
        { a: '', b: '' },
        { a: '', b: '' },
      ],
    ],
    ['spaces are part of a cell', 'a,b\n 1 ,\t2 \n', [{ a: ' 1 ', b: '\t2 ' }]],
    [
      'lines without a byte are no rows',
      '\na,b\n\n1,2\n\r\n\n3,4\n\n\n',
      [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
    ],
    [
      'every control character and a backslash',
      `a,b\n"${String.fromCharCode(...Array(32).keys())}",\\\x7f\n`,
      [{ a: String.fromCharCode(...Array(32).keys()), b: '\\\x7f' }],
    ],
    ['text beyond ASCII', 'größe,日本\né,😀\n', [{ größe: 'é', 日本: '😀' }]],
    ['names that need quotes', '"a,b","c""d","e\nf"\n1,2,3\n', [{ 'a,b': '1', 'c"d': '2', 'e\nf': '3' }]],
    ['a name that is empty', ',b\n1,2\n', [{ '': '1', b: '2' }]],
    ['only a header', 'a,b\n', []],
    ['only a header without its line end', 'a,b', []],
    ['one column', 'a\n1\n""\n2\n', [{ a: '1' }, { a: '' }, { a: '2' }]],
  ]
  for (const [sentence, text, rows] of GOOD) {
    test(sentence, async t => assert.deepEqual(await values(folderOf(t).write('good.csv', text)), rows))
  }
  test('more columns than were ever thought of, and a cell of a megabyte less the rest of its row', async t => {
    const names = Array.from({ length: 1_000 }, (_, i) => `c${i}`)
    const long = 'x"'.repeat(300_000)
    const cells = names.map((_, i) => (i === 500 ? `"${long.replaceAll('"', '""')}"` : String(i)))
    const [row] = await values(folderOf(t).write('wide.csv', `${names.join(',')}\n${cells.join(',')}\n`))
    assert.deepEqual(row, Object.fromEntries(names.map((n, i) => [n, i === 500 ? long : String(i)])))
  })
  test('a value is compact JSON in the order of the header, its record carries file and line, neither key nor time', async t => {
    const file = folderOf(t).write('orders.csv', 'b,a\n"1\n2",3\n4,5\n')
    assert.deepEqual(await csvRecords(file, { columns: ['a', 'b'] }), [
      { offset: 0, value: '{"b":"1\\n2","a":"3"}', file: 'orders.csv', line: 2 },
      { offset: 1, value: '{"b":"4","a":"5"}', file: 'orders.csv', line: 4 },
    ])
  })
  test('offsets count the rows of all files in their order, headers and empty lines not', async t => {
    const to = folderOf(t)
    const files = [to.write('one.csv', 'a\n1\n\n2\n'), to.write('none.csv', 'a\n'), to.write('two.csv', 'a\n3\n')]
    assert.deepEqual(
      (await recordsOf({ files, format: 'csv' })).map(r => [r.offset, r.value, r.file, r.line]),
      [
        [0, '{"a":"1"}', 'one.csv', 2],
        [1, '{"a":"2"}', 'one.csv', 4],
        [2, '{"a":"3"}', 'two.csv', 2],
      ],
    )
  })
})

describe('rows that are refused are records with their own bytes, and reading goes on behind them', () => {
  const BAD: readonly (readonly [
    sentence: string,
    text: string | Buffer,
    given: readonly (readonly [offset: number, line: number, value: string, error?: RegExp])[],
  ])[] = [
    [
      'too few cells',
      'a,b\n1\n2,3\n',
      [
        [0, 2, '1', /ROW_INVALID bad\.csv line 2: it has 1 cell where the header has 2 cells/],
        [1, 3, '{"a":"2","b":"3"}'],
      ],
    ],
    [
      'too many cells',
      'a,b\r\n1,2,\r\n2,3\r\n',
      [
        [0, 2, '1,2,', /3 cells where the header has 2/],
        [1, 3, '{"a":"2","b":"3"}'],
      ],
    ],
    [
      'too many cells over several lines: all of its lines',
      'a,b\n1,"2\n3",4\n5,6\n',
      [
        [0, 2, '1,"2\n3",4', /3 cells/],
        [1, 4, '{"a":"5","b":"6"}'],
      ],
    ],
    [
      'text behind a closing quote',
      'a,b\n1,"2"x\n3,4\n',
      [
        [0, 2, '1,"2"x', /something stands between a closing quote and the next comma \(byte 6 of the line\)/],
        [1, 3, '{"a":"3","b":"4"}'],
      ],
    ],
    [
      'a quote inside a cell that has none around it',
      'a,b\n1,12" rule\n3,4\n',
      [
        [0, 2, '1,12" rule', /a quote stands inside a cell \S+ \S+ \S+ begin with one \(byte 5/],
        [1, 3, '{"a":"3","b":"4"}'],
      ],
    ],
    [
      'a quote that is never closed: its line only',
      'a,b\n1,"2\n3,4\n5,6\n',
      [
        [0, 2, '1,"2', /a quoted cell is not closed \(byte 3/],
        [1, 3, '{"a":"3","b":"4"}'],
        [2, 4, '{"a":"5","b":"6"}'],
      ],
    ],
    [
      'a quote that is not closed before the next quoted cell: its line only',
      'a,b\n1,"2\n3,"4"\n5,6\n',
      [
        [0, 2, '1,"2', /\(byte 4 of the next line\)/],
        [1, 3, '{"a":"3","b":"4"}'],
        [2, 4, '{"a":"5","b":"6"}'],
      ],
    ],
    [
      'an open quote at the very end',
      'a,b\n1,2\n3,"',
      [
        [0, 2, '{"a":"1","b":"2"}'],
        [1, 3, '3,"', /not closed/],
      ],
    ],
    [
      'a carriage return that ends nothing',
      'a,b\n1,2\r3,4\n5,6\n',
      [
        [0, 2, '1,2\r3,4', /carriage return without a line feed/],
        [1, 3, '{"a":"5","b":"6"}'],
      ],
    ],
    [
      'bytes that are not UTF-8',
      Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0xe9]), Buffer.from('\n3,é\n')]),
      [
        [0, 2, '1,\ufffd', /it is not UTF-8/],
        [1, 3, '{"a":"3","b":"é"}'],
      ],
    ],
    [
      'a last line without its end',
      'a,b\n1,2\n3',
      [
        [0, 2, '{"a":"1","b":"2"}'],
        [1, 3, '3', /1 cell/],
      ],
    ],
  ]
  for (const [sentence, text, given] of BAD) {
    test(sentence, async t => {
      const records = await csvRecords(folderOf(t).write('bad.csv', text))
      assert.deepEqual(
        records.map(r => [r.offset, r.line, r.value]),
        given.map(([offset, line, value]) => [offset, line, value]),
      )
      for (const [i, [, , , error]] of given.entries()) {
        if (error === undefined) assert.equal(records[i]!.error, undefined)
        else assert.match(records[i]!.error!, error)
      }
    })
  }
  test('the raw bytes of a refused row are kept byte for byte', async t => {
    const raw = Buffer.from([0x31, 0x2c, 0xff, 0x00, 0xc3, 0x28])
    const file = folderOf(t).write('raw.csv', Buffer.concat([Buffer.from('a,b\n'), raw, Buffer.from('\r\n')]))
    const reader = await feedOf({ files: [file], format: 'csv' }).open(0, null)
    const { batches } = await reader.fetch(1)
    assert.deepEqual(batches[0]!.value(0), raw)
    reader.close()
  })
  test('a line longer than the limit keeps its beginning and says how long it was', async t => {
    const file = folderOf(t).write('long.csv', `a,b\n1,2\n${'x'.repeat(1_000_000)}\n3,4\n`)
    const records = await csvRecords(file, { rowLimitBytes: 100 })
    assert.deepEqual(
      records.map(r => r.value),
      ['{"a":"1","b":"2"}', 'x'.repeat(100), '{"a":"3","b":"4"}'],
    )
    assert.match(records[1]!.error!, /the line of 1000000 bytes is longer than the 100 bytes that are allowed/)
    assert.deepEqual(
      records.map(r => r.line),
      [2, 3, 4],
    )
  })
  test('a row of exactly the limit is taken, one byte more is not, whatever ends the line', async t => {
    for (const end of ['\n', '\r\n', '']) {
      const file = folderOf(t).write('edge.csv', `a,b${end || '\n'}${'x'.repeat(62)},2${end || '\n'}${'x'.repeat(63)},2${end}`)
      const records = await csvRecords(file, { rowLimitBytes: 64 })
      assert.deepEqual(
        records.map(r => r.error === undefined),
        [true, false],
      )
      assert.equal(records[1]!.value, `${'x'.repeat(63)},`)
    }
  })
  test('a quote that is not closed within the limit refuses its line only, however much follows', async t => {
    const file = folderOf(t).write('open.csv', `a,b\n1,"2\n${'3,4\n'.repeat(100_000)}`)
    const records = await csvRecords(file, { rowLimitBytes: 1_000 })
    assert.equal(records.length, 100_001)
    assert.match(records[0]!.error!, /not closed within the 1000 bytes/)
    assert.equal(records.filter(r => r.error !== undefined).length, 1)
  })
  test('what is refused does not depend on how the text comes in pieces', async t => {
    const rows = Array.from({ length: 60_000 }, (_, i) =>
      i % 97 === 0 ? `${i},"open` : i % 89 === 0 ? `${i},"a"b` : i % 83 === 0 ? `${i},"two\nlines"` : `${i},${'y'.repeat(i % 40)}`,
    )
    const text = `a,b\n${rows.join('\n')}\n`
    const to = folderOf(t)
    const plain = await csvRecords(to.write('plain', text), { rowLimitBytes: 300 })
    const zipped = await csvRecords(to.write('zipped', gzipSync(text)), { rowLimitBytes: 300 })
    const unnamed = (all: typeof plain) => all.map(({ file, error, ...r }) => ({ ...r, error: error?.replace(file, 'file') }))
    assert.deepEqual(unnamed(zipped), unnamed(plain))
    assert.ok(plain.filter(r => r.error !== undefined).length > 1_000)
  })
})
