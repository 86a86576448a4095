import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAnswer } from '#lib/adapters/postgres/wire-read.ts'

const int = (bytes: 2 | 4, n: number): Buffer => {
  const b = Buffer.alloc(bytes)
  if (bytes === 2) b.writeInt16BE(n)
  else b.writeInt32BE(n)
  return b
}
const text = (s: string): Buffer => Buffer.from(`${s}\0`)
const message = (kind: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(kind), int(4, body.length + 4), body])
}
const field = (name: string, type: number): Buffer =>
  Buffer.concat([text(name), int(4, 16400), int(2, 1), int(4, type), int(2, -1), int(4, -1), int(2, 0)])
const value = (v: string | null): Buffer => (v === null ? int(4, -1) : Buffer.concat([int(4, Buffer.byteLength(v)), Buffer.from(v)]))
const description = message('T', int(2, 2), field('a', 23), field('ä', 25))
const row = (...values: (string | null)[]): Buffer => message('D', int(2, values.length), ...values.map(value))
const error = message('E', ...['SERROR', 'VERROR', 'C23505', 'Mtwice', 'Dthere is one', 'P7', 'tt', 'nt_pkey'].map(text), Buffer.from([0]))
const ready = (status: string): Buffer => message('Z', Buffer.from(status))

test('rows are read with their columns, types and NULLs, byte order marks and all', () => {
  const answer = readAnswer(
    Buffer.concat([
      message('1'),
      message('2'),
      description,
      row('1', '\ufeffx'),
      row(null, ''),
      message('C', text('SELECT 2')),
      ready('T'),
    ]),
  )
  assert.deepEqual(answer, {
    columns: ['a', 'ä'],
    types: [23, 25],
    rows: [
      ['1', '\ufeffx'],
      [null, ''],
    ],
    affected: 2,
    refusal: null,
    severity: null,
    session: 'in-transaction',
    end: 'whole',
  })
})

test('the count of affected rows is the last number of the command', () => {
  for (const [tag, affected] of [
    ['INSERT 0 5000', 5000],
    ['UPDATE 1', 1],
    ['CREATE TABLE', 0],
    ['SELECT 0', 0],
  ] as const)
    assert.equal(readAnswer(message('C', text(tag))).affected, affected)
})

test('of several errors the first counts, with all that it says', () => {
  const later = message('E', ...['SERROR', 'VPANIC', 'CXX000', 'Mlater'].map(text), Buffer.from([0]))
  const { refusal, severity, session } = readAnswer(Buffer.concat([error, later, ready('E')]))
  assert.deepEqual(refusal, {
    sqlState: '23505',
    message: 'twice',
    detail: 'there is one',
    hint: undefined,
    position: 7,
    table: 't',
    column: undefined,
    constraint: 't_pkey',
  })
  assert.equal(severity, 'ERROR')
  assert.equal(session, 'failed-transaction')
})

test('a statement with more rows than were asked for says so', () => {
  assert.equal(readAnswer(Buffer.concat([row('1'), message('s'), ready('I')])).end, 'more')
})

test('notices, parameters and messages of other kinds are passed over', () => {
  const answer = readAnswer(
    Buffer.concat([message('N', text('Mnote'), Buffer.from([0])), message('S', text('TimeZone'), text('UTC')), ready('I')]),
  )
  assert.deepEqual([answer.refusal, answer.rows, answer.session], [null, [], 'idle'])
})
