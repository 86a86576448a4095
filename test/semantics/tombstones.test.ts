// What a record without a value means (S1.1), and rows that leave a table because a value says so (S3.5).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  avro,
  count,
  deleteWhere,
  filter,
  from,
  insertOnly,
  integer,
  json,
  map,
  merge,
  millis,
  nullable,
  processor,
  session,
  table,
  tee,
  text,
  topic,
  upsert,
  upsertMany,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'
import { e, events, lines } from './jobs.ts'

interface Customer {
  id: string
  at: number
  name: string
  phones: { n: number; number: string }[]
}
const customers = topic('customers', { key: 'id', time: 'at', value: json(value => value as Customer) })
const customerRows = table('customers', { columns: { id: text, name: text }, key: ['id'] })
const phoneRows = table('phones', { columns: { id: text, n: integer, number: text }, key: ['id', 'n'] })
const customer = (id: string, name: string, ...phones: string[]): Customer => ({
  id,
  at: BEGINNING,
  name,
  phones: phones.map((number, n) => ({ n, number })),
})
const loader = processor(
  'loader',
  from(customers).to(
    upsert(customerRows, c => ({ id: c.id, name: c.name })),
    deleteWhere(customerRows, id => ({ id })),
    upsertMany(phoneRows, c => c.phones.map(p => ({ id: c.id, ...p }))),
    deleteWhere(phoneRows, id => ({ id })),
  ),
)
type Driven = Awaited<ReturnType<typeof drive>>
const rows = (driven: Driven) => [driven.rows(customerRows).map(r => r.name), driven.rows(phoneRows).map(r => r.number)]

test('S1.1: a tombstone deletes the rows of its key, in every table that says so', async () => {
  const driven = await drive(loader)
  await driven.push(customers, customer('a', 'Ada', '1', '2'), customer('b', 'Bob', '3'))
  await driven.tombstones(customers, 'a', 'nobody')
  assert.deepEqual(rows(driven), [['Bob'], ['3']])
  assert.deepEqual(await driven.deadLetters(loader), [])
})

test('S1.1: what comes after a tombstone is there, what came before is not', async () => {
  const driven = await drive(loader)
  await driven.push(customers, customer('a', 'Ada', '1'))
  await driven.tombstones(customers, 'a')
  await driven.push(customers, customer('a', 'Ada again', '2'))
  assert.deepEqual(rows(driven), [['Ada again'], ['2']])
})

test('S1.1: where nothing says what a tombstone means the process door refuses it', async () => {
  const stream = processor(
    'stream',
    from(customers)
      .pipe(map(c => ({ k: c.id, text: c.name })))
      .to(lines),
    {
      onFailure: { decode: 'stop' },
    },
  )
  const sink = processor('sink', from(customers).to(upsert(customerRows, c => ({ id: c.id, name: c.name }))), {
    onFailure: { decode: 'stop' },
  })
  const driven = await drive([stream, sink])
  await driven.push(customers, customer('a', 'Ada'))
  await driven.tombstones(customers, 'a')
  await driven.push(customers, customer('b', 'Bob'))
  await driven.advance(millis(2_000))
  for (const p of [stream, sink])
    assert.deepEqual(
      (await driven.deadLetters(p)).map(d => [d.code, d.value]),
      [['VALUE_MISSING', null]],
      p.id,
    )
  assert.deepEqual((await driven.results(lines)).length, 2)
  assert.equal(driven.rows(customerRows).length, 2)
})

test('a tombstone goes through merge to the tables behind it, from the inputs that are merged', async () => {
  const more = topic('more-customers', { key: 'id', time: 'at', value: json(value => value as Customer) })
  const p = processor(
    'merged',
    merge(from(customers), from(more)).to(
      upsert(customerRows, c => ({ id: c.id, name: c.name })),
      deleteWhere(customerRows, id => ({ id })),
    ),
  )
  const driven = await drive(p)
  await driven.push(customers, customer('a', 'Ada'))
  await driven.push(more, customer('b', 'Bob'))
  await driven.tombstones(more, 'a')
  assert.deepEqual(
    driven.rows(customerRows).map(r => r.name),
    ['Bob'],
  )
})

test('rows leave by any columns; a key that is a number comes as its digits', async () => {
  const numbered = topic('numbered', { key: 'id', time: 'at', value: json(value => value as { id: number; at: number; owner: string }) })
  const owned = table('owned', { columns: { id: integer, owner: text }, key: ['id'] })
  const p = processor(
    'owning',
    from(numbered).to(
      upsert(owned, x => ({ id: x.id, owner: x.owner })),
      deleteWhere(owned, id => ({ owner: `owner of ${Number(id) + 1}` })),
    ),
  )
  const driven = await drive(p)
  await driven.push(numbered, { id: 1, at: BEGINNING, owner: 'owner of 5' }, { id: 2, at: BEGINNING, owner: 'somebody' })
  await driven.tombstones(numbered, 4)
  assert.deepEqual(
    driven.rows(owned).map(r => r.id),
    [2],
  )
})

