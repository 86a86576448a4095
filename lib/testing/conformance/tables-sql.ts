// The Tables contract where it speaks of SQL: migrations, the check of descriptions, queries, and rows that only the database can refuse.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decimal } from '../../model/decimal.ts'
import { type ErrorCode, isMillraceError, type MillraceError } from '../../model/errors.ts'
import { bigintColumn, integer, long, nullable, numeric, table, type TableSpec, tableSpecOf, text, timestamptz } from '../../model/table.ts'
import { comparable, CONFORMANCE_TABLES, load, PLAIN, type Placed, type Row, type Subject, write } from './tables-under-test.ts'

const rejected = async (call: Promise<unknown>, code: ErrorCode): Promise<MillraceError> => {
  const error: unknown = await call.then(
    () => assert.fail(`it was accepted, ${code} was expected`),
    e => e,
  )
  if (!isMillraceError(error) || error.code !== code) throw error
  return error
}
const spec = (t: unknown): TableSpec => tableSpecOf(t as never)

export function migrationsConformance(s: Subject): void {
  const one = {
    name: '900010-one',
    sql: 'CREATE TABLE conformance_one (id text PRIMARY KEY); CREATE TABLE conformance_one_more (id text PRIMARY KEY)',
  }
  const two = { name: '900020-two', sql: 'ALTER TABLE conformance_one ADD COLUMN note text' }

  test('migrations are applied in name order, each once, and those applied are named', async () => {
    assert.deepEqual(await s.tables.migrate([two, one]), [one.name, two.name])
    assert.deepEqual(await s.tables.migrate([one, two]), [])
    assert.deepEqual((await s.tables.query('SELECT id, note FROM conformance_one')).columns, ['id', 'note'])
  })
  test('migrations that run at once are applied once', async () => {
    const slow = { name: '900030-slow', sql: 'CREATE TABLE conformance_slow (id text); INSERT INTO conformance_slow VALUES (1)' }
    const names = await Promise.all([1, 2, 3].map(() => s.tables.migrate([one, two, slow])))
    assert.deepEqual(names.flat(), [slow.name])
    assert.deepEqual((await s.tables.query('SELECT count(*) FROM conformance_slow')).rows, [['1']])
  })
  test('an edited migration is TABLE_DIFFERS and nothing is applied', async () => {
    const next = { name: '900040-next', sql: 'CREATE TABLE conformance_next (id text)' }
    const error = await rejected(s.tables.migrate([{ ...one, sql: `${one.sql} ` }, two, next]), 'TABLE_DIFFERS')
    assert.ok(error.message.includes(one.name))
    await rejected(s.tables.query('SELECT * FROM conformance_next'), 'QUERY_FAILED')
  })
  test('a migration that comes before an applied one is TABLE_DIFFERS', async () => {
    const between = { name: '900015-between', sql: 'SELECT 1' }
    const error = await rejected(s.tables.migrate([one, between, two]), 'TABLE_DIFFERS')
    assert.ok(error.message.includes(between.name) && error.message.includes(two.name))
  })
  test('two migrations of one name are TABLE_DIFFERS', async () => {
    await rejected(s.tables.migrate([one, one]), 'TABLE_DIFFERS')
  })
  test('a migration that fails is QUERY_FAILED with its name and line, leaves nothing, and can be mended', async () => {
    const name = '900050-broken'
    const error = await rejected(
      s.tables.migrate([{ name, sql: 'CREATE TABLE conformance_half (id text);\nCREATE TABLE oops (;' }]),
      'QUERY_FAILED',
    )
    assert.ok(error.message.includes(name) && error.message.includes('line 2'), error.message)
    await rejected(s.tables.query('SELECT * FROM conformance_half'), 'QUERY_FAILED')
    assert.deepEqual(await s.tables.migrate([{ name, sql: 'CREATE TABLE conformance_half (id text)' }]), [name])
  })
}

