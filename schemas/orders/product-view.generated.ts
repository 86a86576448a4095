// Generated from product-view.avsc by `millrace types`; edit that file and run it again.
/** Somebody looked at a product. */
export interface ProductView {
  product_id: string
  event_time: number
  view_id: string
  user_id: string
  session_id: string | null
}

/** As in product-view.avsc. */
export const ProductViewSchema = {
  type: 'record',
  name: 'ProductView',
  namespace: 'millrace.orders',
  doc: 'Somebody looked at a product.',
  fields: [
    { name: 'product_id', type: 'string' },
    { name: 'event_time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'view_id', type: 'string' },
    { name: 'user_id', type: 'string' },
    { name: 'session_id', type: ['null', 'string'], default: null },
  ],
} as const
