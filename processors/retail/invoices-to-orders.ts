// A shop's invoices as orders, so that real data can drive the orders system.
import { filter, from, map, processor, scan } from '#lib/index.ts'
import { orderOf, totalOf } from '#schemas/orders/rules.ts'
import { orderEvents } from '#schemas/orders/topics.ts'
import { type Invoice, invoices } from '#schemas/retail/invoice.ts'
import { cancelledInvoices } from '#schemas/retail/topics.ts'

/** Numbers of cancellations begin with a C. */
const isCancelled = ({ invoice_no }: Invoice): boolean => invoice_no.startsWith('C')

const read = from(invoices)

const cancelled = read.pipe(
  filter(isCancelled),
  map(({ invoice_no, event_time, user_id, country, items }) => ({
    invoice_no,
    event_time,
    total: totalOf(items),
    user_id,
    country,
    lines: items.length,
  })),
)

const orders = read.pipe(
  filter(invoice => !isCancelled(invoice)),
  scan('runs', {
    version: 1,
    ttl: null,
    initial: () => ({ runs: 0 }),
    next: ({ runs }, invoice, { key }) => ({
      state: { runs: runs + 1 },
      emit: [{ ...invoice, order_id: runs === 0 ? key : `${key}-${runs + 1}` }],
    }),
  }),
  map(invoice => orderOf({ ...invoice, currency: 'GBP', channel: 'web' })),
)

/**
 * An invoice is an order of the same number; a later, separate run of rows with that number is `NUMBER-2`, then `-3`. Cancellations go to a topic
 * of their own. An invoice with a quantity ≤ 0 or a negative price is one dead letter (ORDER_INVALID) as a whole, and as everything refused it
 * leaves no trace: it does not count as a run of its number.
 *
 * Stock corrections come in long series, which a till writes as invoices: a fifth of the file's invoices in a row may be refused without anything being
 * wrong. Only a file of which next to nothing is an invoice stops the task.
 */
export const invoicesToOrders = processor('invoices-to-orders', [orders.to(orderEvents), cancelled.to(cancelledInvoices)], {
  breaker: { share: 0.9, of: 1_000 },
})
