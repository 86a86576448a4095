import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Decimal, decimal, exact, plus } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { etlProcessor } from '#processors/orders/etl-processor.ts'
import { eventAggregator } from '#processors/orders/event-aggregator.ts'
import * as tables from '#schemas/orders/tables.ts'
import { orderEvents } from '#schemas/orders/topics.ts'
import { at, order } from './sample-events.ts'

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
