// The tables of the orders system: the one truth of their columns, which sql/ is checked against. The names are a contract.
import { float8, integer, long, nullable, numeric, table, text, timestamptz } from '#lib/index.ts'

/** Money, exact to four digits. */
const money = numeric(18, 4)

/** Orders as they were placed. */
export const orders = table('orders', {
  columns: {
    time: timestamptz,
    order_id: text,
    user_id: text,
    country: nullable(text),
    currency: text,
    channel: text,
    /** Lines of the order. */
    items: integer,
    /** Sum of the lines' quantities. */
    units: long,
    total: money,
  },
  key: ['order_id', 'time'],
  time: 'time',
})

/** Lines of orders, counted from 0 within each. */
export const orderItems = table('order_items', {
  columns: { time: timestamptz, order_id: text, line: integer, product_id: text, quantity: integer, price: money, amount: money },
  key: ['order_id', 'line', 'time'],
  time: 'time',
})

/** Product views as they happened. */
export const productViews = table('product_views', {
  columns: { time: timestamptz, view_id: text, user_id: text, product_id: text, session_id: nullable(text) },
  key: ['view_id', 'time'],
  time: 'time',
})

/** What a user did in a window of five minutes; `time` is its start. */
export const orderAggregates = table('order_aggregates', {
  columns: {
    time: timestamptz,
    window_end: timestamptz,
    user_id: text,
    orders: long,
    items: long,
    units: long,
    revenue: money,
    average: money,
    largest: money,
    smallest: money,
    revision: integer,
  },
  key: ['user_id', 'time'],
  revision: 'revision',
  time: 'time',
})

/** What was sold of a product in a window of five minutes; `time` is its start. */
export const productAggregates = table('product_aggregates', {
  columns: {
    time: timestamptz,
    window_end: timestamptz,
    product_id: text,
    orders: long,
    units: long,
    revenue: money,
    buyers: long,
    revision: integer,
  },
  key: ['product_id', 'time'],
  revision: 'revision',
  time: 'time',
})

/** Products far above what is usual for them; `time` is the start of the window that stood out. */
export const trendAlerts = table('trend_alerts', {
  columns: {
    time: timestamptz,
    alert_id: text,
    metric: text,
    product_id: text,
    current: float8,
    baseline: float8,
    ratio: nullable(float8),
    severity: text,
  },
  key: ['alert_id', 'time'],
  time: 'time',
})
