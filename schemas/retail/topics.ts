// The topics that a shop's invoices add to those of the orders system.
import { avroAs, topic } from '#lib/index.ts'
import { type CancelledInvoice, CancelledInvoiceSchema } from './cancelled-invoice.generated.ts'

/** Invoices that take others back, one record each: the number of records is the number of cancellations. */
export const cancelledInvoices = topic('cancelled_invoices', {
  value: avroAs<CancelledInvoice>(CancelledInvoiceSchema),
  key: 'invoice_no',
  time: 'event_time',
})
