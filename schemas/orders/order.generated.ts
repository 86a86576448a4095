// Generated from order.avsc by `millrace types`; edit that file and run it again.
/** An order as it was placed. Key, time and measures come first: a pipeline that reads only those decodes no more. */
export interface Order {
  /** Who ordered; 'guest' for whoever has no id. */
  user_id: string
  /** When it was placed. */
  event_time: number
  /** Sum of price times quantity over the items, summed exactly, then the nearest double. */
  total: number
  order_id: string
  /** As the sender writes it; null when unknown. */
  country: string | null
  /** ISO 4217, of all prices and the total. */
  currency: string
  /** Where it was placed: web, app, store. */
  channel: string
  items: OrderItem[]
}

/** A line of an order. The same product may stand on several lines. */
export interface OrderItem {
  product_id: string
  quantity: number
  /** Of one unit. */
  price: number
}

/** As in order.avsc. */
export const OrderSchema = {
  type: 'record',
  name: 'Order',
  namespace: 'millrace.orders',
  doc: 'An order as it was placed. Key, time and measures come first: a pipeline that reads only those decodes no more.',
  fields: [
    { name: 'user_id', type: 'string', doc: 'Who ordered; \'guest\' for whoever has no id.' },
    { name: 'event_time', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'When it was placed.' },
    {
      name: 'total',
      type: 'double',
      doc: 'Sum of price times quantity over the items, summed exactly, then the nearest double.',
    },
    { name: 'order_id', type: 'string' },
    { name: 'country', type: ['null', 'string'], default: null, doc: 'As the sender writes it; null when unknown.' },
    { name: 'currency', type: 'string', doc: 'ISO 4217, of all prices and the total.' },
    { name: 'channel', type: 'string', doc: 'Where it was placed: web, app, store.' },
    {
      name: 'items',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'OrderItem',
          doc: 'A line of an order. The same product may stand on several lines.',
          fields: [
            { name: 'product_id', type: 'string' },
            { name: 'quantity', type: 'int' },
            { name: 'price', type: 'double', doc: 'Of one unit.' },
          ],
        },
      },
    },
  ],
} as const
