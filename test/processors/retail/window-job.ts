// A shop's customers by sessions, by sliding hours and by growing days: the job that the retail checks run.
import {
  aggregate,
  count,
  cumulating,
  type Decimal,
  filter,
  from,
  hopping,
  hours,
  json,
  map,
  max,
  minutes,
  type Processor,
  processor,
  seconds,
  session,
  sum,
  topic,
  type WindowResult,
} from '#lib/index.ts'
import type { Order } from '#schemas/orders/order.generated.ts'
import { orderEvents } from '#schemas/orders/topics.ts'

export interface CustomerWindow {
  readonly user: string
  readonly start: number
  readonly end: number
  readonly orders: number
  readonly revenue: string
  readonly largest: string
  readonly revision: number
  readonly final: boolean
}
const resultsOf = (name: string) =>
  topic(name, {
    key: 'user',
    time: 'record-timestamp',
    value: json(v => v as CustomerWindow | (Pick<CustomerWindow, 'user' | 'start' | 'revision' | 'final'> & { orders: 0 })),
  })
export const customerSessions = resultsOf('customer-sessions')
export const customerHours = resultsOf('customer-hours')
export const customerDays = resultsOf('customer-days')

const exactly = (n: number): string => n.toFixed(4)
const folds = { orders: count(), revenue: sum((o: Order) => exactly(o.total), { decimals: 4 }), largest: max((o: Order) => o.total) }
type Result = WindowResult<{ readonly orders: number; readonly revenue: Decimal; readonly largest: number } | null, string>
/** What is taken back has no orders. */
const shown = ({ key: user, start, end, revision, final, value }: Result) =>
  value === null
    ? ({ user, start, revision, final, orders: 0 } as const)
    : { user, start, end, orders: value.orders, revenue: String(value.revenue), largest: exactly(value.largest), revision, final }
const words = { grace: seconds(30), late: 'count-and-drop' } as const

/** Sessions tell of every change, hours at ticks, days when they close. */
export const customerWindows: Processor = ((): Processor => {
  const orders = from(orderEvents)
  return processor('customer-windows', [
    orders
      .pipe(session('sessions', { gap: minutes(30), ...words }), aggregate(folds, { emit: 'on-update' }), map(shown))
      .to(customerSessions),
    orders
      .pipe(
        hopping('hours', { size: hours(1), hop: minutes(15), ...words }),
        aggregate(folds, { emit: { every: minutes(20) } }),
        filter(r => r.final),
        map(shown),
      )
      .to(customerHours),
    orders
      .pipe(cumulating('days', { size: hours(24), step: hours(1), ...words }), aggregate(folds, { emit: 'on-close' }), map(shown))
      .to(customerDays),
  ])
})()

type Seen = typeof customerSessions extends { readonly accepts: (value: infer V) => void } ? V : never
/** What a table would hold of the results: of every (user, start) the highest revision, and nothing of what was taken back; as the oracle writes it. */
export function rowsOf(results: readonly Seen[], by: 'start' | 'end'): readonly string[] {
  const rows = new Map<string, Seen>()
  for (const r of results) {
    const id = `${r.user} ${r.start} ${by === 'end' && 'end' in r ? r.end : ''}`
    const held = rows.get(id)
    if (held === undefined || r.revision > held.revision) rows.set(id, r)
  }
  return [...rows.values()].flatMap(r => ('end' in r ? [[r.user, r.start, r.end, r.orders, r.revenue, r.largest].join()] : [])).sort()
}
