// The topics of the orders system. All are kept for ever: retention counts record time, and what flows here may be years old.
import { avroAs, topic } from '#lib/index.ts'
import { type Order, OrderSchema } from './order.generated.ts'
import { type OrderAggregate, OrderAggregateSchema } from './order-aggregate.generated.ts'
import { type OrderLine, OrderLineSchema } from './order-line.generated.ts'
import { type ProductAggregate, ProductAggregateSchema } from './product-aggregate.generated.ts'
import { type ProductView, ProductViewSchema } from './product-view.generated.ts'
import { type TrendAlert, TrendAlertSchema } from './trend-alert.generated.ts'

// One codec per type: a late record goes on as the very bytes it came in, because its topic is written the same way.
const order = avroAs<Order>(OrderSchema)
const orderLine = avroAs<OrderLine>(OrderLineSchema)

/** Orders as they were placed, from the gateway, the generator or a file. Their producers have refused what cannot be an order (order-rules.ts). */
export const orderEvents = topic('order_events', { value: order, key: 'user_id', time: 'event_time' })
/** Product views as they happened. */
export const productViews = topic('product_views', { value: avroAs<ProductView>(ProductViewSchema), key: 'product_id', time: 'event_time' })

/**
 * Results per user and window. Their event time is the record's timestamp, which a window sets to its end − 1 ms: the last instant that the
 * result speaks of. A larger window then takes it to where its orders lie (by `window_end` the result of 11:55 would count for 12 o'clock's hour),
 * and nobody can join with it before its window was over (by `window_start` they could).
 */
export const orderAggregates = topic('order_aggregates', {
  value: avroAs<OrderAggregate>(OrderAggregateSchema),
  key: 'user_id',
  time: 'record-timestamp',
})
/** Results per product and window; event time as in `orderAggregates`. */
export const productAggregates = topic('product_aggregates', {
  value: avroAs<ProductAggregate>(ProductAggregateSchema),
  key: 'product_id',
  time: 'record-timestamp',
})
/** Products far above what is usual for them; event time is that of the result that stood out. */
export const trendAlerts = topic('trend_alerts', {
  value: avroAs<TrendAlert>(TrendAlertSchema),
  key: 'product_id',
  time: 'record-timestamp',
})

/** The event aggregator's own: order lines on their way to the task of their product. */
export const linesByProduct = topic('event-aggregator.by-product', { value: orderLine, key: 'product_id', time: 'event_time' })
/** Orders that came after their user's window had closed. */
export const lateOrders = topic('event-aggregator.late-orders', { value: order, key: 'user_id', time: 'event_time' })
/** Order lines that came after their product's window had closed. */
export const lateLines = topic('event-aggregator.late-lines', { value: orderLine, key: 'product_id', time: 'event_time' })
