// What folds give, as an author sees it on hover, and what the compiler must refuse of them.
import {
  aggregate,
  approxDistinct,
  collect,
  count,
  custom,
  type Decimal,
  earliest,
  type Flow,
  first,
  type Fold,
  from,
  last,
  latest,
  map,
  max,
  mean,
  min,
  minutes,
  percentile,
  seconds,
  sum,
  type Topic,
  tumbling,
  type WindowResult,
} from '#lib/index.ts'
import { equal } from './equal.ts'

interface Order {
  order_id: string
  country: string | null
  total: number
  note?: string
  tags: string[]
}
declare const orders: Topic<Order>
const summed = from(orders).pipe(
  tumbling('w', { size: minutes(1), grace: seconds(1), late: 'count-and-drop' }),
  aggregate(
    {
      orders: count(),
      doubles: sum(o => o.total),
      revenue: sum(o => o.total, { decimals: 4 }),
      least: min(o => o.total),
      last_id: max(o => o.order_id),
      average: mean(o => o.total),
      from: first(o => o.country),
      note: last(o => o.note),
      opening: earliest(o => ({ id: o.order_id, total: o.total })),
      closing: latest(o => o.total),
      ids: collect(o => o.order_id, { atMost: 100, beyond: 'drop-oldest' }),
      tags: collect(o => o.tags, { atMost: 100, beyond: 'fail' }),
      p99: percentile(o => o.total, { p: 0.99, relativeError: 0.01 }),
      countries: approxDistinct(o => o.country ?? '', { exactUpTo: 10, relativeError: 0.02 }),
      spread: custom('spread', {
        version: 1,
        initial: () => ({ low: Infinity, high: -Infinity }),
        add: (s, o: Order) => ({ low: Math.min(s.low, o.total), high: Math.max(s.high, o.total) }),
        merge: (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }),
        result: s => s.high - s.low,
      }),
    },
    { emit: 'on-close' },
  ),
)
interface Shown {
  orders: number
  doubles: number
  revenue: Decimal<4>
  least: number
  last_id: string
  average: number
  from: string | null
  note: string | undefined
  opening: { id: string; total: number }
  closing: number
  ids: readonly string[]
  tags: readonly string[][]
  p99: number
  countries: number
  spread: number
}
// ---- the value of a window has a field per fold, of the type that its function gives
equal<Flow<WindowResult<Shown, string>, string>>()(summed)

// ---- a fold by itself
equal<Fold<Order, readonly string[]>>()(collect((o: Order) => o.order_id, { atMost: 1, beyond: 'fail' }))
equal<Fold<Order, string | null>>()(first((o: Order) => o.country))
equal<Fold<unknown, number>>()(count())
equal<Fold<string, string>>()(
  custom('joined', { version: 1, initial: () => '', add: (s, v: string) => s + v, merge: (a, b) => a + b, result: s => s }),
)

export const refused = (): void => {
  const whole = { version: 1, merge: (a: { n: number }) => a, result: (s: { n: number }) => s.n }
  // @ts-expect-error the state of a custom fold is plain data
  custom('c', { ...whole, initial: () => new Map<string, number>(), add: s => s, merge: a => a, result: s => s.size })
  // @ts-expect-error add gives the next state
  custom('c', { ...whole, initial: () => ({ n: 0 }), add: () => ({ m: 1 }) })
  // @ts-expect-error it is not async
  custom('c', { ...whole, initial: () => ({ n: 0 }), add: async (s: { n: number }) => s })
  // @ts-expect-error nor may it forget to return
  custom('c', { ...whole, initial: () => ({ n: 0 }), add: (s: { n: number }) => void s.n++ })
  // @ts-expect-error state has a version
  custom('c', { initial: () => ({ n: 0 }), add: s => s, merge: a => a, result: s => s.n })
  // @ts-expect-error a bound says what becomes of what is beyond it
  collect((o: Order) => o.total, { atMost: 10 })
  // @ts-expect-error in one of three words
  collect((o: Order) => o.total, { atMost: 10, beyond: 'drop' })
  // @ts-expect-error a percentile says how exact it is
  percentile((o: Order) => o.total, { p: 0.99 })
  // @ts-expect-error a mean is one of numbers
  mean((o: Order) => o.order_id)
  // @ts-expect-error what may be null has no percentile
  percentile((o: { total: number | null }) => o.total, { p: 0.99, relativeError: 0.01 })
  // @ts-expect-error what is collected is not changed afterwards: windows share it
  map((w: { ids: readonly string[] }) => w.ids.push('more'))
}
