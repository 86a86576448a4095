// The process is killed, or the power cut, at every single file operation of a workload of commits, deletions, retention, relocation and
// compaction; then at one of the operations of the start that follows. After every start all that was acknowledged must be there, whole.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import type { PartitionWrite, TransactionalProducer } from '#lib/ports/record-log.ts'
import { openOn, readRecords } from './opened.ts'
import { chances, SimulatedDisk } from './simulated-disk.ts'

const IDS = ['a', 'b', 'c']
const PARTITIONS = 3
const OPTIONS = { segmentBytes: 1_500, memoryBytes: 600, compactionBytes: 400 }
const MINUTE = 60_000
const OPERATIONS = 150

/** What a start must show: per id the last acknowledged transaction and the last attempted one, per partition the starts alike. */
interface Truth {
  readonly done: Map<string, { acknowledged: number; attempted: number }>
  readonly starts: { acknowledged: number; attempted: number }[]
  /** Acknowledged first offsets of writes to 'plain', by what lies there. */
  readonly places: Map<string, { partition: number; offset: number }>
  created: number
}
const truth = (): Truth => ({
  done: new Map(IDS.map(id => [id, { acknowledged: 0, attempted: 0 }])),
  starts: Array.from({ length: PARTITIONS }, () => ({ acknowledged: 0, attempted: 0 })),
  places: new Map(),
  created: 0,
})

/** Transaction `n` of an id: two partitions of 'plain', one of 'aging', a key of 'keyed', and the group's offset. */
const partitionsOf = (n: number): readonly [number, number] => [n % PARTITIONS, (n + 1) % PARTITIONS]
const valuesOf = (id: string, n: number): string[] => Array.from({ length: 1 + (n % 3) }, (_, i) => `${id}:${n}:${i}`)
const keyOf = (id: string, n: number): string => `${id}${n % 4}`
function writesOf(id: string, n: number): PartitionWrite[] {
  const columns = columnsOf(valuesOf(id, n).map(value => ({ time: n, key: null, value })))
  return [
    ...partitionsOf(n).map(partition => ({ topic: 'plain', partition, columns })),
    { topic: 'aging', partition: 0, columns: columnsOf([{ time: n * MINUTE, key: null, value: `${id}:${n}` }]) },
    { topic: 'keyed', partition: 0, columns: columnsOf([{ time: n, key: keyOf(id, n), value: `${n}` }]) },
  ]
}

async function verify(log: EmbeddedLog, t: Truth): Promise<void> {
  if (t.created === 3) assert.deepEqual((await log.topics()).map(s => s.name).toSorted(), ['aging', 'keyed', 'plain'])
  if ((await log.topics()).length < 3) return
  const plain = await Promise.all(Array.from({ length: PARTITIONS }, (_, p) => readRecords(log, 'plain', p)))
  const keyed = await readRecords(log, 'keyed', 0)
  assert.ok(
    keyed.every((r, i) => i === 0 || r.offset > keyed[i - 1]!.offset),
    'nothing is there twice',
  )
  for (const [p, records] of plain.entries()) {
    const { start, end } = await log.bounds('plain', p)
    assert.ok(start >= t.starts[p]!.acknowledged && start <= Math.max(t.starts[p]!.attempted, t.starts[p]!.acknowledged))
    assert.deepEqual(
      records.map(r => r.offset),
      Array.from({ length: end - start }, (_, i) => start + i),
    )
  }
  for (const [value, { partition, offset }] of t.places) {
    const { start } = await log.bounds('plain', partition)
    if (offset >= start) assert.equal(plain[partition]!.find(r => r.offset === offset)?.value, value)
  }
  for (const [id, done] of t.done) {
    const last = (await log.committed(id, 'plain', 0))?.next ?? 0
    assert.ok(
      last >= done.acknowledged && last <= done.attempted,
      `${id}: ${last} committed, ${done.acknowledged} acknowledged, ${done.attempted} attempted`,
    )
    const expected = Array.from({ length: PARTITIONS }, (): string[] => [])
    for (let n = 1; n <= last; n++) for (const p of partitionsOf(n)) expected[p]!.push(...valuesOf(id, n))
    for (const [p, records] of plain.entries()) {
      const own = records.map(r => r.value!).filter(v => v.startsWith(`${id}:`))
      const kept = (await log.bounds('plain', p)).start === 0 ? own.length : Math.min(own.length, expected[p]!.length)
      assert.deepEqual(own, expected[p]!.slice(expected[p]!.length - kept), `all or nothing of each transaction of ${id}, in order`)
      if ((await log.bounds('plain', p)).start === 0) assert.equal(own.length, expected[p]!.length)
    }
    for (let n = Math.max(last - 3, 1); n <= last; n++)
      assert.equal(keyed.findLast(r => r.key === keyOf(id, n))?.value, `${n}`, 'the newest record of a key is never compacted away')
    done.acknowledged = done.attempted = last
  }
}

