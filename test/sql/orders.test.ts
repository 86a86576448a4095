import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { carePartitions } from '#lib/adapters/postgres/partitions.ts'
import { openPglite, type PgliteConnection } from '#lib/adapters/postgres/pglite.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { decimal } from '#lib/model/decimal.ts'
import { type TableSpec, tableSpecOf } from '#lib/model/table.ts'
import type { Tables, TableWrite } from '#lib/ports/tables.ts'
import * as described from '#schemas/orders/tables.ts'

const folder = new URL('../../sql/plain/', import.meta.url)
const migrations = readdirSync(folder)
  .filter(name => name.endsWith('.sql'))
  .map(name => ({ name, sql: readFileSync(new URL(name, folder), 'utf8') }))
const specs = Object.values(described).map(t => tableSpecOf(t as never))
const specOf = (name: string): TableSpec => specs.find(s => s.name === name)!

let connection: PgliteConnection
let tables: Tables
before(async () => {
  connection = await openPglite('memory')
  tables = await openTables(connection)
  await tables.migrate(migrations)
})
after(() => tables?.close())

/** Columns and conflict keys as the users know them. */
const CONTRACT: Readonly<Record<string, { readonly columns: string; readonly key: string }>> = {
  orders: { columns: 'order_id, time, user_id, country, currency, channel, items, units, total', key: 'order_id, time' },
  order_items: { columns: 'order_id, line, time, product_id, quantity, price, amount', key: 'order_id, line, time' },
  product_views: { columns: 'view_id, time, user_id, product_id, session_id', key: 'view_id, time' },
  order_aggregates: {
    columns: 'time, window_end, user_id, orders, items, units, revenue, average, largest, smallest, revision',
    key: 'user_id, time',
  },
  product_aggregates: { columns: 'time, window_end, product_id, orders, units, revenue, buyers, revision', key: 'product_id, time' },
  trend_alerts: { columns: 'alert_id, time, metric, product_id, current, baseline, ratio, severity', key: 'alert_id, time' },
}

test('the described tables have exactly the columns and keys that users know', () => {
  const names = (list: string): string[] => list.split(', ').sort()
  assert.deepEqual(specs.map(s => s.name).sort(), Object.keys(CONTRACT).sort())
  for (const s of specs) {
    assert.deepEqual(Object.keys(s.columns).sort(), names(CONTRACT[s.name]!.columns), s.name)
    assert.deepEqual([...s.key].sort(), names(CONTRACT[s.name]!.key), s.name)
    assert.equal(s.time, 'time', s.name)
    for (const [column, { sql }] of Object.entries(s.columns)) {
      if (['time', 'window_end'].includes(column)) assert.equal(sql, 'timestamptz', `${s.name}.${column}`)
      if (['total', 'price', 'amount', 'revenue', 'average', 'largest', 'smallest'].includes(column))
        assert.equal(sql, 'numeric(18,4)', `${s.name}.${column}`)
    }
  }
})

test('sql/plain and schemas/orders/tables.ts agree', () => tables.check(specs))

test('a column that is in SQL alone, or in the description alone, is found', async () => {
  for (const s of specs) {
    const [first, ...rest] = Object.entries(s.columns)
    await assert.rejects(tables.check([{ ...s, columns: Object.fromEntries(rest) }]), { code: 'TABLE_DIFFERS' }, s.name)
    await assert.rejects(
      tables.check([{ ...s, columns: { ...s.columns, [`${first![0]}_x`]: first![1] } }]),
      { code: 'TABLE_DIFFERS' },
      s.name,
    )
  }
})

let sinks = 0
async function load(name: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const table = specOf(name)
  const sink = `sink-${sinks++}`
  const write: TableWrite = {
    table,
    mode: 'upsert',
    columns: Object.keys(table.columns).map(c => rows.map(r => r[c] ?? null)),
    offsets: rows.map((_, i) => i),
  }
  await tables.position(sink, 't', 0, 0)
  await tables.load({ sink, topic: 't', partition: 0, from: 0, to: rows.length, writes: [write], deletes: [], deadLetters: [] })
}

const order = (order_id: string, time: string, country: string | null, total: string, items = 1, units = 2) => ({
  order_id,
  time: new Date(time),
  user_id: 'u',
  country,
  currency: 'GBP',
  channel: 'web',
  items,
  units,
  total: decimal(total, 4),
})

test('order_stats_hourly and order_stats_daily sum orders by hour and day of UTC and country', async () => {
  await load('orders', [
    order('a', '2011-01-01T00:00:00Z', 'France', '0.1'),
    order('b', '2011-01-01T00:59:59.999Z', 'France', '0.2', 3, 40),
    order('c', '2011-01-01T01:00:00Z', 'France', '5'),
    order('d', '2011-01-01T23:59:59.999Z', null, '7.0001'),
    order('e', '2011-01-02T00:00:00Z', 'France', '-1'),
  ])
  const read = async (view: string) => (await tables.query(`SELECT * FROM ${view} ORDER BY bucket, country`)).rows
  assert.deepEqual(await read('order_stats_hourly'), [
    ['2011-01-01 00:00:00+00', 'France', '2', '4', '42', '0.3000'],
    ['2011-01-01 01:00:00+00', 'France', '1', '1', '2', '5.0000'],
    ['2011-01-01 23:00:00+00', null, '1', '1', '2', '7.0001'],
    ['2011-01-02 00:00:00+00', 'France', '1', '1', '2', '-1.0000'],
  ])
  assert.deepEqual(await read('order_stats_daily'), [
    ['2011-01-01 00:00:00+00', 'France', '3', '5', '44', '5.3000'],
    ['2011-01-01 00:00:00+00', null, '1', '1', '2', '7.0001'],
    ['2011-01-02 00:00:00+00', 'France', '1', '1', '2', '-1.0000'],
  ])
  const { columns, types } = await tables.query('SELECT * FROM order_stats_hourly LIMIT 1')
  assert.deepEqual(columns, ['bucket', 'country', 'orders', 'items', 'units', 'revenue'])
  assert.deepEqual(types, ['timestamptz', 'text', 'int8', 'int8', 'int8', 'numeric'])
  assert.deepEqual((await tables.query('SELECT * FROM order_stats_daily LIMIT 1')).types, types)
})

