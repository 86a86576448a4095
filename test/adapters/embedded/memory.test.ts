import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartitionIndex } from '#lib/adapters/embedded/partition-index.ts'
import { fenced, openOn, readValues, write } from './opened.ts'
import { SimulatedDisk } from './simulated-disk.ts'

async function written(memoryBytes: number, transactions: number) {
  const disk = new SimulatedDisk()
  const log = await openOn(disk, { memoryBytes, segmentBytes: 64 << 10 })
  await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
  const producer = await fenced(log, 'id')
  for (let n = 0; n < transactions; n++) await producer.commit({ writes: [write('t', 0, `${n} ${'x'.repeat(900)}`)] })
  let reads = 0
  disk.fault = operation => {
    if (operation === 'read') reads++
  }
  return { log, producer, reads: () => reads }
}
const readFrom = async (log: Awaited<ReturnType<typeof written>>['log'], from: number) => {
  const reader = await log.reader('t', 0, from)
  const { batches } = await reader.fetch(1 << 20)
  return batches.map(b => b.base)
}

test('who reads at the end never touches the disk; what is older comes from the disk', async () => {
  const { log, reads } = await written(20_000, 100)
  assert.deepEqual(await readFrom(log, 90), [90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
  assert.equal(reads(), 0)
  assert.equal((await readFrom(log, 0)).length, 100)
  assert.ok(reads() > 0)
})

test('memory of the tail is bounded: batches leave it in the order they came', async () => {
  const { log, reads } = await written(20_000, 300)
  let inMemory = 0
  for (let offset = 299; offset >= 0; offset--) {
    const before = reads()
    const reader = await log.reader('t', 0, offset)
    await reader.fetch(1)
    if (reads() > before) break
    inMemory++
  }
  assert.ok(inMemory >= 15 && inMemory <= 20, `${inMemory} transactions of about 1,050 bytes in 20,000`)
})

test('without memory everything is read from the disk and is the same', async () => {
  const [without, all] = [await written(0, 50), await written(1 << 20, 50)]
  assert.deepEqual(await readValues(without.log, 't'), await readValues(all.log, 't'))
  assert.ok(without.reads() > 0)
  assert.equal(all.reads(), 0)
})

test('neighbouring batches are read with one call', async () => {
  const { log, reads } = await written(0, 100)
  assert.equal((await readFrom(log, 0)).length, 100)
  assert.ok(reads() <= 3, `${reads()} reads for 100 batches in two segments`)
})

test('an index forgets what lies below the start, and its entries stay findable through a million of them', () => {
  const live = new Map<number, number>()
  const index = new PartitionIndex((segment, bytes) => live.set(segment, (live.get(segment) ?? 0) + bytes))
  const entry = (base: number) => ({
    base,
    span: 3,
    records: 3,
    maxTime: base,
    segment: Math.floor(base / 3_000),
    position: base * 8,
    length: 24,
    crc: base,
  })
  const window = 5_000
  for (let base = 0; base < 3_000_000; base += 3) {
    index.append(entry(base))
    if (base % 300 === 0) index.moveStart(Math.max(base - window, 0))
  }
  assert.ok(index.count <= window / 3 + 102, `${index.count} entries`)
  assert.equal(index.end, 3_000_000)
  for (let offset = index.start; offset < index.end; offset++) {
    const found = index.entry(index.find(offset))
    assert.deepEqual(found, entry(offset - (offset % 3)))
  }
  assert.equal(index.find(index.end), index.count)
  assert.ok([...live].every(([segment, bytes]) => (segment < Math.floor(index.start / 3_000) ? bytes === 0 : bytes > 0)))
})
