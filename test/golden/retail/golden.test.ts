// The processors of the retail system: files of input against files of what must come of it.
import { golden } from '#lib/testing/golden.ts'
import { invoicesToOrders } from '#processors/retail/invoices-to-orders.ts'

golden('invoices of a shop', {
  processors: invoicesToOrders,
  input: new URL('./invoices-to-orders/invoices.input.ndjson', import.meta.url),
  expected: new URL('./invoices-to-orders/invoices.expected.ndjson', import.meta.url),
})