test('product_stats_hourly sums order lines by hour and product', async () => {
  const line = (n: number, time: string, product_id: string, quantity: number, amount: string) => ({
    order_id: 'a',
    line: n,
    time: new Date(time),
    product_id,
    quantity,
    price: decimal(1, 4),
    amount: decimal(amount, 4),
  })
  await load('order_items', [
    line(0, '2011-01-01T05:00:00Z', 'p', 80_995, '0.1'),
    line(1, '2011-01-01T05:59:00Z', 'p', 5, '0.2'),
    line(2, '2011-01-01T05:59:00Z', 'q', 1, '3'),
    line(3, '2011-01-01T06:00:00Z', 'p', 1, '4'),
  ])
  const { columns, rows } = await tables.query('SELECT * FROM product_stats_hourly ORDER BY bucket, product_id')
  assert.deepEqual(columns, ['bucket', 'product_id', 'units', 'revenue'])
  assert.deepEqual(rows, [
    ['2011-01-01 05:00:00+00', 'p', '81000', '0.3000'],
    ['2011-01-01 05:00:00+00', 'q', '1', '3.0000'],
    ['2011-01-01 06:00:00+00', 'p', '1', '4.0000'],
  ])
})

const view = (view_id: string, time: Date) => ({ view_id, time, user_id: 'u', product_id: 'p', session_id: null })
const partsOf = async (table: string) =>
  (await tables.query(`SELECT tableoid::regclass::text, count(*) FROM ${table} GROUP BY 1 ORDER BY 1`)).rows.map(r => r.join(' '))

test('rows of any time go in without a partition of their month, and months are taken out of DEFAULT later with every row in its place', async () => {
  const times = [
    '1970-01-01T00:00:00Z',
    '2010-12-01T00:00:00Z',
    '2010-12-31T23:59:59.999Z',
    '2011-01-01T00:00:00Z',
    '2024-02-29T12:00:00Z',
    '9999-12-31T00:00:00Z',
  ]
  const rows = times.map((t, i) => view(`v${i}`, new Date(t)))
  await load('product_views', rows)
  assert.deepEqual(await partsOf('product_views'), ['product_views_default 6'])

  const { made, dropped } = await carePartitions(connection, { now: Date.UTC(2024, 1, 29), aheadMonths: 1 })
  assert.deepEqual(dropped, [])
  assert.deepEqual(
    made.filter(name => name.startsWith('product_views')),
    ['1970_01', '2010_12', '2011_01', '2024_02', '2024_03', '9999_12'].map(m => `product_views_${m}`),
  )
  assert.deepEqual(
    made.filter(name => name.startsWith('trend_alerts')),
    ['trend_alerts_2024_02', 'trend_alerts_2024_03'],
  )
  assert.deepEqual(await partsOf('product_views'), [
    'product_views_1970_01 1',
    'product_views_2010_12 2',
    'product_views_2011_01 1',
    'product_views_2024_02 1',
    'product_views_9999_12 1',
  ])
  assert.equal((await tables.query('SELECT * FROM product_views')).rows.length, 6)
  await tables.check(specs)

  await load('product_views', [...rows, view('v9', new Date('2024-03-31T23:59:59.999Z')), view('v10', new Date('2024-04-01T00:00:00Z'))])
  assert.deepEqual((await partsOf('product_views')).slice(-3), [
    'product_views_2024_03 1',
    'product_views_9999_12 1',
    'product_views_default 1',
  ])
  assert.equal((await tables.query('SELECT * FROM product_views')).rows.length, 8)
})

test('what is looked after twice stays as it is', async () => {
  const care = { now: Date.UTC(2024, 1, 29), aheadMonths: 1 }
  await carePartitions(connection, care)
  assert.deepEqual(await carePartitions(connection, care), { made: [], dropped: [] })
})

test('retention drops whole months, and old rows of DEFAULT', async () => {
  await load('product_views', [view('old', new Date('1971-06-01T00:00:00Z'))])
  const { dropped } = await carePartitions(connection, {
    now: Date.UTC(2024, 1, 29),
    aheadMonths: 0,
    keepMs: Date.UTC(2024, 1, 29) - Date.UTC(2011, 0, 15),
  })
  assert.deepEqual(
    dropped.filter(name => name.startsWith('product_views')),
    ['product_views_1970_01', 'product_views_2010_12'],
  )
  assert.deepEqual((await tables.query('SELECT view_id FROM product_views ORDER BY time')).rows.flat(), ['v3', 'v4', 'v9', 'v10', 'v5'])
})
