// What opening a task costs that remembers many keys: reading its ledger, filling the state cache, and what it has in memory then (wall and CPU time).
// node bench/state-open.ts [keys, default 1000000] [rounds, default 3] [entries in memory, default 1000000]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { from, json, processor, scan, topic } from '#lib/index.ts'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { EmbeddedStateCache } from '#lib/adapters/embedded/state-cache.ts'
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import { openMemoryRegistry } from '#lib/adapters/registry/memory.ts'
import { deploy } from '#lib/engine/deploy.ts'
import { TUNING } from '#lib/engine/environment.ts'
import { epochWrite, ledgerTopic, NO_COUNTS } from '#lib/engine/ledger.ts'
import { Stillness } from '#lib/engine/stillness.ts'
import { StreamTask } from '#lib/engine/stream-task.ts'
import { fingerprintOf, stateLines } from '#lib/model/plan.ts'
import { SILENT } from '#lib/ports/observer.ts'
import { planOfProcessor } from '#lib/stages/processor.ts'
import { BlockWriter } from '#lib/state/delta.ts'
import { writeValue } from '#lib/state/value-codec.ts'

const KEYS = Number(process.argv[2] ?? 1_000_000)
const ROUNDS = Number(process.argv[3] ?? 3)
const RESIDENT = Number(process.argv[4] ?? TUNING.residentEntries)
const APP = 'bench'
const plain = <T>() => json<T>(value => value as T)
const input = topic('input', { key: 'k', time: 'at', value: plain<{ k: string; at: number; v: number }>() })
const output = topic('output', { key: 'k', time: 'record-timestamp', value: plain<{ k: string }>() })
const remembering = processor(
  'remembering',
  from(input)
    .pipe(
      scan('s', {
        version: 1,
        ttl: null,
        initial: () => ({ count: 0, sum: 0 }),
        next: (s, x) => ({ state: { count: s.count + 1, sum: s.sum + x.v } }),
      }),
    )
    .to(output as never),
)
const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[of.length >> 1]!
const collected = (): number => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

try {
  const lock = await lockDirectory(directory)
  const log = await openEmbeddedLog(lock)
  const clock = systemClock()
  const ports = { log, registry: openMemoryRegistry(), tables: null, feeds: new Map(), clock, random: systemRandom(), observer: SILENT }
  const tuning = { ...TUNING, residentEntries: RESIDENT }
  const plan = planOfProcessor(remembering)
  const withCache = (): typeof ports & { readonly cache: EmbeddedStateCache } => ({ ...ports, cache: new EmbeddedStateCache() })
  const deployment = await deploy(remembering, withCache(), { app: APP, partitions: 1, tuning })
  const ledger = ledgerTopic(APP, remembering.id)

  const block = new BlockWriter(['s'])
  for (let i = 0; i < KEYS; i++) {
    block.open(0)
    writeValue(block.arena, `user-${i}`)
    block.endKey()
    writeValue(block.arena, 1_760_000_100_000 + i)
    writeValue(block.arena, { count: i, sum: i * 1.5 })
    block.endValue()
  }
  const producer = log.producer('writer')
  await producer.fence()
  const meta = {
    epoch: 1,
    ledgerId: 'bench',
    kind: 'snapshot',
    positions: { input: 0 },
    times: { input: 1_760_000_100_000 + KEYS },
    marks: {},
    feeds: {},
    liveKeys: { s: KEYS },
    fingerprint: fingerprintOf(plan),
    stages: stateLines(plan),
    snapshotAt: 0,
    counts: NO_COUNTS,
    ts: clock.now(),
  } as const
  await producer.commit({ writes: [epochWrite(ledger, 0, block.take(), meta)] })

  const wall: number[] = []
  const cpu: number[] = []
  let memory = 0
  let resident = 0
  for (let round = 0; round <= ROUNDS; round++) {
    const before = collected()
    const facts = {
      deployment,
      ports: withCache(),
      tuning,
      partition: 0,
      ledger,
      labels: { processor: remembering.id, partition: 0 },
      stillness: new Stillness(),
      past: { opened: 'never' as const },
    }
    const used = process.cpuUsage()
    const started = performance.now()
    const task = await StreamTask.open(facts)
    const took = performance.now() - started
    const { user, system } = process.cpuUsage(used)
    if (round > 0) {
      wall.push(took)
      cpu.push((user + system) / 1_000)
    }
    if (round === 0) memory = collected() - before
    resident = task.session.pipeline.bounded[0]!.store.resident
    await task.close()
    await facts.ports.cache.close()
  }
  await log.close()
  await lock.release()
  console.log(`${KEYS.toLocaleString('en-US')} live keys, ${resident.toLocaleString('en-US')} in memory when open`)
  console.log(
    `opened in ${median(wall).toFixed(0)} ms, CPU ${median(cpu).toFixed(0)} ms: ${((median(wall) * 1_000) / KEYS).toFixed(2)} µs a key`,
  )
  if (globalThis.gc === undefined) console.log('memory of a key: run with --expose-gc')
  else console.log(`memory of a key, in the task and in the cache: ${(memory / KEYS).toFixed(0)} bytes`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
