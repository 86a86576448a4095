// What an editor shows of what is inferred: under a line, at the caret, the quick info there. hovers.test.ts asks the compiler's own language service.
import { filter as rxFilter, map as rxMap, pipe } from 'rxjs'
import {
  aggregate,
  branch,
  count,
  cumulating,
  days,
  distinct,
  filter,
  flatMap,
  from,
  hopping,
  hours,
  keyBy,
  keyInPlace,
  map,
  max,
  merge,
  mergeTagged,
  millis,
  minutes,
  rx,
  scan,
  seconds,
  session,
  stage,
  stampWith,
  sum,
  tableFrom,
  tap,
  tee,
  type Topic,
  tumbling,
} from '#lib/index.ts'

interface Order {
  order_id: string
  user_id: string
  at: number
  total: number
  channel: 'web' | 'store'
  items: Item[]
}
interface Item {
  product_id: string
  quantity: number
  price: number
}
interface View {
  view_id: string
  at: number
}
declare const orderEvents: Topic<Order>
declare const productViews: Topic<View>
declare const numbers: Topic<View, number>
declare const viewsByUser: Topic<View & { user_id: string }>
const timed = { grace: seconds(1), late: 'count-and-drop' } as const

// ---- sources and stages without memory
export const orders = from(orderEvents)
//           ^? const orders: Flow<Order, string>
export const counted = from(numbers)
//           ^? const counted: Flow<View, number>
export const mapped = orders.pipe(map((o, { at }) => ({ user: o.user_id, at })))
//           ^? const mapped: Flow<{ user: string; at: number; }, string>
export const web = orders.pipe(filter((o): o is Order & { channel: 'web' } => o.channel === 'web'))
//           ^? const web: Flow<Order & { channel: "web"; }, string>
export const kept = orders.pipe(filter(o => o.total > 0))
//           ^? const kept: Flow<Order, string>
export const items = orders.pipe(flatMap(o => o.items))
//           ^? const items: Flow<Item, string>
export const looked = orders.pipe(
  tap(o => void o.total),
  tee(orderEvents),
  stampWith(o => o.at),
)
//           ^? const looked: Flow<Order, string>
export const reactive = orders.pipe(
  rx(
    pipe(
      rxFilter(o => o.total > 1),
      rxMap(o => o.total),
    ),
  ),
)
//           ^? const reactive: Flow<number, string>

// ---- keys
export const byProduct = items.pipe(keyInPlace(i => i.product_id))
//           ^? const byProduct: Flow<Item, string>
export const byUser = from(productViews).pipe(
  map(v => ({ ...v, user_id: v.view_id })),
  keyBy(v => v.user_id, { via: viewsByUser }),
)
//           ^? const byUser: Flow<View & { user_id: string; }, string>

// ---- flows together and apart
export const both = merge(orders, byUser)
//           ^? const both: Flow<Order | (View & { user_id: string; }), string>
export const tagged = mergeTagged({ order: orders, view: byUser })
//           ^? const tagged: Flow<{ readonly from: "order"; readonly value: Order; } | { readonly from: "view"; readonly value: View & { user_id: string; }; }, string>
export const parts = branch(orders, {
  //         ^? const parts: { readonly big: Flow<Order, string>; readonly web: Flow<Order & { channel: "web"; }, string>; readonly rest: Flow<Order, string>; }
  big: o => o.total > 100,
  web: (o): o is Order & { channel: 'web' } => o.channel === 'web',
  rest: 'otherwise',
})
export const { big } = parts
//             ^? const big: Flow<Order, string>
export const { web: fromWeb } = parts
//                  ^? const fromWeb: Flow<Order & { channel: "web"; }, string>

// ---- memory
export const numbered = orders.pipe(scan('n', { version: 1, ttl: null, initial: () => 0, next: n => ({ state: n + 1, emit: [n] }) }))
//           ^? const numbered: Flow<number, string>
export const once = orders.pipe(distinct('once', { version: 1, by: o => o.order_id, within: hours(1) }))
//           ^? const once: Flow<Order, string>
export const own = orders.pipe(
  stage<Order, string, 'seen', number>({ step: 'own', name: 'own', version: 1, ttl: days(1), open: c => () => c.emit('seen') }),
)
//           ^? const own: Flow<"seen", string>

// ---- windows and what comes out of them
export const windows = orders.pipe(tumbling('t', { size: minutes(1), ...timed }))
//           ^? const windows: Windowed<Order, string, "fixed">
export const sessions = orders.pipe(session('s', { gap: minutes(1), ...timed }))
//           ^? const sessions: Windowed<Order, string, "merging">
export const perMinute = windows.pipe(aggregate({ n: count(), revenue: sum(o => o.total, { decimals: 4 }) }, { emit: 'on-close' }))
//           ^? const perMinute: Flow<WindowResult<{ n: number; revenue: Decimal<4>; }, string>, string>
export const hops = orders.pipe(
  hopping('h', { size: minutes(5), hop: minutes(1), ...timed }),
  aggregate({ largest: max(o => o.total) }, { emit: { every: seconds(10) } }),
)
//           ^? const hops: Flow<WindowResult<{ largest: number; }, string>, string>
export const steps = orders.pipe(
  cumulating('c', { size: days(1), step: hours(1), grace: millis(0), late: { correct: days(1) } }),
  aggregate({ first: count() }, { emit: 'on-update' }),
)
//           ^? const steps: Flow<WindowResult<{ first: number; }, string>, string>
export const closedSessions = sessions.pipe(aggregate({ n: count() }, { emit: 'on-close' }))
//           ^? const closedSessions: Flow<WindowResult<{ n: number; }, string>, string>
export const updatedSessions = sessions.pipe(aggregate({ n: count() }, { emit: 'on-update' }))
//           ^? const updatedSessions: Flow<WindowResult<{ n: number; } | null, string>, string>

// ---- tables to join with
export const latest = tableFrom('users', orderEvents, { versions: 'latest', version: 1 })
//           ^? const latest: TableView<Order, string, "latest">
export const versioned = tableFrom('users', orderEvents, { versions: { keepFor: days(30) }, version: 1 })
//           ^? const versioned: TableView<Order, string, "versioned">

// ---- twelve stages: inference survives to the end
export const twelve = orders.pipe(
  filter(o => o.total > 0),
  flatMap(o => o.items),
  filter(i => i.quantity > 0),
  map(i => ({ ...i, amount: i.price * i.quantity })),
  tap(i => void i.amount),
  keyInPlace(i => i.product_id),
  tumbling('t', { size: minutes(1), ...timed }),
  aggregate({ n: count(), amount: sum(i => i.amount, { decimals: 2 }) }, { emit: 'on-close' }),
  filter(w => w.value.n > 2),
  map(w => ({ product: w.key, n: w.value.n, amount: w.value.amount, w })),
  rx(rxMap(x => ({ ...x, twice: x.n * 2 }))),
  map(x => [x.product, x.twice, x.amount] as const),
)
//           ^? const twelve: Flow<readonly [string, number, Decimal<2>], string>
