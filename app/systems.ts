// Which processors, inputs and tables make a system, and in which order data goes through them.
import { ordersGenerator } from '#processors/orders/orders-generator.ts'
import { etlProcessor } from '#processors/orders/etl-processor.ts'
import { eventAggregator } from '#processors/orders/event-aggregator.ts'
import { trendDetector } from '#processors/orders/trend-detector.ts'
import { invoicesToOrders } from '#processors/retail/invoices-to-orders.ts'
import * as orderTables from '#schemas/orders/tables.ts'
import { cancelledInvoices } from '#schemas/retail/topics.ts'
import type { SummaryRow } from '#lib/cli/live/summary.ts'
import type { TablesQuestions } from '#lib/cli/live/tables-watch.ts'
import type { RunningSystem } from '#lib/cli/running.ts'
import { count, digits } from '#lib/cli/text/figures.ts'
import { type TableSpec, tableSpecOf } from '#lib/model/table.ts'
import { specOf } from '#lib/model/topic.ts'
import type { Processor } from '#lib/stages/processor.ts'

export interface System {
  readonly id: string
  /** Without those that bring data in; readers behind their writers, as a drain goes through them. */
  readonly processors: readonly Processor[]
  readonly tables: readonly TableSpec[]
  readonly shown: TablesQuestions
  /** What a run has made, from durable counts. */
  summary(system: RunningSystem): Promise<readonly SummaryRow[]>
}

/** What brings data in, by the name that the command line has for it. */
export const INPUTS = {
  generator: { processor: ordersGenerator, feed: 'orders-generator' },
  'online-retail': { processor: invoicesToOrders, feed: 'online-retail' },
} as const

const TABLES = ['orders', 'order_items', 'product_views', 'order_aggregates', 'product_aggregates', 'trend_alerts'] as const

const LATEST_ALERTS = `
  SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || '  ' || rpad(product_id, 8) || '  ' || rpad(severity, 8) || '  '
    || metric || ' ' || trim_scale(round(current::numeric, 2)) || ', usually ' || trim_scale(round(baseline::numeric, 2))
  FROM trend_alerts ORDER BY time DESC, alert_id LIMIT 3`

const orders: System = {
  id: 'orders',
  processors: [eventAggregator, trendDetector, etlProcessor],
  tables: Object.values(orderTables).map(t => tableSpecOf(t as never)),
  shown: { tables: TABLES, latest: { title: 'latest alerts', sql: LATEST_ALERTS } },
  summary: ordersSummary,
}

async function ordersSummary({ inspection, read }: RunningSystem): Promise<readonly SummaryRow[]> {
  const { rows } = await inspection.query(`
    SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM order_aggregates), (SELECT count(*) FROM product_aggregates),
      (SELECT coalesce(sum(revenue), 0) FROM order_aggregates), (SELECT count(*) FROM trend_alerts), (SELECT count(*) FROM millrace_dead_letter)`)
  const [made, userWindows, productWindows, revenue, alerts, refusedRows] = rows[0]!.map(v => v ?? '0')
  const { tasks } = await inspection.status()
  const refused = tasks
    .filter(t => t.kind === 'stream')
    .reduce((n, { counts }) => n + counts.refused + counts.refusedResults, Number(refusedRows))
  const cancelled = (await inspection.topics()).find(t => t.topic === specOf(cancelledInvoices).name)?.records
  const readRows = read()?.rows
  return [
    ...(readRows === undefined ? [] : [{ what: 'rows read', value: count(readRows), note: '' }]),
    { what: 'orders', value: count(Number(made)), note: 'table orders' },
    ...(cancelled === undefined ? [] : [{ what: 'cancelled', value: count(cancelled), note: `topic ${specOf(cancelledInvoices).name}` }]),
    { what: 'dead letters', value: count(refused), note: refused > 0 ? 'millrace dlq ls' : '' },
    { what: 'user windows', value: count(Number(userWindows)), note: 'table order_aggregates' },
    { what: 'product windows', value: count(Number(productWindows)), note: 'table product_aggregates' },
    { what: 'revenue', value: digits(revenue!), note: 'sum over order_aggregates' },
    ...(Number(alerts) === 0 ? [] : [{ what: 'trend alerts', value: count(Number(alerts)), note: 'table trend_alerts' }]),
  ]
}

export const SYSTEMS: readonly System[] = [orders]

/** Every processor that there is, in the order in which data goes through them. */
export const PROCESSORS: readonly Processor[] = [...Object.values(INPUTS).map(i => i.processor), ...orders.processors]