/** A life of the process: from the start until it made so many file operations or somebody kills it. */
async function live(disk: SimulatedDisk, t: Truth, chance: () => number, operations: number): Promise<void> {
  const log = await openOn(disk, OPTIONS)
  await verify(log, t)
  await log.createTopic({ name: 'plain', partitions: PARTITIONS, retention: 'forever' })
  await log.createTopic({ name: 'aging', partitions: 1, retention: (5 * MINUTE) as never })
  await log.createTopic({ name: 'keyed', partitions: 1, retention: 'compact' })
  t.created = 3
  const producers = new Map<string, TransactionalProducer>()
  for (const id of IDS) {
    producers.set(id, log.producer(id))
    await producers.get(id)!.fence()
  }
  const commit = async (id: string): Promise<void> => {
    const done = t.done.get(id)!
    const n = ++done.attempted
    const offsets = { group: id, metadata: `m${n}`, offsets: [{ topic: 'plain', partition: 0, next: n }] }
    const { baseOffsets } = await producers.get(id)!.commit({ offsets, writes: writesOf(id, n) })
    done.acknowledged = n
    for (const [i, partition] of partitionsOf(n).entries()) t.places.set(`${id}:${n}:0`, { partition, offset: baseOffsets[i]! })
  }
  while (disk.steps < operations) {
    const choice = chance()
    if (choice < 0.7) await Promise.all(IDS.filter(() => chance() < 0.7).map(commit))
    else if (choice < 0.85) {
      const partition = Math.floor(chance() * PARTITIONS)
      const { start, end } = await log.bounds('plain', partition)
      const before = start + Math.floor(chance() * (end - start + 1))
      t.starts[partition]!.attempted = Math.max(before, t.starts[partition]!.attempted)
      await log.deleteRecords('plain', partition, before)
      t.starts[partition]!.acknowledged = Math.max(before, t.starts[partition]!.acknowledged)
    } else await log.maintain(Math.max(...[...t.done.values()].map(d => d.acknowledged)) * MINUTE)
  }
  await verify(log, t)
  await log.close()
}

type End = 'kill' | 'power cut'
/** Runs lives on one disk; the first dies at `step`, the next one somewhere in its start or soon after. */
async function lives(seed: number, step: number, moment: 'before' | 'within' | 'after', end: End): Promise<void> {
  const chance = chances(seed)
  const disk = new SimulatedDisk()
  const t = truth()
  for (let life = 0; life < 4; life++) {
    const started = disk.process
    disk.process = () => {
      const files = started.call(disk)
      if (life === 0) disk.killAt = { step, moment }
      else if (life < 3)
        disk.killAt = { step: 1 + Math.floor(chance() * 40), moment: (['before', 'within', 'after'] as const)[Math.floor(chance() * 3)]! }
      return files
    }
    try {
      await live(disk, t, chance, life === 0 ? OPERATIONS : 50)
      assert.ok(life > 0, 'the first life ends by force')
    } catch (error) {
      if (!disk.dead) throw new Error(`seed ${seed}, killed ${moment} step ${step}, ${end}, life ${life}`, { cause: error })
    }
    disk.process = started
    if (end === 'kill') disk.killProcess()
    else disk.cutPower(chance)
  }
  await verify(await openOn(disk, OPTIONS), t)
}

for (const end of ['kill', 'power cut'] as const)
  for (const moment of ['before', 'within', 'after'] as const)
    test(`E4, I2: whatever was acknowledged survives a ${end} ${moment} each file operation, whole, and nothing is there in part`, async () => {
      for (let step = 1; step <= OPERATIONS; step++) await lives(step * 7 + 1, step, moment, end)
    })

test('the workload of the crash points relocates, compacts, expires and removes segments', async () => {
  const disk = new SimulatedDisk()
  const log = await openOn(disk, OPTIONS)
  await log.createTopic({ name: 'plain', partitions: PARTITIONS, retention: 'forever' })
  await log.createTopic({ name: 'aging', partitions: 1, retention: (5 * MINUTE) as never })
  await log.createTopic({ name: 'keyed', partitions: 1, retention: 'compact' })
  const producer = log.producer('a')
  await producer.fence()
  const sum = { expiredPartitions: 0, compactedRecords: 0, movedBytes: 0, removedSegments: 0, removedBytes: 0 }
  for (let n = 1; n <= 60; n++) {
    await producer.commit({ writes: writesOf('a', n) })
    if (n % 10 === 0) {
      for (const p of [0, 1]) await log.deleteRecords('plain', p, (await log.bounds('plain', p)).end)
      const report = await log.maintain(n * MINUTE)
      for (const field of Object.keys(sum) as (keyof typeof sum)[]) sum[field] += report[field]
    }
  }
  for (const [field, count] of Object.entries(sum)) assert.ok(count > 0, `${field}: ${count}`)
  await log.close()
})
