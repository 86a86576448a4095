// Generated from order-line.avsc by `millrace types`; edit that file and run it again.
import type { Decimal } from '#lib/index.ts'

/** A line of an order under its product: what the event aggregator sends itself by product. */
export interface OrderLine {
  product_id: string
  /** Of the order. */
  event_time: number
  quantity: number
  /** Price times quantity, multiplied exactly, rounded half away from zero. */
  amount: Decimal<4>
  order_id: string
  user_id: string
}

/** As in order-line.avsc. */
export const OrderLineSchema = {
  type: 'record',
  name: 'OrderLine',
  namespace: 'millrace.orders',
  doc: 'A line of an order under its product: what the event aggregator sends itself by product.',
  fields: [
    { name: 'product_id', type: 'string' },
    { name: 'event_time', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'Of the order.' },
    { name: 'quantity', type: 'int' },
    {
      name: 'amount',
      type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 },
      doc: 'Price times quantity, multiplied exactly, rounded half away from zero.',
    },
    { name: 'order_id', type: 'string' },
    { name: 'user_id', type: 'string' },
  ],
} as const
