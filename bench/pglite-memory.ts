// PGlite's own memory, measured apart: a process that holds nothing but PGlite with the tables of the orders system, loaded as `npm start` loads them:
// two hours of history at once, then a little all the time. What counts is its resident memory above that of Node before PGlite was opened.
// npm run bench -- pglite-memory [small loads, default 6000: an hour of a start's have the same size and come slower]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMigrated } from '#lib/embedded/migrated-tables.ts'
import { MIGRATIONS } from '../app/migrations.ts'
import { peakMb, residentMb } from './memory/resident.ts'
import { ShopRows } from './memory/shop-rows.ts'

const small = Number(process.argv[2] ?? 6_000)
/** Rows of the first two hours, and of one small load. */
const HISTORY: Readonly<Record<string, readonly [history: number, live: number]>> = {
  orders: [28_000, 3],
  order_items: [57_000, 7],
  product_views: [163_000, 18],
  order_aggregates: [19_000, 3],
  product_aggregates: [8_000, 1],
  trend_alerts: [1_600, 1],
}
const LOAD = 5_000

const home = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
try {
  const node = residentMb()
  const tables = await openMigrated(join(home, 'tables'), MIGRATIONS)
  const told = (when: string): void =>
    console.log(
      `${when.padEnd(28)} ${residentMb().toFixed(0).padStart(5)} MB, ${(residentMb() - node).toFixed(0).padStart(4)} MB of it PGlite's`,
    )
  console.log(`${'Node before PGlite'.padEnd(28)} ${node.toFixed(0).padStart(5)} MB`)
  told('opened')
  const rows = MIGRATIONS.tables.filter(t => HISTORY[t.name] !== undefined).map(t => ({ name: t.name, shop: new ShopRows(t) }))
  for (const { name, shop } of rows) {
    await tables.position('bench', name, 0, 0)
    for (let left = HISTORY[name]![0]; left > 0; left -= LOAD) await tables.load(shop.load(Math.min(left, LOAD)))
  }
  told('after the history')
  const seen: number[] = []
  for (let i = 1; i <= small; i++) {
    const { name, shop } = rows[i % rows.length]!
    await tables.load(shop.load(HISTORY[name]![1]))
    if (i % 20 === 0) await tables.query(`SELECT count(*) FROM ${name} WHERE time > now()`)
    if (i > small / 2) seen.push(residentMb())
    if (i % (small / 4) === 0) told(`after ${i} small loads`)
  }
  const median = seen.sort((a, b) => a - b)[seen.length >> 1]!
  console.log(
    `PGlite's own: ${(median - node).toFixed(0)} MB (median of the second half of the small loads), at most ${(peakMb() - node).toFixed(0)} MB`,
  )
  await tables.close()
} finally {
  rmSync(home, { recursive: true })
}
