import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { invoicesToOrders } from '#processors/retail/invoices-to-orders.ts'
import { orderEvents } from '#schemas/orders/topics.ts'
import { cancelledInvoices } from '#schemas/retail/topics.ts'

const ROW = {
  StockCode: '85123A',
  Description: 'WHITE HANGING HEART T-LIGHT HOLDER',
  Quantity: '6',
  InvoiceDate: '2010-12-01 08:26:00',
  UnitPrice: '2.55',
  CustomerID: '17850.0',
  Country: 'United Kingdom',
}
const invoice = (InvoiceNo: string, ...rows: readonly { readonly [column in keyof typeof ROW]?: string | undefined }[]): string =>
  JSON.stringify({ InvoiceNo, rows: rows.map(row => ({ ...ROW, ...row })) })

async function imported(...invoices: readonly string[]) {
  const driven = await drive(invoicesToOrders, { feeds: { 'online-retail': invoices } })
  await driven.drain()
  const found = {
    orders: await driven.results(orderEvents),
    cancelled: await driven.results(cancelledInvoices),
    refused: (await driven.deadLetters(invoicesToOrders)).map(l => `${l.code} ${l.message}`),
  }
  await driven.stop()
  return found
}

for (const [what, row, message] of [
  ['a quantity with a point', { Quantity: '1.5' }, 'Quantity is "1.5"; a whole number of 32 bits is needed'],
  ['a quantity beyond 32 bits', { Quantity: '2147483648' }, 'Quantity is "2147483648"; a whole number of 32 bits is needed'],
  ['a price with a comma', { UnitPrice: '2,55' }, 'UnitPrice is "2,55"; a number is needed'],
  ['an endless price', { UnitPrice: '1e999' }, 'UnitPrice is "1e999"; a number is needed'],
  ['no product', { StockCode: '' }, 'StockCode is ""; it must not be empty'],
  [
    'a date as another program writes it',
    { InvoiceDate: '12/1/2010 8:26' },
    'InvoiceDate is "12/1/2010 8:26"; a time such as 2010-12-01 08:26:00, from 1970 on, is needed',
  ],
  [
    'a day that does not exist',
    { InvoiceDate: '2011-02-29 08:26:00' },
    'InvoiceDate is "2011-02-29 08:26:00"; a time such as 2010-12-01 08:26:00, from 1970 on, is needed',
  ],
  ['a missing column', { Country: undefined }, null],
] as const) {
  test(`one row with ${what} refuses its invoice and names row and column`, async () => {
    const { orders, refused } = await imported(invoice('5', row, {}), invoice('6', {}))
    assert.deepEqual(
      orders.map(o => o.order_id),
      ['6'],
    )
    assert.deepEqual(refused, [`ROW_INVALID invoice 5, row 1: ${message ?? 'Country is missing; text is needed'}`])
  })
}
test('the row that is named is the guilty one, also of a cancellation', async () => {
  const { cancelled, refused } = await imported(invoice('C5', {}, {}, { UnitPrice: '' }))
  assert.deepEqual([cancelled, refused], [[], ['ROW_INVALID invoice C5, row 3: UnitPrice is ""; a number is needed']])
})
test('a record that is no group of rows is refused', async () => {
  const { refused } = await imported(
    '{"InvoiceNo":"5","rows":[]}',
    '{"InvoiceNo":"","rows":[{}]}',
    '[]',
    '{"InvoiceNo":"5","rows":[null]}',
    'no JSON',
  )
  assert.deepEqual(
    refused.map(r => r.split(' ')[0]),
    ['ROW_INVALID', 'ROW_INVALID', 'ROW_INVALID', 'ROW_INVALID', 'JSON_MALFORMED'],
  )
})
test('a long series of corrections stops nothing; a file of which nothing can be read does', async () => {
  const corrections = Array.from({ length: 600 }, (_, i) => invoice(String(i), i % 5 === 0 ? {} : { Quantity: '-1' }))
  const { orders, refused } = await imported(...corrections)
  assert.deepEqual([orders.length, refused.length], [120, 480])
  const unreadable = Array.from({ length: 600 }, (_, i) => invoice(String(i), { InvoiceDate: '12/1/2010 8:26' }))
  await assert.rejects(imported(...unreadable), (error: unknown) => isMillraceError(error) && error.code === 'DEAD_LETTER_STORM')
})