export function checkConformance(s: Subject): void {
  const columns = { id: text, n: long, at: nullable(timestamptz), money: numeric(18, 4) }
  const described = (more: object, key: readonly string[] = ['id']): TableSpec =>
    spec(table('conformance_checked', { columns: { ...columns, ...more }, key } as never))

  test('tables that are as described pass the check', async () => {
    await s.tables.migrate([
      {
        name: '900060-checked',
        sql: `CREATE TABLE conformance_checked (money numeric(18,4) NOT NULL, id text NOT NULL, n bigint NOT NULL CHECK (n > 0), at timestamptz,
  extra text, filled text NOT NULL DEFAULT 'x', UNIQUE (at, id));
CREATE UNIQUE INDEX conformance_checked_id ON conformance_checked (id);
CREATE UNIQUE INDEX conformance_checked_part ON conformance_checked (n) WHERE n > 5;
CREATE UNIQUE INDEX conformance_checked_words ON conformance_checked (lower(extra));
CREATE INDEX conformance_checked_money ON conformance_checked (money);`,
      },
    ])
    await s.tables.check([described({}), described({}, ['id', 'at']), ...CONFORMANCE_TABLES])
  })
  for (const [what, table_, words] of [
    ['a column that is not there', described({ gone: text }), "'gone'"],
    ['a column of another type', described({ n: integer }), "'n'"],
    ['a column of another precision', described({ money: numeric(18, 2) }), "'money'"],
    ['a column that must not be null', described({ at: timestamptz }), "'at'"],
    ['a column that may be null', described({ id: nullable(text) }), "'id'"],
    ['a key without a unique index', described({}, ['money']), '(money)'],
    ['a key that is unique only in part', described({}, ['n']), '(n)'],
    ['a key that is only part of a unique one', described({}, ['at']), '(at)'],
    [
      'a table that is not there',
      spec(table('conformance_nowhere', { columns: { id: text }, key: ['id'] } as never)),
      'conformance_nowhere',
    ],
    [
      'a column that must have a value and is not described',
      spec(table('conformance_plain', { columns: { id: text, note: nullable(text) }, key: ['id'] } as never)),
      "'line'",
    ],
  ] as const)
    test(`the check finds ${what}: TABLE_DIFFERS`, async () => {
      const error = await rejected(s.tables.check([...CONFORMANCE_TABLES, table_]), 'TABLE_DIFFERS')
      assert.ok(error.message.includes(table_.name) && error.message.includes(words), error.message)
    })
  test('a load into a table that differs is TABLE_DIFFERS and writes nothing', async () => {
    await s.tables.position('differs', 'conformance', 0, 0)
    const other = spec(table('conformance_plain', { columns: { id: text, line: integer, no: text }, key: ['id', 'line'] } as never))
    await s.refused(load('differs', 0, 1, [write(other, 'upsert', [[0, { id: 'differs', line: 0, no: '' }]])]), 'TABLE_DIFFERS')
    assert.equal(await s.tables.position('differs', 'conformance', 0, 7), 0)
  })
}

export function queryConformance(s: Subject): void {
  test('a query gives names, type names and values as PostgreSQL prints them, times in UTC', async () => {
    const result =
      await s.tables.query(`SELECT 1::int AS i, 2::bigint AS l, 0.5000::numeric(18,4) AS n, 'x'::text AS t, true AS o, NULL::text AS z, 1e300::float8 AS f,
      '2011-12-09 12:50:00.5+02'::timestamptz AS at, ARRAY[1,2] AS a, '\\x00ff'::bytea AS b, interval '90 minutes' AS d`)
    assert.deepEqual(result.columns, ['i', 'l', 'n', 't', 'o', 'z', 'f', 'at', 'a', 'b', 'd'])
    assert.deepEqual(result.types, [
      'int4',
      'int8',
      'numeric',
      'text',
      'bool',
      'text',
      'float8',
      'timestamptz',
      '_int4',
      'bytea',
      'interval',
    ])
    assert.deepEqual(result.rows, [
      ['1', '2', '0.5000', 'x', 't', null, '1e+300', '2011-12-09 10:50:00.5+00', '{1,2}', '\\x00ff', '01:30:00'],
    ])
  })
  test('a query may begin with comments, WITH, VALUES, TABLE, EXPLAIN, SHOW or a parenthesis, and may have no rows', async () => {
    for (const sql of [
      '-- why\n/* and\nhow */ WITH a AS (SELECT 1) TABLE a',
      'VALUES (1)',
      '(SELECT 1)',
      'EXPLAIN SELECT 1',
      'SHOW timezone',
      'select 1;',
    ])
      assert.ok((await s.tables.query(sql)).rows.length > 0, sql)
    assert.deepEqual(await s.tables.query('SELECT 1 AS a WHERE false'), { columns: ['a'], types: ['int4'], rows: [] })
  })
  for (const [what, sql] of [
    ['writes', "INSERT INTO conformance_plain VALUES ('q', 1)"],
    ['writes in a WITH', "WITH w AS (INSERT INTO conformance_plain VALUES ('q', 1) RETURNING id) SELECT * FROM w"],
    ['writes by EXPLAIN ANALYZE', "EXPLAIN ANALYZE INSERT INTO conformance_plain VALUES ('q', 1)"],
    ['changes a table', 'DROP TABLE conformance_plain'],
    ['is two statements', "SELECT 1; INSERT INTO conformance_plain VALUES ('q', 1)"],
    ['ends the transaction', 'COMMIT'],
    ['changes the session', 'DEALLOCATE ALL'],
    ['is empty', ' '],
    ['is no SQL', 'SELEC 1'],
    ['has a mistake', 'SELECT 1 +'],
    ['fails on its way', 'SELECT 1 / (line - line) FROM conformance_plain UNION SELECT 1 / 0'],
    ['has a NUL character', 'SELECT 1 \0'],
  ] as const)
    test(`a query that ${what} is QUERY_FAILED and changes nothing`, async () => {
      const before = await s.held(PLAIN, '')
      await rejected(s.tables.query(sql), 'QUERY_FAILED')
      assert.deepEqual(await s.held(PLAIN, ''), before)
    })
  test('QUERY_FAILED says where the mistake is', async () => {
    const error = await rejected(s.tables.query("SELECT 'ä😀',\n  nothing FROM conformance_plain"), 'QUERY_FAILED')
    assert.ok(error.message.includes('line 2, column 3'), error.message)
  })
  test('what a query sets in its session is gone after it', async () => {
    await s.tables.query("SELECT set_config('TimeZone', 'Europe/Berlin', false)")
    assert.deepEqual((await s.tables.query("SELECT '2024-01-01 00:00:00+00'::timestamptz")).rows, [['2024-01-01 00:00:00+00']])
  })
  test('a query sees what loads that resolved before it wrote, whole', async () => {
    await s.tables.position('seen', 'conformance', 0, 0)
    const rows = Array.from({ length: 50 }, (_, i): Placed => [i, { id: 'seen', line: i }])
    const loading = s.tables.load(load('seen', 0, 50, [write(PLAIN, 'upsert', rows)]))
    const during = Number((await s.tables.query("SELECT count(*) FROM conformance_plain WHERE id = 'seen'")).rows[0]![0])
    await loading
    assert.ok(during === 0 || during === 50)
    assert.deepEqual((await s.tables.query("SELECT count(*) FROM conformance_plain WHERE id = 'seen'")).rows, [['50']])
  })
}

