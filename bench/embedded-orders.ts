// The peers' job on the embedded log: durable commits, exactly once, recoverable state. The results are read back and must be the kit's, else it fails.
// npm run bench -- embedded-orders [records, default 2000000]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { EmbeddedStateCache } from '#lib/adapters/embedded/state-cache.ts'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import { openMemoryRegistry } from '#lib/adapters/registry/memory.ts'
import { openReader } from '#lib/codec/topic-codec.ts'
import { Worker } from '#lib/engine/worker.ts'
import { codecSpecOf } from '#lib/model/codec.ts'
import { specOf } from '#lib/model/topic.ts'
import { SILENT } from '#lib/ports/observer.ts'
import { orders, PARTITIONS, perUser, produceOrders, results } from './peers/orders.ts'

/** Results that the benchmark kit's `expected.jsonl` states, by records. */
const KNOWN: Readonly<Record<number, number>> = { 200_000: 129_468, 2_000_000: 239_729 }
const n = Number(process.argv[2] ?? 2_000_000)
const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
const lock = await lockDirectory(directory)
const log = await openEmbeddedLog(lock)
const registry = openMemoryRegistry()
const codec = codecSpecOf(specOf(orders).value)
const id = await registry.register('bench_orders-value', codec.codec === 'avro' ? codec.schema : {})
const produced = await produceOrders(log, n, id)
console.log(
  `produced ${n + PARTITIONS} orders, ${(produced.bytes / (n + PARTITIONS)).toFixed(1)} bytes each, totals ${produced.sumTotal.toFixed(2)}`,
)

let epochs = 0
let half: { at: number; records: number } | null = null
let done = 0
let finish: () => void = () => {}
const finished = new Promise<void>(resolve => (finish = resolve))
const worker = new Worker(
  {
    log,
    registry,
    cache: new EmbeddedStateCache(),
    tables: null,
    feeds: new Map(),
    clock: systemClock(),
    random: systemRandom(),
    observer: {
      ...SILENT,
      failure: (_task, error) => console.error(error),
      refused: (_task, letter) => console.error(letter),
      epoch: (_task, report) => {
        epochs++
        done += report.records
        if (half === null && done >= n / 2) half = { at: performance.now(), records: done }
        if (done >= n + PARTITIONS) finish()
      },
    },
  },
  { app: 'bench', partitions: PARTITIONS },
)
const cpu = process.cpuUsage()
const started = performance.now()
await worker.start(perUser)
await finished
const ended = performance.now()
const used = process.cpuUsage(cpu)
const seconds = (ended - started) / 1_000
const second = half as { at: number; records: number } | null
console.log(
  JSON.stringify({
    records: n,
    events_per_second: Math.round(n / seconds),
    second_half: second === null ? null : Math.round((done - second.records) / ((ended - second.at) / 1_000)),
    cpu_seconds_per_million: Number((((used.user + used.system) / 1e6 / n) * 1e6).toFixed(2)),
    epochs,
    rss_mb: Math.round(process.resourceUsage().maxRSS / 1_024),
  }),
)
await worker.stop()
await check()
await log.close()
await lock.release()
await rm(directory, { recursive: true })

/** Reads the results back: their number, and the sums that the benchmark kit states. */
async function check(): Promise<void> {
  const values = openReader(specOf(results).value, 'all')
  let count = 0
  let records = 0
  let total = 0
  const distinct = new Set<string>()
  for (let p = 0; p < PARTITIONS; p++) {
    const reader = await log.reader('bench_results', p, 0)
    for (;;) {
      const fetched = await reader.fetch(4_000_000)
      for (const batch of fetched.batches) {
        for (let i = 0; i < batch.count; i++) {
          const bytes = batch.value(i)!
          const missing = values.missing(bytes, 0, bytes.length)
          if (missing !== null) values.learn(missing, await registry.schema(missing))
          const r = values.read(bytes, 0, bytes.length) as { user_id: string; window_start: number; count: number; sum: number }
          count++
          records += r.count
          total += r.sum
          distinct.add(`${r.user_id}|${r.window_start}`)
        }
      }
      if (fetched.caughtUp) break
    }
  }
  console.log(JSON.stringify({ results: count, distinct: distinct.size, records, sum_of_totals: Number(total.toFixed(2)) }))
  const right =
    count === (KNOWN[n] ?? count) && distinct.size === count && records === n && total.toFixed(2) === produced.sumTotal.toFixed(2)
  if (right) return
  console.error(
    `the results are wrong: ${KNOWN[n] ?? 'any number of'} results over ${n} records, ${produced.sumTotal.toFixed(2)} in all, were due`,
  )
  process.exitCode = 1
}
