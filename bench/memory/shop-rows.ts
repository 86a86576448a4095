// Rows such as the orders system loads: values of the right type and size for every column of its tables, rows without end.
import { decimal } from '#lib/model/decimal.ts'
import type { TableSpec } from '#lib/model/table.ts'
import type { Load } from '#lib/ports/tables.ts'
import { SplittableRandom } from '../peers/splittable-random.ts'

const START = Date.UTC(2026, 0, 1)
const WINDOW = 300_000

/** Gives one load after the other of a table, each row new. */
export class ShopRows {
  readonly #table: TableSpec
  readonly #random = new SplittableRandom(7)
  #at = 0
  constructor(table: TableSpec) {
    this.#table = table
  }
  load(rows: number): Load {
    const from = this.#at
    const numbers = Array.from({ length: rows }, (_, i) => from + i)
    this.#at += rows
    return {
      sink: 'bench',
      topic: this.#table.name,
      partition: 0,
      from,
      to: this.#at,
      writes: [
        {
          table: this.#table,
          mode: 'upsert',
          columns: Object.entries(this.#table.columns).map(([column, { sql }]) => numbers.map(n => this.#value(column, sql, n))),
          offsets: numbers,
        },
      ],
      deletes: [],
      deadLetters: [],
    }
  }
  /** Within the tables' CHECKs: a window ends behind its start, the largest is not below the smallest. */
  #value(column: string, sql: string, n: number): unknown {
    if (column === 'time') return new Date(START + n * 25)
    if (column === 'window_end') return new Date(START + n * 25 + WINDOW)
    if (column === 'severity') return n % 5 === 0 ? 'CRITICAL' : 'HIGH'
    if (column === 'smallest') return decimal(0.01, 4)
    if (column === 'line') return n % 20
    if (sql === 'text') return column.endsWith('_id') ? `${column[0]}-${String(n).padStart(7, '0')}` : 'text'
    const some = 1 + this.#random.nextInt(90_000)
    return sql.startsWith('numeric') ? decimal(some / 100, 4) : sql.startsWith('float') ? some / 7 : 1 + (some % 90)
  }
}
