// Drives real invoice files through the whole orders system by the command line, if wanted with kill -9 at random moments, and compares every row of
// the aggregates with an independent calculation.
//   npm run check:retail -- [--kills N] [--partitions N] [--data DIR] [--windows] [FILE…]     (default: the files of ../shared/data/online-retail)
// With --windows: sessions, sliding hours and growing days instead (retail-windows.ts).
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { expectedOf, productRows, userRows } from '../oracle/online-retail.ts'
import { money } from '../oracle/retail-orders.ts'
import { checkRetailWindows } from './retail-windows.ts'
import { difference } from './rows.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '0' },
    partitions: { type: 'string', default: '4' },
    data: { type: 'string' },
    windows: { type: 'boolean', default: false },
  },
})
const folder = fileURLToPath(new URL('../../../shared/data/online-retail/', import.meta.url))
const files =
  positionals.length > 0
    ? positionals
    : existsSync(folder)
      ? readdirSync(folder)
          .filter(f => f.endsWith('.csv.gz'))
          .sort()
          .map(f => join(folder, f))
      : []
if (files.length === 0) throw new Error('no files given, and ../shared/data/online-retail is not here')
if (values.windows) {
  const differences = await checkRetailWindows({ files, kills: Number(values.kills), partitions: values.partitions, data: values.data })
  console.log(differences === 0 ? 'every row is equal' : `${differences} differences`)
  process.exit(differences === 0 ? 0 : 1)
}
const data = values.data ?? mkdtempSync(join(tmpdir(), 'millrace-retail-'))
const launcher = fileURLToPath(new URL('../../app/millrace.mjs', import.meta.url))
const SELECT_TIME = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}
/** Runs the command line; kills it with SIGKILL when `killing` resolves, unless it is over by then. */
function millrace(args: readonly string[], killing: ((over: AbortSignal) => Promise<void>) | null = null): Promise<Ended> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    const over = new AbortController()
    killing?.(over.signal).then(
      () => child.kill('SIGKILL'),
      () => {}, // it was over
    )
    child.on('close', (code, signal) => {
      over.abort()
      resolve({ code, signal, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() })
    })
  })
}
const run = ['run', 'orders', '--input', ...files, '--as', 'online-retail', '--drain', '--data', data, '--partitions', values.partitions]

const rows = async (sql: string): Promise<readonly string[]> => {
  const answer = await millrace(['query', sql, '--format', 'csv', '--data', data])
  if (answer.code !== 0) throw new Error(answer.err)
  return answer.out.trim().split(/\r?\n/).slice(1).sort()
}
/** What log and tables hold, in bytes: it grows with every commit that matters. */
const written = (): number =>
  ['log', 'tables/base']
    .map(part => join(data, part))
    .filter(existsSync)
    .flatMap(part => readdirSync(part, { recursive: true, encoding: 'utf8' }).map(name => join(part, name)))
    .reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
const WORK = 200_000

/** Every other kill comes some time after the start, also while it opens; the others soon after it began to work, however slow the machine is. */
const momentOf =
  (kill: number) =>
  async (over: AbortSignal): Promise<void> => {
    const before = written()
    const [from, within] = kill % 2 === 0 ? (['the start', 2_000] as const) : (['its first work', 600] as const)
    while (from === 'its first work' && written() < before + WORK) await sleep(20, null, { signal: over })
    await sleep(Math.random() * within, null, { signal: over })
  }

const wantedKills = Number(values.kills)
let kills = 0
let atWork = 0
const started = performance.now()
for (;;) {
  const before = written()
  const ended = await millrace(run, kills < wantedKills ? momentOf(kills) : null)
  if (ended.signal === 'SIGKILL') {
    kills++
    if (written() >= before + WORK) atWork++
    continue
  }
  if (ended.code !== 0) throw new Error(`the run ended with ${ended.code}:\n${ended.err}`)
  if (kills < wantedKills) console.log(`the run was over after ${kills} of ${wantedKills} kills`)
  console.log(ended.out.trim())
  break
}
console.log(
  `${kills} kills, ${atWork} of them after new work was committed, ${((performance.now() - started) / 1_000).toFixed(1)} s, ${values.partitions} partitions`,
)

const want = expectedOf(files)
const users = await rows(
  `SELECT user_id, ${SELECT_TIME('time')} AS time, ${SELECT_TIME('window_end')} AS window_end, orders, items, units, revenue, average, largest, smallest, revision FROM order_aggregates`,
)
const products = await rows(
  `SELECT product_id, ${SELECT_TIME('time')} AS time, ${SELECT_TIME('window_end')} AS window_end, orders, units, revenue, buyers, revision FROM product_aggregates`,
)
const [orders] = await rows('SELECT count(*), count(DISTINCT order_id), sum(total) FROM orders')
const topics = await millrace(['topics', '--format', 'json', '--data', data])
const recordsOf = (topic: string): number =>
  (JSON.parse(topics.out) as { topic: string; records: number }[]).find(t => t.topic === topic)?.records ?? 0
/** Revenue is the aggregates' too: every order lies in one window of its user, and none was late. */
const counts: readonly (readonly [what: string, have: unknown, want: unknown])[] = [
  ['orders, of them distinct, and their revenue', orders, `${want.orders},${want.orders},${money(want.revenue)}`],
  ['cancelled', recordsOf('cancelled_invoices'), want.cancelled],
  ['refused', recordsOf('millrace.invoices-to-orders.dlq'), want.refused],
]
for (const [what, have, wanted] of counts) console.log(`${what}: ${have}, expected ${wanted}`)
const differences =
  difference('order_aggregates', users, userRows(want)) +
  difference('product_aggregates', products, productRows(want)) +
  counts.filter(([, have, wanted]) => have !== wanted).length
console.log(differences === 0 ? 'every row is equal' : `${differences} differences`)
if (values.data === undefined) rmSync(data, { recursive: true })
process.exitCode = differences === 0 ? 0 : 1
