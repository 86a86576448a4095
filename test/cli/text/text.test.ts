import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorText, exitCodeOf } from '#lib/cli/text/error-text.ts'
import { count, counted, dayAndTime, digits, rate, size, span, timeNear, timeOfDay } from '#lib/cli/text/figures.ts'
import { queryText } from '#lib/cli/text/query-text.ts'
import { painter } from '#lib/cli/text/screen.ts'
import { textTable } from '#lib/cli/text/text-table.ts'
import { valueText } from '#lib/cli/text/value-text.ts'
import { fitted, harmless, padEnd, padStart, widthOf } from '#lib/cli/text/width.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { QueryResult } from '#lib/ports/tables.ts'

test('numbers have separators between thousands and lose no digit', () => {
  assert.deepEqual([0, 7, 999, 1_000, 1_234_567, 2 ** 53 - 1].map(count), ['0', '7', '999', '1,000', '1,234,567', '9,007,199,254,740,991'])
  assert.deepEqual(['7363416.2340', '-1000', '0.5', '123', '99999999999999999999.9999', 'NaN'].map(digits), [
    '7,363,416.2340',
    '-1,000',
    '0.5',
    '123',
    '99,999,999,999,999,999,999.9999',
    'NaN',
  ])
})

test('rates, spans and sizes are short', () => {
  assert.deepEqual([0, 0.04, 20.13, 99.94, 99.96, 12_345.6].map(rate), ['0', '0.0', '20.1', '99.9', '100', '12,346'])
  assert.deepEqual([0, 840, 9_960, 42_000, 59_700, 200_000, 7_500_000, 300_000_000].map(span), [
    '0.0 s',
    '0.8 s',
    '10 s',
    '42 s',
    '1 min 0 s',
    '3 min 20 s',
    '2 h 5 min',
    '3 d 11 h',
  ])
  assert.deepEqual([0, 999, 1_000, 2_440_000, 999_600, 123e9].map(size), ['0 B', '999 B', '1.0 kB', '2.4 MB', '1.0 MB', '123 GB'])
})

test('times are UTC, with their day unless it is today', () => {
  const t = Date.UTC(2010, 11, 1, 8, 26)
  assert.equal(timeOfDay(t), '08:26:00')
  assert.equal(dayAndTime(t), '2010-12-01 08:26:00')
  assert.equal(dayAndTime(t + 5), '2010-12-01 08:26:00.005')
  assert.equal(timeNear(t, t + 3_600_000), '08:26:00')
  assert.equal(timeNear(t, t + 86_400_000), '2010-12-01 08:26:00')
  assert.doesNotThrow(() => [timeOfDay(NaN), dayAndTime(9e15), timeNear(-9e15, 0)])
})

test('one row, three rows', () => {
  assert.deepEqual([counted(1, 'row'), counted(1_000, 'row'), counted(2, 'entry', 'entries')], ['1 row', '1,000 rows', '2 entries'])
})

test('a width is what a terminal gives a text: wide letters two columns, marks and colours none', () => {
  assert.deepEqual(['abc', 'äöü', 'a\u0308', '注文', 'ｆ', '👍', '\u001b[1mabc\u001b[22m', ''].map(widthOf), [3, 3, 1, 4, 2, 2, 3, 0])
  assert.equal(padEnd('注', 4), '注  ')
  assert.equal(padStart('注', 4), '  注')
  assert.equal(fitted('注文番号', 5), '注文…')
  assert.equal(fitted('order', 5), 'order')
  assert.equal(fitted('orders', 5), 'orde…')
})

test('values of unknown origin cannot command the terminal or break a line', () => {
  assert.equal(harmless('a\u001b[2Jb\nc\td\u009be\u2028'), 'a\\u001b[2Jb\\nc\\td\\u009be\\u2028')
})

test('columns are aligned, numbers to the right, without blanks at the end of a line', () => {
  const columns = [
    { title: 'name', align: 'left' },
    { title: 'n', align: 'right' },
    { title: 'note', align: 'left' },
  ] as const
  assert.deepEqual(
    textTable(
      columns,
      [
        ['a', '1', ''],
        ['注文', '1,000', 'x'],
      ],
      'ruled',
    ),
    ['name      n  note', '----  -----  ----', 'a         1', '注文  1,000  x'],
  )
  assert.deepEqual(textTable(columns, []), ['name  n  note'])
})

test('a value is its fields with their names, nested ones as JSON', () => {
  assert.equal(
    valueText({ orders: 2, revenue: '139.1200', who: ['a'], none: null, empty: '' }),
    'orders 2, revenue 139.1200, who ["a"], none null, empty ""',
  )
  assert.equal(valueText('x\ny'), 'x\\ny')
  assert.equal(valueText([1, 2]), '[1,2]')
  assert.equal(valueText({}), '{}')
})