/** A table with constraints that no description knows of. */
const STRICT = spec(
  table('conformance_strict', {
    columns: { id: text, line: integer, amount: nullable(numeric(18, 4)), serial: nullable(bigintColumn) },
    key: ['id', 'line'],
  } as never),
)
const STRICT_SQL = `CREATE TABLE conformance_strict (id text NOT NULL, line integer NOT NULL, amount numeric(18,4), serial bigint UNIQUE DEFERRABLE INITIALLY DEFERRED,
  CHECK (amount >= 0), PRIMARY KEY (id, line))`

export function refusedByDatabaseConformance(s: Subject): void {
  const good = (id: string, n: number): Placed[] =>
    Array.from({ length: n }, (_, i): Placed => [i * 2, { id, line: (i * 7919) % n, amount: null }])
  const at = (rows: Placed[], i: number, row: Row): Placed[] => rows.map((r, n): Placed => (n === i ? [r[0], { ...r[1], ...row }] : r))

  test('the table for refusals is made', async () => {
    await s.tables.migrate([{ name: '900070-strict', sql: STRICT_SQL }])
  })
  for (const n of [1, 2, 71, 72, 500, 6000])
    test(`a row among ${n} that a constraint refuses is ROW_REFUSED with its offset, and nothing is written`, async () => {
      const sink = `strict-${n}`
      await s.tables.position(sink, 'conformance', 0, 0)
      for (const i of new Set([0, n >> 1, n - 1])) {
        const rows = at(good(sink, n), i, { amount: decimal(-1, 4) })
        const error = await s.refused(
          load(sink, 0, 2 * n, [write(PLAIN, 'upsert', [[0, { id: sink, line: 0 }]]), write(STRICT, 'upsert', rows)]),
          'ROW_REFUSED',
        )
        assert.equal(error.where.offset, i * 2)
        assert.ok(error.message.includes('conformance_strict'), error.message)
      }
      assert.equal(await s.tables.position(sink, 'conformance', 0, 7), 0)
      assert.deepEqual(await s.held(PLAIN, sink), [])
      assert.deepEqual(await s.held(STRICT, sink), [])
      await s.tables.load(load(sink, 0, 2 * n, [write(STRICT, 'upsert', good(sink, n))]))
      assert.equal((await s.held(STRICT, sink)).length, n)
    })
  test('leaving out what ROW_REFUSED names, again and again, keeps every other row', async () => {
    await s.tables.position('leave', 'conformance', 0, 0)
    let rows = good('leave', 300).map((r, i): Placed => (i % 40 === 7 ? [r[0], { ...r[1], amount: decimal(-i, 4) }] : r))
    const gone: number[] = []
    for (let tries = 0; tries < 20; tries++) {
      const outcome = await s.tables.load(load('leave', 0, 600, [write(STRICT, 'upsert', rows)])).then(
        () => null,
        (e: unknown) => e,
      )
      if (outcome === null) break
      if (!isMillraceError(outcome) || outcome.code !== 'ROW_REFUSED') throw outcome
      gone.push(outcome.where.offset!)
      rows = rows.filter(([offset]) => offset !== outcome.where.offset)
    }
    assert.deepEqual(
      gone.sort((a, b) => a - b),
      [7, 47, 87, 127, 167, 207, 247, 287].map(i => i * 2),
    )
    assert.deepEqual(
      await s.held(STRICT, 'leave'),
      comparable(
        STRICT,
        rows.map(([, row]) => row),
      ),
    )
  })
  test('a row that only COMMIT refuses is ROW_REFUSED with its offset, and nothing is written', async () => {
    await s.tables.position('deferred', 'conformance', 0, 0)
    const rows = at(at(good('deferred', 100), 20, { serial: 5n }), 60, { serial: 5n })
    const error = await s.refused(load('deferred', 0, 200, [write(STRICT, 'upsert', rows)]), 'ROW_REFUSED')
    assert.ok([40, 120].includes(error.where.offset!), error.message)
    assert.deepEqual(await s.held(STRICT, 'deferred'), [])
  })
}
