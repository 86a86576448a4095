// A process of its own, with full-disk.ts preloaded: loads numbered records, first with room, then without, then with room again.
// Prints as JSON what became of the loads and what the tables hold.
//   node --import full-disk.ts loader-on-a-full-disk.ts DIRECTORY
import { rmSync, writeFileSync } from 'node:fs'
import { openPglite } from '#lib/adapters/postgres/pglite.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { MIGRATION, NUMBERS, rowsOf, SINK } from './numbered-records.ts'

const MANY = 1_000
const marker = process.env['MILLRACE_TEST_FULL']!

const tables = await openTables(await openPglite(process.argv[2]!))
await tables.migrate([MIGRATION])
const position = (): Promise<number> => tables.position(SINK, 'in', 0, 0)

/** As a sink does: from where the database stands, after every error anew. */
async function loadOnce(): Promise<string> {
  try {
    const from = await position()
    const rows = Array.from({ length: MANY }, (_, i) => rowsOf(from + i).map(row => ({ o: from + i, row }))).flat()
    const columns = Object.keys(NUMBERS.columns).map(c => rows.map(({ row }) => row[c]))
    const writes = [{ table: NUMBERS, mode: 'upsert' as const, columns, offsets: rows.map(({ o }) => o) }]
    await tables.load({ sink: SINK, topic: 'in', partition: 0, from, to: from + MANY, writes, deletes: [], deadLetters: [] })
    return 'loaded'
  } catch (error) {
    return isMillraceError(error) ? error.code : String(error)
  }
}
/** What became of the next loads from the first that is refused on; at most 50 are not. */
async function refusedLoads(times: number): Promise<string[]> {
  const outcomes: string[] = []
  for (let i = 0; i < 50 + times && outcomes.length < times; i++) {
    const outcome = await loadOnce()
    if (outcome !== 'loaded' || outcomes.length > 0) outcomes.push(outcome)
  }
  return outcomes
}

await loadOnce()
const full: Record<string, unknown> = {}
/** A table's file cannot grow: the load is refused. WAL cannot: the database ends, and cannot be opened again. */
for (const place of ['base', 'xlogtemp']) {
  writeFileSync(marker, place)
  full[place] = await refusedLoads(3)
  rmSync(marker)
}
const roomy = await loadOnce()
const { rows } = await tables.query('SELECT count(*), count(DISTINCT id) FROM numbers WHERE id LIKE $$once-%$$')
process.stdout.write(JSON.stringify({ full, roomy, at: await position(), rows: rows[0] }))
await tables.close()
