// What the orders system must make of "Online Retail" files: computed from the CSV alone, in one pass over memory, with no code of ours.
//   node test/oracle/online-retail.ts FILE… [--dump DIR]     prints the figures; --dump writes every expected row, sorted, as CSV
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { divided, money, noCounts, ordersIn, rounded } from './retail-orders.ts'

const WINDOW = 300_000
const GRACE = 30_000

export interface UserWindow {
  orders: number
  items: number
  units: number
  revenue: bigint
  largest: bigint
  smallest: bigint
}
export interface ProductWindow {
  orders: Set<string>
  units: number
  revenue: bigint
  buyers: Set<string>
}
export interface Expected {
  readonly rows: number
  readonly orders: number
  readonly cancelled: number
  readonly refused: number
  /** Orders that come after their window has closed, read in file order as one partition. */
  readonly late: number
  /** In ten-thousandths. */
  readonly revenue: bigint
  /** By `id \t window start in ms`. */
  readonly users: ReadonlyMap<string, UserWindow>
  readonly products: ReadonlyMap<string, ProductWindow>
}

export function expectedOf(files: readonly string[]): Expected {
  const users = new Map<string, UserWindow>()
  const products = new Map<string, ProductWindow>()
  const count = noCounts()
  let late = 0
  let revenue = 0n
  let streamTime = -Infinity
  for (const { id, user, time, total, rows } of ordersIn(files, count)) {
    revenue += total
    const start = Math.floor(time / WINDOW) * WINDOW
    const isLate = start + WINDOW + GRACE <= streamTime
    streamTime = Math.max(streamTime, time)
    if (isLate) {
      late++
      continue
    }
    const u = entry(users, `${user}\t${start}`, () => ({ orders: 0, items: 0, units: 0, revenue: 0n, largest: total, smallest: total }))
    u.orders++
    u.items += rows.length
    u.revenue += total
    if (total > u.largest) u.largest = total
    if (total < u.smallest) u.smallest = total
    for (const r of rows) {
      u.units += r.quantity
      const p = entry(products, `${r.stock}\t${start}`, () => ({ orders: new Set(), units: 0, revenue: 0n, buyers: new Set() }))
      p.orders.add(id)
      p.units += r.quantity
      p.revenue += rounded(r.price * BigInt(r.quantity))
      p.buyers.add(user)
    }
  }
  return { ...count, late, revenue, users, products }
}

const HEADERS = {
  users: 'user_id,time,window_end,orders,items,units,revenue,average,largest,smallest,revision',
  products: 'product_id,time,window_end,orders,units,revenue,buyers,revision',
}
/** Every row of order_aggregates as CSV, sorted; times as `2010-12-01T08:25:00.000Z`. */
export const userRows = ({ users }: Expected): readonly string[] =>
  sorted(users, ({ orders, items, units, revenue, largest, smallest }) => {
    const average = divided(revenue, BigInt(orders))
    return [orders, items, units, money(revenue), money(average), money(largest), money(smallest), 1]
  })
/** Every row of product_aggregates as CSV, sorted. */
export const productRows = ({ products }: Expected): readonly string[] =>
  sorted(products, ({ orders, units, revenue, buyers }) => [orders.size, units, money(revenue), buyers.size, 1])

export interface RevenueAlert {
  readonly id: string
  readonly severity: 'HIGH' | 'CRITICAL'
  readonly current: number
  readonly baseline: number
}
/** The alerts that the trend detector must give on revenue: alpha 0.3, above 2 and 5 times the baseline, at least 5 units, not in a product's first 3 windows. */
export function revenueAlerts({ products }: Expected): readonly RevenueAlert[] {
  const alerts: RevenueAlert[] = []
  const byProduct = new Map<string, { start: number; units: number; revenue: number }[]>()
  for (const [name, { units, revenue }] of products) {
    const [id, start] = name.split('\t') as [string, string]
    entry(byProduct, id, () => []).push({ start: Number(start), units, revenue: Number(money(revenue)) })
  }
  for (const [id, windows] of byProduct) {
    windows.sort((a, b) => a.start - b.start)
    let baseline = windows[0]!.revenue
    let seen = 1
    let at = windows[0]!.start
    for (const { start, units, revenue: current } of windows.slice(1)) {
      for (at += WINDOW; at < start; at += WINDOW, seen++) baseline *= 0.7
      if (seen >= 3 && units >= 5 && current > 2 * baseline)
        alerts.push({ id: `revenue/${id}/${start}`, severity: current > 5 * baseline ? 'CRITICAL' : 'HIGH', current, baseline })
      baseline = 0.3 * current + 0.7 * baseline
      seen++
    }
  }
  return alerts.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function sorted<W>(windows: ReadonlyMap<string, W>, values: (window: W) => readonly (string | number)[]): readonly string[] {
  const rows: string[] = []
  for (const [name, window] of windows) {
    const [id, start] = name.split('\t') as [string, string]
    const time = (ms: number): string => new Date(ms).toISOString()
    rows.push([cell(id), time(Number(start)), time(Number(start) + WINDOW), ...values(window)].join(','))
  }
  return rows.sort()
}

const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
function entry<V>(map: Map<string, V>, key: string, made: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = made()))
  return value
}

if (import.meta.main) {
  const dump = process.argv.indexOf('--dump')
  const files = process.argv.slice(2, dump < 0 ? undefined : dump)
  const expected = expectedOf(files)
  const { users, products, revenue, ...figures } = expected
  console.log({ ...figures, userWindows: users.size, productWindows: products.size, revenue: money(revenue) })
  if (dump >= 0) {
    const directory = process.argv[dump + 1]!
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'order_aggregates.csv'), `${[HEADERS.users, ...userRows(expected)].join('\n')}\n`)
    writeFileSync(join(directory, 'product_aggregates.csv'), `${[HEADERS.products, ...productRows(expected)].join('\n')}\n`)
  }
}
