import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drive } from '#lib/testing/driver.ts'
import { ordersGenerator } from '#processors/orders/orders-generator.ts'
import { orderEvents, productViews } from '#schemas/orders/topics.ts'
import { at } from './sample-events.ts'

const time = at('12:00:00')
const order = {
  kind: 'order',
  order_id: 'o1',
  user_id: 'ann',
  currency: 'EUR',
  country: 'DE',
  channel: 'web',
  event_time: time,
  items: [
    { product_id: 'pen', quantity: 3, price: 0.1 },
    { product_id: 'ink', quantity: 1, price: 0 },
  ],
}
const view = { kind: 'view', view_id: 'v1', user_id: 'ann', product_id: 'pen', session_id: null, event_time: time }

async function generated(...events: readonly unknown[]) {
  const driven = await drive(ordersGenerator, {
    feeds: { 'orders-generator': events.map(e => (typeof e === 'string' ? e : JSON.stringify(e))) },
  })
  await driven.drain()
  const found = {
    orders: await driven.results(orderEvents),
    views: await driven.results(productViews),
    refused: (await driven.deadLetters(ordersGenerator)).map(l => `${l.code} ${l.message}`),
  }
  await driven.stop()
  return found
}

for (const [what, change, message] of [
  ['no user', { user_id: undefined }, 'order "o1": user_id is missing: text is needed'],
  ['an empty id', { order_id: '' }, 'order "": order_id is "": text is needed'],
  ['no items', { items: [] }, 'order "o1": items is []: a list of at least one item is needed'],
  ['a currency of two letters', { currency: 'EU' }, 'order "o1": currency is "EU": three capital letters are needed'],
  ['a country that is a number', { country: 49 }, 'order "o1": country is 49: text or null is needed'],
] as const) {
  test(`an order with ${what} is refused by the name of its field`, async () => {
    assert.deepEqual(await generated({ ...order, ...change }), { orders: [], views: [], refused: [`ORDER_INVALID ${message}`] })
  })
}
for (const [what, change, message] of [
  ['quantity 0', { quantity: 0 }, 'items[1].quantity is 0: a whole number from 1 to 2147483647 is needed'],
  ['half a pen', { quantity: 1.5 }, 'items[1].quantity is 1.5: a whole number from 1 to 2147483647 is needed'],
  ['a negative price', { price: -0.01 }, 'items[1].price is -0.01: a number from 0 to 99999999999999 is needed'],
  ['a price as text', { price: '1.00' }, 'items[1].price is "1.00": a number from 0 to 99999999999999 is needed'],
  ['no product', { product_id: undefined }, 'items[1].product_id is missing: text is needed'],
] as const) {
  test(`an order with ${what} in one line is refused as a whole, and the line is named`, async () => {
    const items = [order.items[0], { ...order.items[1], ...change }]
    assert.deepEqual(await generated({ ...order, items }), { orders: [], views: [], refused: [`ORDER_INVALID order "o1": ${message}`] })
  })
}
test('an order that comes to more than the results can hold is refused', async () => {
  const { refused } = await generated({ ...order, items: [{ product_id: 'pen', quantity: 2, price: 99_999_999_999_999 }] })
  assert.deepEqual(refused, ['ORDER_INVALID order "o1": items come to more than 99999999999999'])
})
test('a view without a product is refused by name, and everything around it goes on', async () => {
  const { product_id: _p, ...without } = view
  const { views, orders, refused } = await generated(without, view, order)
  assert.deepEqual([views.length, orders.length, refused], [1, 1, ['VIEW_INVALID view "v1": product_id is missing: text is needed']])
})
