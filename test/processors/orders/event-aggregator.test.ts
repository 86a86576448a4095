import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minutes } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { eventAggregator } from '#processors/orders/event-aggregator.ts'
import type { Order } from '#schemas/orders/order.generated.ts'
import { lateLines, lateOrders, orderAggregates, orderEvents, productAggregates } from '#schemas/orders/topics.ts'
import { at, order, shown } from './sample-events.ts'

const NOON = [
  order('o1', 'ann', '12:00:00', ['pen', 3, 0.1], ['ink', 1, 7.45]),
  order('o2', 'bob', '12:01:00', ['pen', 10, 0.1]),
  order('o3', 'ann', '12:04:59.999', ['ink', 1, 7.45], ['ink', 2, 7.45], ['cap', 1, 0]),
  order('o4', 'ann', '12:03:00', ['pen', 1, 0.1]),
  order('o5', 'bob', '12:05:00', ['ink', 4, 7]),
]
const USERS = [
  'ann 12:00:00 12:05:00 orders=3 items=6 units=9 revenue=30.2000 average=10.0667 largest=22.3500 smallest=0.1000 revision=1',
  'bob 12:00:00 12:05:00 orders=1 items=1 units=10 revenue=1.0000 average=1.0000 largest=1.0000 smallest=1.0000 revision=1',
  'bob 12:05:00 12:10:00 orders=1 items=1 units=4 revenue=28.0000 average=28.0000 largest=28.0000 smallest=28.0000 revision=1',
]
const PRODUCTS = [
  'cap 12:00:00 12:05:00 orders=1 units=1 revenue=0.0000 buyers=1 revision=1',
  'ink 12:00:00 12:05:00 orders=2 units=4 revenue=29.8000 buyers=1 revision=1',
  'pen 12:00:00 12:05:00 orders=3 units=14 revenue=1.4000 buyers=2 revision=1',
  'ink 12:05:00 12:10:00 orders=1 units=4 revenue=28.0000 buyers=1 revision=1',
]

const lineOf = (result: object): string => {
  const [id, start, end, ...measures] = Object.entries(shown(result))
  return [id![1], start![1], end![1], ...measures.map(([name, value]) => `${name}=${String(value)}`)].join(' ')
}
async function aggregated(orders: readonly Order[]): Promise<{ users: string[]; products: string[] }> {
  const driven = await drive(eventAggregator)
  await driven.push(orderEvents, ...orders)
  await driven.drain()
  const found = {
    users: (await driven.results(orderAggregates)).map(lineOf),
    products: (await driven.results(productAggregates)).map(lineOf),
  }
  assert.deepEqual(await driven.deadLetters(eventAggregator), [])
  await driven.stop()
  return found
}

test('orders of five minutes add up per user and per product, in exact decimals, in the order (window end, key)', async () => {
  assert.deepEqual(await aggregated(NOON), { users: USERS, products: PRODUCTS })
})
test('the order of orders within a window changes nothing', async () => {
  const { users, products } = await aggregated([NOON[3]!, NOON[0]!, NOON[2]!, NOON[1]!, NOON[4]!])
  assert.deepEqual({ users, products }, { users: USERS, products: PRODUCTS })
})
test('distinct orders and buyers are exact up to a thousand in a window and within six percent beyond', async () => {
  const many = (n: number): Order[] =>
    Array.from({ length: n }, (_, i) => order(`o${i}`, `u${i % 1_000}`, '12:00:00', ['pen', 1, 1], ['pen', 1, 1]))
  const [exact] = (await aggregated(many(1_000))).products
  assert.match(exact!, /orders=1000 units=2000 revenue=2000\.0000 buyers=1000 /)
  const [beyond] = (await aggregated(many(3_000))).products
  const orders = Number(/orders=(\d+)/.exec(beyond!)![1])
  assert.ok(Math.abs(orders - 3_000) <= 180, `${orders} is too far from 3000`)
  assert.match(beyond!, /units=6000 revenue=6000\.0000 buyers=1000 /)
})

test('an order that comes when its window has closed goes to the late topics as it was, order and lines; a millisecond earlier it counts', async () => {
  const driven = await drive(eventAggregator)
  const late = order('o3', 'ann', '12:01:00', ['pen', 2, 0.1])
  await driven.push(orderEvents, order('o1', 'ann', '12:00:00', ['pen', 1, 0.1]))
  await driven.push(orderEvents, order('o2', 'bob', '12:05:29.999', ['ink', 1, 1]), { ...late, order_id: 'in time' })
  await driven.push(orderEvents, order('o4', 'bob', '12:05:30', ['ink', 1, 1]), late)
  const [user] = await driven.results(orderAggregates)
  assert.equal(user!.orders, 2)
  const [record, ...more] = await driven.records(lateOrders)
  assert.deepEqual([record!.value, more.length], [late, 0])
  assert.equal(record!.time, late.event_time)
  assert.deepEqual(record!.headers, {
    'millrace-late-window': 'per-user',
    'millrace-late-missed': JSON.stringify([[at('12:00:00'), at('12:05:00')]]),
    'millrace-late-by-ms': '0',
  })
  const lines = await driven.results(lateLines)
  assert.deepEqual(lines.map(shown), [
    { product_id: 'pen', event_time: at('12:01:00'), quantity: 2, amount: '0.2000', order_id: 'o3', user_id: 'ann' },
  ])
  await driven.drain()
  const pens = (await driven.results(productAggregates)).filter(p => p.product_id === 'pen')
  assert.deepEqual(
    pens.map(p => [p.orders, p.units]),
    [[2, 3]],
  )
  assert.deepEqual(
    driven.late.map(l => [l.window, l.windows]),
    [
      ['per-user', 1],
      ['per-product', 1],
    ],
  )
  await driven.stop()
})
test('when nothing comes any more, windows close by themselves within size, grace and idle time', async () => {
  const driven = await drive(eventAggregator, { startAt: at('12:01:00') })
  await driven.push(orderEvents, ...NOON.slice(0, 2))
  await driven.advance(minutes(4))
  assert.deepEqual(await driven.results(orderAggregates), [])
  await driven.advance(minutes(2))
  assert.equal((await driven.results(orderAggregates)).length, 2)
  assert.equal((await driven.results(productAggregates)).length, 2)
  await driven.stop()
})
test('a result counts in time at the last millisecond of its window', async () => {
  const driven = await drive(eventAggregator)
  await driven.push(orderEvents, ...NOON.slice(0, 2))
  await driven.drain()
  for (const topic of [orderAggregates, productAggregates])
    assert.deepEqual(new Set((await driven.records<unknown>(topic as never)).map(r => r.time)), new Set([at('12:04:59.999')]))
  await driven.stop()
})
