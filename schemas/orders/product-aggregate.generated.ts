// Generated from product-aggregate.avsc by `millrace types`; edit that file and run it again.
import type { Decimal } from '#lib/index.ts'

/** What was ordered of a product in a window of five minutes. */
export interface ProductAggregate {
  product_id: string
  /** Inclusive. */
  window_start: number
  /** Exclusive. */
  window_end: number
  /** Distinct orders; exact up to 1,000, then approximate. */
  orders: number
  /** Sum of the quantities. */
  units: number
  /** Sum of the lines' amounts. */
  revenue: Decimal<4>
  /** Distinct users; exact up to 1,000, then approximate. */
  buyers: number
  /** 1, 2, 3 and so on for a product and window: the highest counts. */
  revision: number
}

/** As in product-aggregate.avsc. */
export const ProductAggregateSchema = {
  type: 'record',
  name: 'ProductAggregate',
  namespace: 'millrace.orders',
  doc: 'What was ordered of a product in a window of five minutes.',
  fields: [
    { name: 'product_id', type: 'string' },
    { name: 'window_start', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'Inclusive.' },
    { name: 'window_end', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'Exclusive.' },
    { name: 'orders', type: 'long', doc: 'Distinct orders; exact up to 1,000, then approximate.' },
    { name: 'units', type: 'long', doc: 'Sum of the quantities.' },
    {
      name: 'revenue',
      type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 },
      doc: 'Sum of the lines\' amounts.',
    },
    { name: 'buyers', type: 'long', doc: 'Distinct users; exact up to 1,000, then approximate.' },
    { name: 'revision', type: 'int', doc: '1, 2, 3 and so on for a product and window: the highest counts.' },
  ],
} as const
