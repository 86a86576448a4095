// Sessions, sliding hours and growing days of a shop's customers, computed from the CSV alone, one window after the other, with no code of ours.
//   node test/oracle/retail-windows.ts FILE…     prints how many there are
import { money, type Order, ordersIn } from './retail-orders.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
export const GAP = 30 * MINUTE
export const SIZE = HOUR
export const HOP = 15 * MINUTE
export const DAY = 24 * HOUR
export const STEP = HOUR

/** Rows `user,start,end,orders,revenue,largest`, sorted; times in ms. */
export interface RetailWindows {
  readonly sessions: readonly string[]
  readonly hours: readonly string[]
  readonly days: readonly string[]
}
type Bounds = readonly [start: number, end: number]

export function retailWindows(files: readonly string[]): RetailWindows {
  const byUser = Map.groupBy(ordersIn(files), o => o.user)
  const rows = (windowsOf: (times: readonly number[]) => Iterable<Bounds>): readonly string[] => {
    const lines: string[] = []
    for (const [user, orders] of byUser)
      for (const [start, end] of windowsOf(orders.map(o => o.time).sort((a, b) => a - b))) {
        const inside = orders.filter(o => start <= o.time && o.time < end)
        if (inside.length > 0) lines.push(row(user, start, end, inside))
      }
    return lines.sort()
  }
  return { sessions: rows(sessionsOf), hours: rows(hoursOf), days: rows(daysOf) }
}

function row(user: string, start: number, end: number, orders: readonly Order[]): string {
  const revenue = orders.reduce((sum, o) => sum + o.total, 0n)
  const largest = orders.reduce((most, o) => (o.total > most ? o.total : most), orders[0]!.total)
  return [user, start, end, orders.length, money(revenue), money(largest)].join()
}
/** Orders at most a gap apart are one session, which ends a gap after its last order. */
function* sessionsOf(times: readonly number[]): Generator<Bounds> {
  let [first, last] = [times[0]!, times[0]!]
  for (const time of times) {
    if (time - last > GAP) {
      yield [first, last + GAP]
      first = time
    }
    last = time
  }
  yield [first, last + GAP]
}
/** Every hour that begins at a quarter and holds an order. */
function* hoursOf(times: readonly number[]): Generator<Bounds> {
  const starts = new Set<number>()
  for (const time of times) for (let start = time - (time % HOP); start > time - SIZE; start -= HOP) starts.add(start)
  for (const start of starts) yield [start, start + SIZE]
}
/** Of every day with an order, every hour's end from the first order on. */
function* daysOf(times: readonly number[]): Generator<Bounds> {
  for (const day of new Set(times.map(t => t - (t % DAY)))) for (let end = day + STEP; end <= day + DAY; end += STEP) yield [day, end]
}

if (import.meta.main) {
  const windows = retailWindows(process.argv.slice(2))
  console.log(Object.fromEntries(Object.entries(windows).map(([kind, rows]) => [kind, rows.length])))
}
