// A real shop's months through invoices-to-orders, event-aggregator and trend-detector: every row against an independent calculation.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openFileFeed } from '#lib/adapters/file/file-feed.ts'
import { type Driven, drive } from '#lib/testing/driver.ts'
import { eventAggregator } from '#processors/orders/event-aggregator.ts'
import { trendDetector } from '#processors/orders/trend-detector.ts'
import { invoicesToOrders } from '#processors/retail/invoices-to-orders.ts'
import type { OrderAggregate } from '#schemas/orders/order-aggregate.generated.ts'
import type { ProductAggregate } from '#schemas/orders/product-aggregate.generated.ts'
import { orderAggregates, orderEvents, productAggregates, trendAlerts } from '#schemas/orders/topics.ts'
import { INVOICE_COLUMNS } from '#schemas/retail/invoice.ts'
import { cancelledInvoices } from '#schemas/retail/topics.ts'
import { type Expected, expectedOf, productRows, revenueAlerts, userRows } from '../../oracle/online-retail.ts'

const DIRECTORY = fileURLToPath(new URL('../../../../shared/data/online-retail/', import.meta.url))
const skip = existsSync(DIRECTORY) ? false : `the data are not here: ${DIRECTORY}`
const files =
  skip === false
    ? readdirSync(DIRECTORY)
        .filter(f => f.endsWith('.csv.gz'))
        .sort()
        .map(f => DIRECTORY + f)
    : []

const time = (ms: number): string => new Date(ms).toISOString()
const userRow = (a: OrderAggregate): string =>
  [
    a.user_id,
    time(a.window_start),
    time(a.window_end),
    a.orders,
    a.items,
    a.units,
    a.revenue,
    a.average,
    a.largest,
    a.smallest,
    a.revision,
  ].join()
const productRow = (a: ProductAggregate): string =>
  [a.product_id, time(a.window_start), time(a.window_end), a.orders, a.units, a.revenue, a.buyers, a.revision].join()
/** Deep equality would print all of them. */
function sameRows(actual: readonly string[], expected: readonly string[]): void {
  const sorted = actual.toSorted()
  const first = expected.findIndex((row, i) => row !== sorted[i])
  assert.equal(sorted[first], expected[first])
  assert.equal(sorted.length, expected.length)
}

describe('ten months of a real shop', { skip }, () => {
  let expected: Expected
  before(() => {
    expected = expectedOf(files)
  })
  test('the independent calculation gives the known figures', () => {
    const { rows, orders, cancelled, refused, late, revenue, users, products } = expected
    assert.deepEqual(
      { rows, orders, cancelled, refused, late, revenue, users: users.size, products: products.size },
      {
        rows: 370_931,
        orders: 14_875,
        cancelled: 2_887,
        refused: 1_025,
        late: 0,
        revenue: 73_634_162_340n,
        users: 13_815,
        products: 350_250,
      },
    )
  })
  for (const partitions of [1, 3, 8]) {
    test(`with ${partitions} partition${partitions === 1 ? '' : 's'} every order, window and alert is as calculated, and nothing is late`, async () => {
      const feed = openFileFeed({ name: 'online-retail', files, format: 'csv', columns: INVOICE_COLUMNS, groupBy: 'InvoiceNo' })
      const driven: Driven = await drive([invoicesToOrders, eventAggregator, trendDetector], {
        partitions,
        feeds: { 'online-retail': feed },
      })
      await driven.drain()
      const refused = await driven.deadLetters(invoicesToOrders)
      assert.deepEqual(
        {
          orders: (await driven.results(orderEvents)).length,
          cancelled: (await driven.results(cancelledInvoices)).length,
          refused: refused.length,
          why: [...new Set(refused.map(r => r.code))],
        },
        { orders: expected.orders, cancelled: expected.cancelled, refused: expected.refused, why: ['ORDER_INVALID'] },
      )
      sameRows((await driven.results(orderAggregates)).map(userRow), userRows(expected))
      sameRows((await driven.results(productAggregates)).map(productRow), productRows(expected))
      sameRows(
        (await driven.results(trendAlerts)).map(a => [a.alert_id, a.severity, a.current, a.baseline.toFixed(6)].join()),
        revenueAlerts(expected)
          .map(a => [a.id, a.severity, a.current, a.baseline.toFixed(6)].join())
          .toSorted(),
      )
      assert.deepEqual(driven.late, [])
      await driven.stop()
    })
  }
})
