// What loading tables costs: rows a second through the Tables port on PGlite on disk (fence, upsert, durable commit), what of it is spent on the
// calling thread, the same with the rows in partitions of their months, and by hand: INSERT … VALUES of 500 rows with parameters, by PGlite's own query().
// node bench/tables.ts [rows, default 60000] [fast | small]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { literalsOf } from '#lib/adapters/postgres/batch.ts'
import { partsOf } from '#lib/adapters/postgres/parts.ts'
import { carePartitions } from '#lib/adapters/postgres/partitions.ts'
import { openPglite } from '#lib/adapters/postgres/pglite.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { decimal } from '#lib/model/decimal.ts'
import { type TableSpec, tableSpecOf } from '#lib/model/table.ts'
import type { Load } from '#lib/ports/tables.ts'
import { orderItems, productAggregates } from '#schemas/orders/tables.ts'
import { SplittableRandom } from './peers/splittable-random.ts'

const ROWS = Number(process.argv[2] ?? 60_000)
const memory = process.argv[3] === 'small' ? 'small' : 'fast'
const BATCH = 5_000
const START = Date.UTC(2010, 11, 1, 8)
const random = new SplittableRandom(7)

type Row = Readonly<Record<string, unknown>>
/** Windows in order, some 25 of 3,800 products in each. */
function aggregates(): Row[] {
  const rows: Row[] = []
  for (let time = START; rows.length < ROWS; time += 300_000 * (1 + random.nextInt(3))) {
    const products = new Set(Array.from({ length: 1 + random.nextInt(50) }, () => 20_000 + random.nextInt(3_800)))
    for (const product of products)
      rows.push({
        time: new Date(time),
        window_end: new Date(time + 300_000),
        product_id: String(product),
        orders: 1 + random.nextInt(5),
        units: 1 + random.nextInt(90),
        revenue: decimal(random.nextInt(900_000) / 100, 4),
        buyers: 1 + random.nextInt(5),
        revision: 1,
      })
  }
  return rows.slice(0, ROWS)
}
/** Some 20 lines an order. */
const items = (): Row[] =>
  Array.from({ length: ROWS }, (_, i) => {
    const order = Math.floor(i / 20)
    const quantity = 1 + random.nextInt(20)
    const pence = 100 + random.nextInt(2_000)
    return {
      time: new Date(START + order * 60_000),
      order_id: String(536_365 + order),
      line: i % 20,
      product_id: String(20_000 + random.nextInt(3_800)),
      quantity,
      price: decimal(pence / 100, 4),
      amount: decimal((pence * quantity) / 100, 4),
    }
  })

const loadsOf = (table: TableSpec, rows: readonly Row[], sink: string): Load[] =>
  Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, b) => {
    const some = rows.slice(b * BATCH, (b + 1) * BATCH)
    const from = b * BATCH
    return {
      sink,
      topic: 'bench',
      partition: 0,
      from,
      to: from + some.length,
      writes: [
        { table, mode: 'upsert', columns: Object.keys(table.columns).map(c => some.map(r => r[c])), offsets: some.map((_, i) => from + i) },
      ],
      deletes: [],
      deadLetters: [],
    }
  })

const folder = new URL('../sql/plain/', import.meta.url)
const migrations = readdirSync(folder)
  .filter(name => name.endsWith('.sql'))
  .map(name => ({ name, sql: readFileSync(new URL(name, folder), 'utf8') }))
const residentMb = (): number => Number(/VmRSS:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024
const peakMb = (): number => Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) / 1024

interface Measured {
  readonly seconds: number
  readonly cpu: number
}
async function measured(work: () => Promise<void> | void): Promise<Measured> {
  const [at, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - at) / 1000, cpu: (user + system) / 1e6 }
}
const line = (what: string, { seconds, cpu }: Measured): void =>
  console.log(
    `${what.padEnd(46)} ${String(Math.round(ROWS / seconds)).padStart(8)} rows/s ${((cpu * 1e6) / ROWS).toFixed(2).padStart(8)} µs of CPU a row`,
  )

const home = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
try {
  const before = residentMb()
  const created = await measured(async () => (await openPglite(join(home, 'tables'), { memory })).close())
  let connection = await openPglite(join(home, 'tables'), { memory })
  console.log(`create ${created.seconds.toFixed(1)} s; PGlite idle ${Math.round(residentMb() - before)} MB (${memory})`)
  let tables = await openTables(connection)
  await tables.migrate(migrations)
  for (const [what, table, rows] of [
    ['product_aggregates', tableSpecOf(productAggregates as never), aggregates()],
    ['order_items', tableSpecOf(orderItems as never), items()],
  ] as const) {
    const loads = loadsOf(table, rows, what)
    line(
      `${what}: literals only`,
      await measured(() => {
        for (const load of loads) for (const part of partsOf(load)) literalsOf(part)
      }),
    )
    const upsert = async (): Promise<void> => {
      const at = await tables.position(what, 'bench', 0, 0)
      if (at > 0) await connection.run([{ text: 'UPDATE millrace_sink_offset SET next_offset = 0' }])
      for (const load of loads) await tables.load(load)
    }
    line(`${what}: new rows`, await measured(upsert))
    line(`${what}: again (nothing changes)`, await measured(upsert))
    await connection.run([{ text: `TRUNCATE ${what}` }])
  }
  console.log(`after loading: ${Math.round(residentMb() - before)} MB, at most ${Math.round(peakMb() - before)} MB`)
  await carePartitions(connection, { now: START, aheadMonths: 24 })
  const loads = loadsOf(tableSpecOf(productAggregates as never), aggregates(), 'months')
  await tables.position('months', 'bench', 0, 0)
  line(
    'product_aggregates: new rows, by months',
    await measured(async () => {
      for (const load of loads) await tables.load(load)
    }),
  )
  await tables.close()
  const reopened = await measured(async () => {
    connection = await openPglite(join(home, 'tables'), { memory })
  })
  console.log(`reopen ${reopened.seconds.toFixed(1)} s`)
  tables = await openTables(connection)
  await tables.close()
  await byHand()
} finally {
  rmSync(home, { recursive: true })
}

async function byHand(): Promise<void> {
  const database = await PGlite.create(join(home, 'by-hand'))
  for (const { sql } of migrations) await database.exec(sql)
  const rows = aggregates()
  const names = Object.keys(rows[0]!)
  line(
    'product_aggregates: by hand, VALUES of 500',
    await measured(async () => {
      for (let at = 0; at < rows.length; at += 500) {
        const some = rows.slice(at, at + 500)
        const values = some.map((_, i) => `(${names.map((_, c) => `$${i * names.length + c + 1}`).join()})`).join()
        await database.query(
          `INSERT INTO product_aggregates (${names.map(n => `"${n}"`).join()}) VALUES ${values} ON CONFLICT (product_id, "time") DO UPDATE SET revision = excluded.revision`,
          some.flatMap(r => names.map(n => (typeof r[n] === 'object' && !(r[n] instanceof Date) ? String(r[n]) : r[n]))),
        )
      }
    }),
  )
  await database.close()
}
