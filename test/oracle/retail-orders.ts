// Orders out of "Online Retail" files, read from the CSV by plain code: nothing of ours is used.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** An order of the shop: the rows of one invoice that is neither a cancellation nor a correction of the stock. */
export interface Order {
  readonly id: string
  readonly user: string
  /** Event time, ms. */
  readonly time: number
  /** In ten-thousandths. */
  readonly total: bigint
  readonly rows: readonly Row[]
}
export interface Counts {
  rows: number
  orders: number
  cancelled: number
  refused: number
}
export const noCounts = (): Counts => ({ rows: 0, orders: 0, cancelled: 0, refused: 0 })

/** The orders in the order of the files, and what was counted on the way. */
export function* ordersIn(files: readonly string[], count: Counts = noCounts()): Generator<Order> {
  const runs = new Map<string, number>()
  for (const rows of invoicesIn(files, count)) {
    const [first] = rows
    if (first!.invoice.startsWith('C')) count.cancelled++
    else if (rows.some(r => r.quantity <= 0 || r.price < 0n)) count.refused++
    else {
      count.orders++
      const n = (runs.get(first!.invoice) ?? 0) + 1
      runs.set(first!.invoice, n)
      yield {
        id: n === 1 ? first!.invoice : `${first!.invoice}-${n}`,
        user: first!.customer.replace(/\.0$/, '') || 'guest',
        time: Math.min(...rows.map(r => r.time)),
        total: rounded(rows.reduce((sum, r) => sum + r.price * BigInt(r.quantity), 0n)),
        rows,
      }
    }
  }
}

/** Runs of rows with one invoice number. */
function* invoicesIn(files: readonly string[], count: Counts): Generator<readonly Row[]> {
  let run: Row[] = []
  for (const file of files) {
    for (const row of rowsOf(file)) {
      count.rows++
      if (run.length > 0 && run[0]!.invoice !== row.invoice) {
        yield run
        run = []
      }
      run.push(row)
    }
  }
  if (run.length > 0) yield run
}

export interface Row {
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

// ---- amounts

/** Of hundred-millionths: ten-thousandths. */
export const rounded = (hundredMillionths: bigint): bigint => divided(hundredMillionths, 10_000n)
/** Half away from zero. */
export const divided = (a: bigint, b: bigint): bigint => (a < 0n ? -((-2n * a + b) / (2n * b)) : (2n * a + b) / (2n * b))
export const money = (units: bigint): string => {
  const digits = (units < 0n ? -units : units).toString().padStart(5, '0')
  return `${units < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}
