// Two hours of the made-up shop through all processors of the orders system: nothing is lost or counted twice on any way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Decimal, decimal, exact, plus } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { etlProcessor } from '#processors/orders/etl-processor.ts'
import { eventAggregator } from '#processors/orders/event-aggregator.ts'
import { ordersGenerator } from '#processors/orders/orders-generator.ts'
import { trendDetector } from '#processors/orders/trend-detector.ts'
import * as tables from '#schemas/orders/tables.ts'
import { lateLines, lateOrders, orderEvents, productViews } from '#schemas/orders/topics.ts'
import { ordersEvents } from '../../../app/generator/orders-events.ts'

const COUNT = 72_000
const sum = (values: readonly Decimal[]): string => decimal(values.reduce(plus, exact(0)), 4).toString()

test('two hours of generated events: every event is an order, a view or a dead letter; sums agree between topics and tables', async () => {
  const startAt = Date.UTC(2023, 5, 1, 10)
  const event = ordersEvents({ seed: 7, perSecond: 10 }).events({ first: 0, startAt })
  const texts = Array.from({ length: COUNT }, (_, n) => String(event(n).value))
  const driven = await drive([ordersGenerator, eventAggregator, trendDetector, etlProcessor], {
    partitions: 3,
    feeds: { 'orders-generator': texts },
  })
  await driven.drain()
  const orders = await driven.results(orderEvents)
  const views = await driven.results(productViews)
  const refused = await driven.deadLetters(ordersGenerator)
  assert.equal(orders.length + views.length + refused.length, COUNT)
  assert.deepEqual(new Set(refused.map(r => r.code)), new Set(['ORDER_INVALID', 'VIEW_INVALID']))

  const late = await driven.results(lateOrders)
  const inTime = orders.length - late.length
  const rows = driven.rows(tables.orderAggregates)
  assert.equal(
    rows.reduce((n, a) => n + a.orders, 0),
    inTime,
  )
  assert.equal(sum([...rows.map(r => r.revenue), ...late.map(o => exact(o.total))]), sum(orders.map(o => exact(o.total))))
  const lines = await driven.results(lateLines)
  assert.equal(
    sum([...driven.rows(tables.productAggregates).map(r => r.revenue), ...lines.map(l => l.amount)]),
    sum(driven.rows(tables.orderItems).map(i => i.amount)),
  )
  assert.equal(driven.rows(tables.orders).length, orders.length)
  assert.equal(driven.rows(tables.productViews).length, views.length)

  const alerts = driven.rows(tables.trendAlerts)
  assert.ok(alerts.some(a => a.metric === 'views' && a.severity === 'CRITICAL'))
  for (const { current, baseline, severity } of alerts) {
    assert.ok(current > 2 * baseline)
    assert.equal(severity, current > 5 * baseline ? 'CRITICAL' : 'HIGH')
  }
  await driven.stop()
})