const RESULT: QueryResult = {
  columns: ['id', 'name', 'total', 'share', 'ok', 'doc', 'big'],
  types: ['int4', 'text', 'numeric', 'float8', 'bool', 'jsonb', 'int8'],
  rows: [
    ['1', 'a,"b"\nc', '7363416.2340', '0.1', 't', '{"a":1}', '9007199254740993'],
    ['-20', null, '0.10', 'NaN', 'f', null, '5'],
    ['3', '', null, '1e+300', null, '[]', null],
  ],
}

test('a query as a table: numbers to the right, NULL by name, a line break visible', () => {
  assert.equal(
    queryText(RESULT, 'table'),
    [
      ' id  name             total   share  ok    doc                   big',
      '---  --------  ------------  ------  ----  -------  ----------------',
      '  1  a,"b"\\nc  7363416.2340     0.1  t     {"a":1}  9007199254740993',
      '-20  NULL              0.10     NaN  f     NULL                    5',
      '  3                    NULL  1e+300  NULL  []                   NULL',
      '(3 rows)',
      '',
    ].join('\n'),
  )
  assert.equal(queryText({ columns: ['count'], types: ['int8'], rows: [] }, 'table'), 'count\n-----\n(0 rows)\n')
})

test('RFC 4180: a query as CSV quotes what needs it; NULL is nothing, an empty text is quoted', () => {
  assert.equal(
    queryText(RESULT, 'csv'),
    'id,name,total,share,ok,doc,big\n1,"a,""b""\nc",7363416.2340,0.1,t,"{""a"":1}",9007199254740993\n-20,,0.10,NaN,f,,5\n3,"",,1e+300,,[],\n',
  )
})

test('a query as JSON loses no digit: numerics and big integers stay text', () => {
  const rows = JSON.parse(queryText(RESULT, 'json')) as unknown[]
  assert.deepEqual(rows, [
    { id: 1, name: 'a,"b"\nc', total: '7363416.2340', share: 0.1, ok: true, doc: { a: 1 }, big: '9007199254740993' },
    { id: -20, name: null, total: '0.10', share: 'NaN', ok: false, doc: null, big: 5 },
    { id: 3, name: '', total: null, share: 1e300, ok: null, doc: [], big: null },
  ])
  assert.equal(queryText({ columns: ['a'], types: ['int4'], rows: [] }, 'json'), '[]\n')
})

test('two columns of one name both survive in JSON', () => {
  const text = queryText({ columns: ['a', 'a', 'a_2'], types: ['int4', 'int4', 'int4'], rows: [['1', '2', '3']] }, 'json')
  assert.deepEqual(JSON.parse(text), [{ a: 1, a_2: 2, a_2_2: 3 }])
})

test('colours are ANSI when they are on, and nothing at all when they are off', () => {
  assert.equal(painter('on')('bad', 'x'), '\u001b[31mx\u001b[39m')
  assert.equal(painter('on')('plain', 'x'), 'x')
  for (const tone of ['plain', 'strong', 'quiet', 'warning', 'bad'] as const) assert.equal(painter('off')(tone, 'x'), 'x')
})

test('an error is one line with its code; where it comes from is told only when asked for', () => {
  const error = new MillraceError('PORT_IN_USE', 'another program listens on 127.0.0.1:9191', { cause: new Error('EADDRINUSE') })
  assert.equal(errorText(error, 'message'), 'PORT_IN_USE: another program listens on 127.0.0.1:9191')
  assert.match(errorText(error, 'with stack'), /^PORT_IN_USE: .*\nMillraceError: .*\n\s+at [^]*caused by Error: EADDRINUSE/)
  assert.match(
    errorText(new TypeError('x is not a function'), 'message'),
    /^INTERNAL: x is not a function[.] .*MILLRACE_DEBUG=1 shows where it comes from$/,
  )
  assert.match(errorText(Object.assign(new Error('write'), { code: 'ENOSPC' }), 'message'), /^DISK_FULL: /)
  assert.equal(errorText('text', 'with stack').split('\n').length, 1)
})

test('exit codes: 2 for what was typed wrong, 1 for everything else', () => {
  assert.equal(exitCodeOf(new MillraceError('OPTION_INVALID', 'x')), 2)
  assert.equal(exitCodeOf(new MillraceError('DISK_FULL', 'x')), 1)
  assert.equal(exitCodeOf(new Error('x')), 1)
})
