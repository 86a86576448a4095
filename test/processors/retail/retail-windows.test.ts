// A real shop's months by sessions, sliding hours and growing days: every window against an independent calculation, to the last digit.
// As a program that is killed with kill -9: npm run check:retail -- --windows --kills 10
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openFileFeed } from '#lib/adapters/file/file-feed.ts'
import { type Driven, drive } from '#lib/testing/driver.ts'
import { invoicesToOrders } from '#processors/retail/invoices-to-orders.ts'
import type { Order } from '#schemas/orders/order.generated.ts'
import { orderEvents } from '#schemas/orders/topics.ts'
import { INVOICE_COLUMNS } from '#schemas/retail/invoice.ts'
import { type RetailWindows, retailWindows } from '../../oracle/retail-windows.ts'
import { customerDays, customerHours, customerSessions, customerWindows, rowsOf } from './window-job.ts'

const DIRECTORY = fileURLToPath(new URL('../../../../shared/data/online-retail/', import.meta.url))
const skip = existsSync(DIRECTORY) ? false : `the data are not here: ${DIRECTORY}`
const files =
  skip === false
    ? readdirSync(DIRECTORY)
        .filter(f => f.endsWith('.csv.gz'))
        .sort()
        .map(f => DIRECTORY + f)
    : []

/** The shop's orders in the order of the files. */
async function orders(): Promise<readonly Order[]> {
  const feed = openFileFeed({ name: 'online-retail', files, format: 'csv', columns: INVOICE_COLUMNS, groupBy: 'InvoiceNo' })
  const driven = await drive(invoicesToOrders, { feeds: { 'online-retail': feed } })
  const placed = await driven.results(orderEvents)
  await driven.stop()
  return placed
}
/** Deep equality would print all of them. */
function sameRows(actual: readonly string[], expected: readonly string[]): void {
  const first = expected.findIndex((row, i) => row !== actual[i])
  assert.equal(actual[first], expected[first])
  assert.equal(actual.length, expected.length)
}
async function check(driven: Driven, expected: RetailWindows): Promise<void> {
  sameRows(rowsOf(await driven.results(customerSessions), 'start'), expected.sessions)
  sameRows(rowsOf(await driven.results(customerHours), 'end'), expected.hours)
  sameRows(rowsOf(await driven.results(customerDays), 'end'), expected.days)
  assert.deepEqual(driven.late, [])
  await driven.stop()
}

/** Orders of one push. */
const PIECE = 500

describe('ten months of a real shop, by customers', { skip }, () => {
  let expected: RetailWindows
  let placed: readonly Order[]
  before(async () => {
    expected = retailWindows(files)
    placed = await orders()
  })
  test('the independent calculation gives the known figures', () => {
    assert.deepEqual(
      [placed.length, expected.sessions.length, expected.hours.length, expected.days.length],
      [14_875, 12_883, 51_908, 140_717],
    )
  })
  for (const partitions of [1, 8])
    test(`with ${partitions} partition${partitions === 1 ? '' : 's'} every session, hour and day is as calculated, and nothing is late`, async () => {
      const driven = await drive(customerWindows, { partitions })
      await driven.push(orderEvents, ...placed)
      await driven.drain()
      await check(driven, expected)
    })
  test('also with 3 partitions and a process that dies in each of 30 pieces, its cache kept or lost', async () => {
    const driven = await drive(customerWindows, { partitions: 3 })
    for (let i = 0; i * PIECE < placed.length; i++) {
      if (i % 5 === 0) await driven.crash({ cache: 'lost' })
      driven.crashAtCall(1 + ((7 * i) % 40))
      await driven.push(orderEvents, ...placed.slice(i * PIECE, (i + 1) * PIECE))
    }
    driven.crashAtCall(5)
    await driven.drain()
    await check(driven, expected)
  })
})
