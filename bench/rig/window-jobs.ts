// What the benchmarks of windows compute: count, sum, min and max over 10,000 keys. A processor is written once and opened anew for each round, as it is for
// each partition.
import {
  aggregate,
  count,
  cumulating,
  type Emit,
  from,
  hopping,
  json,
  map,
  max,
  min,
  minutes,
  type Processor,
  processor,
  scan,
  seconds,
  session,
  sum,
  topic,
  tumbling,
} from '#lib/index.ts'
import { type Feed, Rig } from './pipeline.ts'

interface Order {
  readonly user: string
  readonly at: number
  readonly total: number
}
interface Result {
  readonly user: string
  readonly at: number
}
const orders = topic('orders', { key: 'user', time: 'at', value: json(v => v as Order) })
const results = topic('results', { key: 'user', time: 'at', value: json(v => v as Result) })

const KEYS = 10_000
const values = Array.from({ length: 2 * KEYS }, (_, i) => {
  const key = `user-${String((i * 7_919) % KEYS).padStart(5, '0')}`
  return { key, value: { user: key, at: 0, total: (i % 5_000) / 100 } }
})
/** Five minutes hold some 100,000 events, as in the benchmark kit's job: ten of each key. After `after` events, which is a multiple of all values. */
export const feedOf = (events: number, after = 0): Feed => ({
  values,
  events,
  at: i => 1_760_000_000_000 + (after + i) * 3 - (((after + i) * 31) % 900),
})

const timed = { grace: seconds(30), late: 'count-and-drop' } as const
const folds = { n: count(), total: sum((o: Order) => o.total), low: min((o: Order) => o.total), high: max((o: Order) => o.total) }
const windows = {
  tumbling: () => tumbling<Order, string>('w', { ...timed, size: minutes(5) }),
  hopping: () => hopping<Order, string>('w', { ...timed, size: minutes(5), hop: minutes(1) }),
  cumulating: () => cumulating<Order, string>('w', { ...timed, size: minutes(15), step: minutes(1) }),
}
const opened =
  (p: Processor): (() => Rig) =>
  () =>
    new Rig(p, orders as never, [results as never])
const windowed = (of: keyof typeof windows, emit: Emit): (() => Rig) =>
  opened(
    processor(
      'bench',
      from(orders)
        .pipe(
          windows[of](),
          aggregate(folds, { emit }),
          map(w => ({ user: w.key, at: w.start })),
        )
        .to(results),
    ),
  )
const sessions = (): (() => Rig) =>
  opened(
    processor(
      'bench',
      from(orders)
        .pipe(
          session('w', { ...timed, gap: minutes(1) }),
          aggregate(folds, { emit: 'on-close' }),
          map(w => ({ user: w.key, at: w.start })),
        )
        .to(results),
    ),
  )
const byHand = (): (() => Rig) =>
  opened(
    processor(
      'bench',
      from(orders)
        .pipe(
          scan('by-hand', {
            version: 1,
            ttl: null,
            initial: () => ({ n: 0, total: 0 }),
            next: (s, o) => ({ state: { n: s.n + 1, total: s.total + o.total }, emit: [] as Result[] }),
          }),
        )
        .to(results),
    ),
  )

export const jobs = {
  'tumbling 5 min': windowed('tumbling', 'on-close'),
  'hopping 5 min / 1 min': windowed('hopping', 'on-close'),
  'cumulating 15 min / 1 min': windowed('cumulating', 'on-close'),
  'session 1 min': sessions(),
  'tumbling 5 min, on update': windowed('tumbling', 'on-update'),
  'tumbling 5 min, every 10 s': windowed('tumbling', { every: seconds(10) }),
  'scan, for comparison': byHand(),
} as const satisfies Readonly<Record<string, () => Rig>>
