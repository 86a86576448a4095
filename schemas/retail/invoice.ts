// An invoice of the "Online Retail" data set (UCI Machine Learning Repository), as its rows are written.
import { feed, json, MillraceError } from '#lib/index.ts'
import type { OrderItem } from '../orders/order.generated.ts'

/** The columns of the file. */
export const INVOICE_COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const

/** Consecutive rows of one InvoiceNo. */
export interface Invoice {
  readonly invoice_no: string
  /** The smallest InvoiceDate of its rows; the shop's local time counts as UTC. */
  readonly event_time: number
  /** CustomerID without `.0`; 'guest' where it is empty. */
  readonly user_id: string
  readonly country: string | null
  /** Negative quantities and prices are readable: whether that makes an order is decided elsewhere. */
  readonly items: readonly OrderItem[]
}

/** Rows grouped by InvoiceNo: `{ InvoiceNo, rows: [{ StockCode, … }, …] }`, every cell as text. A row that cannot be read makes the whole invoice ROW_INVALID. */
export const invoices = feed('online-retail', { value: json(invoiceOf), key: 'invoice_no', time: 'event_time' })

/** Customer and country are those of the first row: the rows of an invoice share them. @throws ROW_INVALID naming row, column and text */
export function invoiceOf(value: unknown): Invoice {
  const { InvoiceNo: invoice_no, rows } = (value ?? {}) as { readonly InvoiceNo?: unknown; readonly rows?: unknown }
  if (typeof invoice_no !== 'string' || invoice_no === '') throw new MillraceError('ROW_INVALID', `the rows have no InvoiceNo`)
  if (!Array.isArray(rows) || rows.length === 0) throw new MillraceError('ROW_INVALID', `invoice ${invoice_no} has no rows`)
  const cellsOf = (row: unknown, i: number): Cells => new Cells(row, `invoice ${invoice_no}, row ${i + 1}`)
  let event_time = Infinity
  const items = rows.map((row: unknown, i): OrderItem => {
    const cells = cellsOf(row, i)
    event_time = Math.min(event_time, cells.time('InvoiceDate'))
    return { product_id: cells.filled('StockCode'), quantity: cells.whole('Quantity'), price: cells.number('UnitPrice') }
  })
  const first = cellsOf(rows[0], 0)
  return {
    invoice_no,
    event_time,
    user_id: first.text('CustomerID').replace(/\.0$/, '') || 'guest',
    country: first.text('Country') || null,
    items,
  }
}

const WHOLE = /^-?\d{1,10}$/
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/
const INT = 2 ** 31

/** The cells of a row, read as what they must be. */
class Cells {
  readonly #cells: Readonly<Record<string, unknown>>
  readonly #where: string
  constructor(row: unknown, where: string) {
    this.#cells = (row ?? {}) as Readonly<Record<string, unknown>>
    this.#where = where
  }
  text(column: string): string {
    const cell = this.#cells[column]
    return typeof cell === 'string' ? cell : this.#refuse(column, 'text is needed')
  }
  filled(column: string): string {
    return this.text(column) || this.#refuse(column, 'it must not be empty')
  }
  whole(column: string): number {
    const text = this.text(column)
    const n = WHOLE.test(text) ? Number(text) : NaN
    return n >= -INT && n < INT ? n : this.#refuse(column, 'a whole number of 32 bits is needed')
  }
  number(column: string): number {
    const text = this.text(column)
    const n = NUMBER.test(text) ? Number(text) : NaN
    return Number.isFinite(n) ? n : this.#refuse(column, 'a number is needed')
  }
  time(column: string): number {
    const text = this.text(column)
    const ms = millisOf(text)
    return ms >= 0 ? ms : this.#refuse(column, 'a time such as 2010-12-01 08:26:00, from 1970 on, is needed')
  }
  #refuse(column: string, needed: string): never {
    throw new MillraceError(
      'ROW_INVALID',
      `${this.#where}: ${column} is ${JSON.stringify(this.#cells[column])?.slice(0, 80) ?? 'missing'}; ${needed}`,
    )
  }
}

/** Consecutive rows tell the same time. */
let known = { text: '', ms: NaN }
function millisOf(text: string): number {
  if (text !== known.text) {
    const iso = `${text.replace(' ', 'T')}.000Z`
    const ms = Date.parse(iso)
    // a date that does not exist (30 February) is refused or moved: it does not read back
    known = { text, ms: Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? NaN : ms }
  }
  return known.ms
}
