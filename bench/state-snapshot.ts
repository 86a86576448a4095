// What a snapshot of many live keys costs: packed, and committed to the embedded log; and what a key costs in memory (CPU and wall time, medians of rounds).
// node bench/state-snapshot.ts [keys, default 1000000] [rounds, default 5]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { epochWrite, type Meta, NO_COUNTS } from '#lib/engine/ledger.ts'
import { BlockWriter } from '#lib/state/delta.ts'
import { KeyedStore } from '#lib/state/keyed-store.ts'
import { UndoLog } from '#lib/state/undo.ts'

const KEYS = Number(process.argv[2] ?? 1_000_000)
const ROUNDS = Number(process.argv[3] ?? 5)
const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const median = (of: readonly number[]): number => [...of].sort((a, b) => a - b)[of.length >> 1]!
const collected = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

try {
  const lock = await lockDirectory(directory)
  const log = await openEmbeddedLog(lock)
  await log.createTopic({ name: 'ledger', partitions: 1, retention: 'forever' })
  const producer = log.producer('bench')
  await producer.fence()

  const before = collected()
  const store = new KeyedStore<{ count: number; sum: number }>('s')
  const undo = new UndoLog()
  for (let i = 0; i < KEYS; i++) {
    store.set(`user-${i}`, { count: i, sum: i * 1.5 }, 1_760_000_100_000 + i, undo)
    undo.forget()
  }
  const block = new BlockWriter(['s'])
  store.writeChanges(block, 0, 1)
  block.take()
  const memory = collected() - before
  const meta: Meta = {
    epoch: 1,
    ledgerId: 'bench',
    kind: 'snapshot',
    positions: {},
    times: {},
    marks: {},
    feeds: {},
    liveKeys: { s: KEYS },
    fingerprint: '',
    stages: [],
    snapshotAt: null,
    counts: NO_COUNTS,
    ts: 1_760_000_100_000,
  }
  const packing: number[] = []
  const whole: number[] = []
  const used: number[] = []
  let bytes = 0
  for (let round = 0; round <= ROUNDS; round++) {
    const cpu = process.cpuUsage()
    const from = performance.now()
    store.writeAll(block, 0)
    const blocks = block.take()
    const packed = performance.now() - from
    await producer.commit({ writes: [epochWrite('ledger', 0, blocks, meta)] })
    if (round === 0) continue
    packing.push(packed)
    whole.push(performance.now() - from)
    const { user, system } = process.cpuUsage(cpu)
    used.push((user + system) / 1_000)
    bytes = blocks.reduce((n, b) => n + b.length, 0)
  }
  await log.close()
  await lock.release()
  const figure = (ms: number): string => `${ms.toFixed(0)} ms, ${((ms * 1_000) / KEYS).toFixed(2)} µs a key`
  console.log(`${KEYS.toLocaleString('en-US')} live keys, ${(bytes / KEYS).toFixed(1)} bytes each in the ledger`)
  console.log(`packed               ${figure(median(packing))}`)
  console.log(`packed and committed ${figure(median(whole))}; CPU ${median(used).toFixed(0)} ms`)
  if (globalThis.gc === undefined) console.log('memory of a key: run with --expose-gc')
  else console.log(`memory of a key      ${(memory / KEYS).toFixed(0)} bytes of heap`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
