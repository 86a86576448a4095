// The program that `npm run check:retail -- --windows` runs and kills: invoices through sessions, hours and days in a data directory, then all rows.
//   node test/e2e/retail-windows-child.ts DIRECTORY PARTITIONS OUTPUT FILE…
import { writeFileSync } from 'node:fs'
import { embedded, openFileFeed } from '#lib/embedded.ts'
import { invoicesToOrders } from '#processors/retail/invoices-to-orders.ts'
import { INVOICE_COLUMNS } from '#schemas/retail/invoice.ts'
import type { RetailWindows } from '../oracle/retail-windows.ts'
import { customerDays, customerHours, customerSessions, customerWindows, rowsOf } from '../processors/retail/window-job.ts'

const [directory, partitions, output, ...files] = process.argv.slice(2) as [string, string, string, ...string[]]
const millrace = await embedded({
  directory,
  partitions: Number(partitions),
  logLevel: 'error',
  processors: [invoicesToOrders, customerWindows],
  feeds: { 'online-retail': openFileFeed({ name: 'online-retail', files, format: 'csv', columns: INVOICE_COLUMNS, groupBy: 'InvoiceNo' }) },
})
await millrace.drain()
const all = [customerSessions, customerHours, customerDays].map(topic => {
  const values: Parameters<typeof rowsOf>[0][number][] = []
  millrace.observe(topic, { from: 'earliest' }).subscribe(({ value }) => values.push(value))
  return values
})
await millrace.stop() // completes what is observed
const [sessions, hours, days] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]]
const rows: RetailWindows = { sessions: rowsOf(sessions, 'start'), hours: rowsOf(hours, 'end'), days: rowsOf(days, 'end') }
writeFileSync(output, JSON.stringify(rows))
