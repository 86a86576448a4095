// Generated from cancelled-invoice.avsc by `millrace types`; edit that file and run it again.
/** An invoice that takes back earlier ones: counted, and left out of the orders. */
export interface CancelledInvoice {
  /** As in the file, with its C. */
  invoice_no: string
  /** The smallest InvoiceDate of its lines. */
  event_time: number
  /** Usually negative. */
  total: number
  user_id: string
  country: string | null
  lines: number
}

/** As in cancelled-invoice.avsc. */
export const CancelledInvoiceSchema = {
  type: 'record',
  name: 'CancelledInvoice',
  namespace: 'millrace.retail',
  doc: 'An invoice that takes back earlier ones: counted, and left out of the orders.',
  fields: [
    { name: 'invoice_no', type: 'string', doc: 'As in the file, with its C.' },
    {
      name: 'event_time',
      type: { type: 'long', logicalType: 'timestamp-millis' },
      doc: 'The smallest InvoiceDate of its lines.',
    },
    { name: 'total', type: 'double', doc: 'Usually negative.' },
    { name: 'user_id', type: 'string' },
    { name: 'country', type: ['null', 'string'], default: null },
    { name: 'lines', type: 'int' },
  ],
} as const
