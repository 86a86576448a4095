// What every user and every product did in five minutes.
import {
  aggregate,
  approxDistinct,
  count,
  decimal,
  divide,
  flatMap,
  from,
  keyBy,
  map,
  max,
  min,
  minutes,
  processor,
  seconds,
  sum,
  times,
  tumbling,
} from '#lib/index.ts'
import { lateLines, lateOrders, linesByProduct, orderAggregates, orderEvents, productAggregates } from '#schemas/orders/topics.ts'

const size = minutes(5)
const grace = seconds(30)
/** Beyond a thousand ids in a window their number is an estimate, so that a window of the best seller stays small. */
const distinct = { exactUpTo: 1_000, relativeError: 0.02 }

const orders = from(orderEvents)

const perUser = orders.pipe(
  tumbling('per-user', { size, grace, late: lateOrders }),
  aggregate(
    {
      orders: count(),
      items: sum(o => o.items.length),
      units: sum(o => o.items.reduce((units, i) => units + i.quantity, 0)),
      revenue: sum(o => o.total, { decimals: 4 }),
      largest: max(o => o.total),
      smallest: min(o => o.total),
    },
    { emit: 'on-close' },
  ),
  map(({ key, start, end, revision, value }) => ({
    user_id: key,
    window_start: start,
    window_end: end,
    ...value,
    average: divide(value.revenue, value.orders, 4),
    largest: decimal(value.largest, 4),
    smallest: decimal(value.smallest, 4),
    revision,
  })),
)

const perProduct = orders.pipe(
  flatMap(({ order_id, user_id, items }, { at }) =>
    items.map(({ product_id, quantity, price }) => ({
      product_id,
      event_time: at,
      quantity,
      amount: decimal(times(price, quantity), 4),
      order_id,
      user_id,
    })),
  ),
  keyBy(line => line.product_id, { via: linesByProduct }),
  tumbling('per-product', { size, grace, late: lateLines }),
  aggregate(
    {
      orders: approxDistinct(l => l.order_id, distinct),
      units: sum(l => l.quantity),
      revenue: sum(l => l.amount, { decimals: 4 }),
      buyers: approxDistinct(l => l.user_id, distinct),
    },
    { emit: 'on-close' },
  ),
  map(({ key, start, end, revision, value }) => ({ product_id: key, window_start: start, window_end: end, ...value, revision })),
)

/**
 * Windows of five minutes, half a minute of grace. Per user the orders' own totals are summed, per product the amounts of the lines: both exact to
 * four digits. Prices, quantities and totals are taken as they come, also negative ones: what an order may be is decided by whoever writes
 * `order_events`. A number that is none (NaN) makes the order a dead letter as a whole.
 */
export const eventAggregator = processor('event-aggregator', [perUser.to(orderAggregates), perProduct.to(productAggregates)])
