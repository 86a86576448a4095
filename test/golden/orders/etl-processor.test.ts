import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Decimal, decimal, exact, plus, seconds } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { etlProcessor } from '#processors/orders/etl-processor.ts'
import { eventAggregator } from '#processors/orders/event-aggregator.ts'
import * as tables from '#schemas/orders/tables.ts'
import { orderAggregates, orderEvents, productAggregates, productViews, trendAlerts } from '#schemas/orders/topics.ts'
import { at, order, viewed } from './sample-events.ts'

const text = (rows: readonly object[]): unknown => JSON.parse(JSON.stringify(rows))
const money = (value: number) => decimal(value, 4)
const userWindow = {
  user_id: 'ann',
  window_start: at('12:00:00'),
  window_end: at('12:05:00'),
  orders: 2,
  items: 3,
  units: 4,
  revenue: money(10.5),
  average: money(5.25),
  largest: money(10),
  smallest: money(0.5),
  revision: 1,
}

test('an order makes a row of its own and one for each of its lines, from 0 on; money has four digits', async () => {
  const driven = await drive(etlProcessor)
  await driven.push(orderEvents, { ...order('o1', 'ann', '12:00:00', ['pen', 3, 0.1], ['ink', 2, 0.00125]), country: null })
  assert.deepEqual(text(driven.rows(tables.orders)), [
    {
      time: '2023-06-01T12:00:00.000Z',
      order_id: 'o1',
      user_id: 'ann',
      country: null,
      currency: 'EUR',
      channel: 'web',
      items: 2,
      units: 5,
      total: '0.3025',
    },
  ])
  const line = { time: '2023-06-01T12:00:00.000Z', order_id: 'o1' }
  assert.deepEqual(text(driven.rows(tables.orderItems)), [
    { ...line, line: 0, product_id: 'pen', quantity: 3, price: '0.1000', amount: '0.3000' },
    { ...line, line: 1, product_id: 'ink', quantity: 2, price: '0.0013', amount: '0.0025' }, // 0.00125 is half
  ])
  await driven.stop()
})
test('views, results and alerts get rows under the start of their window', async () => {
  const driven = await drive(etlProcessor)
  const [view] = viewed('pen', '12:00:01')
  await driven.push(productViews, { ...view!, view_id: 'v', session_id: 's' })
  await driven.push(orderAggregates, userWindow)
  await driven.push(productAggregates, {
    product_id: 'pen',
    window_start: at('12:00:00'),
    window_end: at('12:05:00'),
    orders: 1,
    units: 2,
    revenue: money(3),
    buyers: 1,
    revision: 1,
  })
  await driven.push(trendAlerts, {
    product_id: 'pen',
    window_start: at('12:00:00'),
    window_end: at('12:01:00'),
    metric: 'views',
    severity: 'HIGH',
    current: 9,
    baseline: 3.7,
    ratio: null,
    alert_id: 'a',
  })
  const [time, window_end] = ['2023-06-01T12:00:00.000Z', '2023-06-01T12:05:00.000Z']
  assert.deepEqual(text(driven.rows(tables.productViews)), [
    { time: '2023-06-01T12:00:01.000Z', view_id: 'v', user_id: 'u', product_id: 'pen', session_id: 's' },
  ])
  const sums = { revenue: '10.5000', average: '5.2500', largest: '10.0000', smallest: '0.5000' }
  assert.deepEqual(text(driven.rows(tables.orderAggregates)), [
    { time, window_end, user_id: 'ann', orders: 2, items: 3, units: 4, ...sums, revision: 1 },
  ])
  assert.deepEqual(text(driven.rows(tables.productAggregates)), [
    { time, window_end, product_id: 'pen', orders: 1, units: 2, revenue: '3.0000', buyers: 1, revision: 1 },
  ])
  assert.deepEqual(text(driven.rows(tables.trendAlerts)), [
    { time, alert_id: 'a', metric: 'views', product_id: 'pen', current: 9, baseline: 3.7, ratio: null, severity: 'HIGH' },
  ])
  await driven.stop()
})
test('of an event that comes twice the first row stays; of a result the highest revision, whatever comes last', async () => {
  const driven = await drive(etlProcessor)
  await driven.push(orderEvents, order('o1', 'ann', '12:00:00', ['pen', 1, 1]), order('o1', 'bob', '12:00:00', ['pen', 1, 1]))
  await driven.push(orderEvents, order('o1', 'cid', '12:00:00', ['pen', 9, 1]))
  for (const revision of [2, 3, 1]) await driven.push(orderAggregates, { ...userWindow, revision, orders: revision })
  assert.deepEqual(
    driven.rows(tables.orders).map(o => o.user_id),
    ['ann'],
  )
  assert.deepEqual(
    driven.rows(tables.orderItems).map(o => o.quantity),
    [1],
  )
  assert.deepEqual(
    driven.rows(tables.orderAggregates).map(a => [a.orders, a.revision]),
    [[3, 3]],
  )
  assert.deepEqual(await driven.deadLetters(etlProcessor), [])
  await driven.stop()
})
test('a row that its table cannot hold is a dead letter with all rows of its record; the others are loaded', async () => {
  const driven = await drive(etlProcessor)
  const huge = order('huge', 'ann', '12:00:00', ['pen', 1, 1], ['ink', 1, 1e15])
  await driven.push(orderEvents, order('o1', 'ann', '12:00:00', ['pen', 1, 1]), huge, order('o2', 'ann', '12:00:00', ['pen', 1, 1]))
  await driven.advance(seconds(2))
  assert.deepEqual(
    driven.rows(tables.orders).map(o => o.order_id),
    ['o1', 'o2'],
  )
  assert.equal(driven.rows(tables.orderItems).length, 2)
  assert.deepEqual(
    (await driven.deadLetters(etlProcessor)).map(l => [l.topic, l.offset, l.code]),
    [['order_events', 1, 'ROW_REFUSED']],
  )
  await driven.stop()
})
test('behind the event aggregator, orders, their lines, users and products come to the same sums', async () => {
  const driven = await drive([eventAggregator, etlProcessor], { partitions: 3 })
  const orders = Array.from({ length: 200 }, (_, i) => {
    const time = new Date(at('12:00:00') + i * 17_000).toISOString().slice(11, 19)
    return order(`o${i}`, `u${i % 17}`, time, [`p${i % 5}`, 1 + (i % 3), 0.1], [`p${i % 7}`, 1, 1.15])
  })
  for (let i = 0; i < orders.length; i += 40) await driven.push(orderEvents, ...orders.slice(i, i + 40))
  await driven.drain()
  const sum = (values: readonly Decimal[]): string => decimal(values.reduce(plus, exact(0)), 4).toString()
  const sums = [
    sum(driven.rows(tables.orders).map(o => o.total)),
    sum(driven.rows(tables.orderItems).map(i => i.amount)),
    sum(driven.rows(tables.orderAggregates).map(a => a.revenue)),
    sum(driven.rows(tables.productAggregates).map(a => a.revenue)),
  ]
  assert.deepEqual(sums, Array(4).fill(sum(orders.map(o => exact(o.total)))))
  assert.equal(
    driven.rows(tables.orderAggregates).reduce((n, a) => n + a.orders, 0),
    200,
  )
  await driven.stop()
})
