// A process of its own, to be killed: loads numbered records without end and prints the offset after every load that was acknowledged.
// node endless-loader.ts DIRECTORY
import { openPglite } from '#lib/adapters/postgres/pglite.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { letterOf, MIGRATION, NUMBERS, rowsOf, SINK } from './numbered-records.ts'

const tables = await openTables(await openPglite(process.argv[2]!))
await tables.migrate([MIGRATION])
let from = await tables.position(SINK, 'in', 0, 0)
for (;;) {
  const to = from + 1 + ((from * 7919) % 300)
  const records = Array.from({ length: to - from }, (_, i) => from + i)
  const rows = records.flatMap(o => rowsOf(o).map(row => ({ o, row })))
  await tables.load({
    sink: SINK,
    topic: 'in',
    partition: 0,
    from,
    to,
    writes: [
      {
        table: NUMBERS,
        mode: 'upsert',
        columns: Object.keys(NUMBERS.columns).map(c => rows.map(({ row }) => row[c])),
        offsets: rows.map(({ o }) => o),
      },
    ],
    deletes: [],
    deadLetters: records.flatMap(letterOf),
  })
  from = to
  process.stdout.write(`${to}\n`)
}
