// What the orders system must make of "Online Retail" files: computed from the CSV alone, in one pass over memory, with no code of ours.
//   node test/oracle/online-retail.ts FILE… [--dump DIR]     prints the figures; --dump writes every expected row, sorted, as CSV
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

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
  const runs = new Map<string, number>()
  const count = { rows: 0, orders: 0, cancelled: 0, refused: 0, late: 0 }
  let revenue = 0n
  let streamTime = -Infinity
  let run: Row[] = []

  const invoice = (): void => {
    const [first] = run
    if (first === undefined) return
    if (first.invoice.startsWith('C')) return void count.cancelled++
    if (run.some(r => r.quantity <= 0 || r.price < 0n)) return void count.refused++
    count.orders++
    const n = (runs.get(first.invoice) ?? 0) + 1
    runs.set(first.invoice, n)
    const id = n === 1 ? first.invoice : `${first.invoice}-${n}`
    const time = Math.min(...run.map(r => r.time))
    const user = first.customer.replace(/\.0$/, '') || 'guest'
    const total = rounded(run.reduce((sum, r) => sum + r.price * BigInt(r.quantity), 0n))
    revenue += total
    const start = Math.floor(time / WINDOW) * WINDOW
    const isLate = start + WINDOW + GRACE <= streamTime
    streamTime = Math.max(streamTime, time)
    if (isLate) return void count.late++
    const u = entry(users, `${user}\t${start}`, () => ({ orders: 0, items: 0, units: 0, revenue: 0n, largest: total, smallest: total }))
    u.orders++
    u.items += run.length
    u.revenue += total
    if (total > u.largest) u.largest = total
    if (total < u.smallest) u.smallest = total
    for (const r of run) {
      u.units += r.quantity
      const p = entry(products, `${r.stock}\t${start}`, () => ({ orders: new Set(), units: 0, revenue: 0n, buyers: new Set() }))
      p.orders.add(id)
      p.units += r.quantity
      p.revenue += rounded(r.price * BigInt(r.quantity))
      p.buyers.add(user)
    }
  }
  for (const file of files) {
    for (const row of rowsOf(file)) {
      count.rows++
      if (run.length > 0 && run[0]!.invoice !== row.invoice) {
        invoice()
        run = []
      }
      run.push(row)
    }
  }
  invoice()
  return { ...count, revenue, users, products }
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

interface Row {
  readonly invoice: string
  readonly stock: string
  readonly quantity: number
  readonly time: number
  /** In hundred-millionths. */
  readonly price: bigint
  readonly customer: string
}

function* rowsOf(file: string): Generator<Row> {
  const bytes = readFileSync(file)
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
  const rows = cellsOf(text)
  const header = rows.next().value as string[]
  const at = (name: string): number => {
    const i = header.indexOf(name)
    if (i < 0) throw new Error(`${file} has no column ${name}`)
    return i
  }
  const [invoice, stock, quantity, date, price, customer] = [
    'InvoiceNo',
    'StockCode',
    'Quantity',
    'InvoiceDate',
    'UnitPrice',
    'CustomerID',
  ].map(at)
  for (const cells of rows) {
    yield {
      invoice: cells[invoice!]!,
      stock: cells[stock!]!,
      quantity: Number(cells[quantity!]!),
      time: Date.parse(`${cells[date!]!.replace(' ', 'T')}Z`),
      price: scaled(cells[price!]!),
      customer: cells[customer!]!,
    }
  }
}

/** RFC 4180. */
function* cellsOf(text: string): Generator<string[]> {
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy
  let cells: string[] = []
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (match === null) throw new Error(`not CSV: ${text.slice(0, 80)}`)
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === ',') continue
    yield cells
    cells = []
  }
}

const PRICE = /^(-?)(\d+)(?:\.(\d{1,8}))?$/
function scaled(text: string): bigint {
  const match = PRICE.exec(text)
  if (match === null) throw new Error(`not a price: ${text}`)
  const units = BigInt(match[2]! + (match[3] ?? '').padEnd(8, '0'))
  return match[1] === '-' ? -units : units
}
const rounded = (hundredMillionths: bigint): bigint => divided(hundredMillionths, 10_000n)
/** Half away from zero. */
const divided = (a: bigint, b: bigint): bigint => (a < 0n ? -((-2n * a + b) / (2n * b)) : (2n * a + b) / (2n * b))
const money = (units: bigint): string => {
  const digits = (units < 0n ? -units : units).toString().padStart(5, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
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
