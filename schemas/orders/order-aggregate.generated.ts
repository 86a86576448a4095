// Generated from order-aggregate.avsc by `millrace types`; edit that file and run it again.
import type { Decimal } from '#lib/index.ts'

/** What a user ordered in a window of five minutes. */
export interface OrderAggregate {
  user_id: string
  /** Inclusive. */
  window_start: number
  /** Exclusive. */
  window_end: number
  orders: number
  /** Lines of all orders. */
  items: number
  /** Sum of their quantities. */
  units: number
  /** Sum of the totals. */
  revenue: Decimal<4>
  /** Revenue by orders, rounded half away from zero. */
  average: Decimal<4>
  /** The largest total. */
  largest: Decimal<4>
  /** The smallest total. */
  smallest: Decimal<4>
  /** 1, 2, 3 and so on for a user and window: the highest counts. */
  revision: number
}

/** As in order-aggregate.avsc. */
export const OrderAggregateSchema = {
  type: 'record',
  name: 'OrderAggregate',
  namespace: 'millrace.orders',
  doc: 'What a user ordered in a window of five minutes.',
  fields: [
    { name: 'user_id', type: 'string' },
    { name: 'window_start', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'Inclusive.' },
    { name: 'window_end', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'Exclusive.' },
    { name: 'orders', type: 'long' },
    { name: 'items', type: 'long', doc: 'Lines of all orders.' },
    { name: 'units', type: 'long', doc: 'Sum of their quantities.' },
    {
      name: 'revenue',
      type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 },
      doc: 'Sum of the totals.',
    },
    {
      name: 'average',
      type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 },
      doc: 'Revenue by orders, rounded half away from zero.',
    },
    {
      name: 'largest',
      type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 },
      doc: 'The largest total.',
    },
    {
      name: 'smallest',
      type: { type: 'bytes', logicalType: 'decimal', precision: 18, scale: 4 },
      doc: 'The smallest total.',
    },
    { name: 'revision', type: 'int', doc: '1, 2, 3 and so on for a user and window: the highest counts.' },
  ],
} as const
