// What windows cost per event: count, sum, min and max over 10,000 keys, final results, without log and codec. npm run bench -- windows [rounds]
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
  processor,
  scan,
  seconds,
  session,
  sum,
  topic,
  tumbling,
} from '#lib/index.ts'
import { type Feed, perEvent, printFigures, Rig } from './rig/pipeline.ts'

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
/** Five minutes hold some 100,000 events, as in the benchmark kit's job: ten of each key. */
const feed: Feed = { values, events: 1_000_000, at: i => 1_760_000_000_000 + i * 3 - ((i * 31) % 900) }

const timed = { grace: seconds(30), late: 'count-and-drop' } as const
const folds = { n: count(), total: sum((o: Order) => o.total), low: min((o: Order) => o.total), high: max((o: Order) => o.total) }
const windows = {
  tumbling: () => tumbling<Order, string>('w', { ...timed, size: minutes(5) }),
  hopping: () => hopping<Order, string>('w', { ...timed, size: minutes(5), hop: minutes(1) }),
  cumulating: () => cumulating<Order, string>('w', { ...timed, size: minutes(15), step: minutes(1) }),
}
const rig = (of: keyof typeof windows, emit: Emit): Rig =>
  new Rig(
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
    orders as never,
    [results as never],
  )
const sessions = (): Rig =>
  new Rig(
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
    orders as never,
    [results as never],
  )
const byHand = (): Rig =>
  new Rig(
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
    orders as never,
    [results as never],
  )

printFigures(
  perEvent(
    {
      'tumbling 5 min': () => rig('tumbling', 'on-close'),
      'hopping 5 min / 1 min': () => rig('hopping', 'on-close'),
      'cumulating 15 min / 1 min': () => rig('cumulating', 'on-close'),
      'session 1 min': sessions,
      'tumbling 5 min, on update': () => rig('tumbling', 'on-update'),
      'tumbling 5 min, every 10 s': () => rig('tumbling', { every: seconds(10) }),
      'scan, for comparison': byHand,
    },
    feed,
    Number(process.argv[2] ?? 5),
  ),
  { 'tumbling 5 min': 0.15, 'hopping 5 min / 1 min': 0.35, 'session 1 min': 0.15 },
  'tumbling 5 min',
)
