// What flows through the orders system, into the tables of the same meaning.
import { decimal, from, insertOnly, processor, times, upsert, upsertMany } from '#lib/index.ts'
import * as tables from '#schemas/orders/tables.ts'
import { orderAggregates, orderEvents, productAggregates, productViews, trendAlerts } from '#schemas/orders/topics.ts'

const when = (ms: number): Date => new Date(ms)

const orders = from(orderEvents).to(
  upsert(tables.orders, o => ({
    time: when(o.event_time),
    order_id: o.order_id,
    user_id: o.user_id,
    country: o.country,
    currency: o.currency,
    channel: o.channel,
    items: o.items.length,
    units: o.items.reduce((units, i) => units + i.quantity, 0),
    total: decimal(o.total, 4),
  })),
  upsertMany(tables.orderItems, o =>
    o.items.map(({ product_id, quantity, price }, line) => ({
      time: when(o.event_time),
      order_id: o.order_id,
      line,
      product_id,
      quantity,
      price: decimal(price, 4),
      amount: decimal(times(price, quantity), 4),
    })),
  ),
)

const views = from(productViews).to(
  insertOnly(
    tables.productViews,
    v => ({ time: when(v.event_time), view_id: v.view_id, user_id: v.user_id, product_id: v.product_id, session_id: v.session_id }),
    { duplicate: 'skip' },
  ),
)

const perUser = from(orderAggregates).to(
  upsert(tables.orderAggregates, ({ window_start, window_end, ...a }) => ({
    time: when(window_start),
    ...a,
    window_end: when(window_end),
  })),
)

const perProduct = from(productAggregates).to(
  upsert(tables.productAggregates, ({ window_start, window_end, ...a }) => ({
    time: when(window_start),
    ...a,
    window_end: when(window_end),
  })),
)

const alerts = from(trendAlerts).to(
  insertOnly(
    tables.trendAlerts,
    ({ window_start, alert_id, metric, product_id, current, baseline, ratio, severity }) => ({
      time: when(window_start),
      alert_id,
      metric,
      product_id,
      current,
      baseline,
      ratio,
      severity,
    }),
    { duplicate: 'skip' },
  ),
)

/**
 * An event that comes twice makes one row, of a result the highest revision stays. What a table refuses (a price of more digits than it has) is a
 * dead letter, as is what cannot be read: one row never stops the others.
 */
export const etlProcessor = processor('etl-processor', [orders, views, perUser, perProduct, alerts], {
  onFailure: { decode: 'dead-letter', process: 'dead-letter', produce: 'dead-letter' },
})