test('a function that names no column, an unknown one or a null refuses the tombstone, and no row leaves', async () => {
  const made: Readonly<Record<string, object>> = {
    none: {},
    unknown: { nope: 1 },
    null: { id: null },
    promise: Promise.resolve({ id: 'a' }),
  }
  const p = processor(
    'refusing',
    from(customers).to(
      upsert(customerRows, c => ({ id: c.id, name: c.name })),
      deleteWhere(customerRows, key => made[key] as { id: string }),
    ),
    { onFailure: { produce: 'dead-letter' } },
  )
  const driven = await drive(p)
  await driven.push(customers, customer('a', 'Ada'))
  await driven.tombstones(customers, ...Object.keys(made))
  await driven.advance(millis(2_000))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.code),
    ['ROW_REFUSED', 'ROW_REFUSED', 'ROW_REFUSED', 'ASYNC_FUNCTION'],
  )
  assert.equal(driven.rows(customerRows).length, 1)
})

test('a deleteWhere where no tombstone comes is refused when the processor is made', () => {
  const gone = deleteWhere(customerRows, id => ({ id }))
  const refused = (make: () => unknown, message: RegExp) => assert.throws(make, { code: 'PLAN_INVALID', message })
  const kept = from(customers).pipe(filter(c => c.name !== ''))
  refused(() => processor('p', kept.to(gone)), /behind stages that need values/)
  refused(() => processor('p', merge(from(customers), kept).to(gone)), /behind stages that need values/)
  refused(
    () =>
      processor(
        'p',
        from(customers)
          .pipe(tee(gone))
          .to(upsert(customerRows, c => ({ id: c.id, name: c.name }))),
      ),
    /in tee/,
  )
})

test('a table that is written in two ways, or known by two descriptions, is refused when the processor is made', () => {
  const again = table('customers', { columns: { id: text, name: text }, key: ['id'] })
  const row = (c: Customer) => ({ id: c.id, name: c.name })
  const refused = (make: () => unknown, message: RegExp) => assert.throws(make, { code: 'PLAN_INVALID', message })
  refused(
    () => processor('p', from(customers).to(upsert(customerRows, row), insertOnly(customerRows, row, { duplicate: 'skip' }))),
    /one way/,
  )
  refused(
    () =>
      processor(
        'p',
        from(customers).to(
          upsert(customerRows, row),
          deleteWhere(again, id => ({ id })),
        ),
      ),
    /two descriptions/,
  )
})

// ---- a value that says that its row is gone
const sessionResult = topic('session-results', {
  key: 'k',
  time: 'end',
  value: avro({
    type: 'record',
    name: 'S',
    fields: [
      { name: 'k', type: 'string' },
      { name: 'start', type: 'long' },
      { name: 'end', type: 'long' },
      { name: 'revision', type: 'int' },
      { name: 'n', type: ['null', 'long'] },
    ],
  }),
})
const sessionRows = table('sessions', {
  columns: { k: text, start: integer, n: nullable(integer), revision: integer },
  key: ['k', 'start'],
  revision: 'revision',
})
const counted = processor(
  'counted-sessions',
  from(events, { idle: 'never' })
    .pipe(
      session('s', { gap: millis(10), grace: millis(1_000), late: 'count-and-drop' }),
      aggregate({ n: count() }, { emit: 'on-update' }),
      map(w => ({ k: w.key, start: w.start, end: w.end, revision: w.revision, n: w.value === null ? null : w.value.n })),
    )
    .to(sessionResult),
)
const sessions = processor(
  'sessions',
  from(sessionResult).to(
    upsert(sessionRows, r => ({ k: r.k, start: r.start - BEGINNING, n: r.n, revision: r.revision }), { remove: r => r.n === null }),
  ),
)
const sessionsIn = (driven: Driven) =>
  driven
    .rows(sessionRows)
    .map(r => `${r.k}@${r.start} n=${r.n}`)
    .sort()

test('S3.5: a session that was told and becomes part of an earlier one leaves the table', async () => {
  const driven = await drive([counted, sessions])
  await driven.push(events, e('a', 50), e('a', 30))
  assert.deepEqual(sessionsIn(driven), ['a@30 n=1', 'a@50 n=1'])
  await driven.push(events, e('a', 40))
  assert.deepEqual(sessionsIn(driven), ['a@30 n=3'])
  await driven.push(events, e('a', 21))
  assert.deepEqual(sessionsIn(driven), ['a@21 n=4'], 'its start has moved back')
})

test('S4.5: a row that leaves by a value needs a lower revision, so that a value sent again takes nothing back', async () => {
  const driven = await drive(sessions)
  const r = (revision: number, n: number | null) => ({ k: 'a', start: BEGINNING, end: BEGINNING + 1, revision, n })
  await driven.push(sessionResult, r(3, 7), r(2, null))
  assert.deepEqual(sessionsIn(driven), ['a@0 n=7'])
  await driven.push(sessionResult, r(4, null))
  assert.deepEqual(sessionsIn(driven), [])
})

test('without a revision column the row leaves whatever came before, and a later one is a first one', async () => {
  const plain = table('plain', { columns: { k: text, text }, key: ['k'] })
  const p = processor('p', from(lines).to(upsert(plain, l => ({ k: l.k, text: l.text }), { remove: l => l.text === '' })))
  const driven = await drive(p)
  const said = (t: string) => ({ k: 'a', text: t })
  await driven.push(lines, said('one'), said(''), said('two'), said('three'))
  assert.deepEqual(
    driven.rows(plain).map(r => r.text),
    ['two'],
  )
})
