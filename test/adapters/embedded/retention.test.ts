import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as macrotask } from 'node:timers/promises'
import { hours, minutes } from '#lib/model/time.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import type { EmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import type { Retention } from '#lib/model/topic.ts'
import type { TransactionalProducer } from '#lib/ports/record-log.ts'
import { coded, fenced, LOG, openOn, readRecords, readValues, write } from './opened.ts'
import { SimulatedDisk } from './simulated-disk.ts'

const KB = 1 << 10
const keyed = (topic: string, ...records: readonly { time?: number; key: string | null; value: string | null }[]) => ({
  topic,
  partition: 0,
  columns: columnsOf(records.map(r => ({ time: 0, ...r }))),
})
async function opened(
  topics: Readonly<Record<string, Retention>>,
  options = {},
): Promise<{ disk: SimulatedDisk; log: EmbeddedLog; producer: TransactionalProducer }> {
  const disk = new SimulatedDisk()
  const log = await openOn(disk, { segmentBytes: 4 * KB, memoryBytes: 0, compactionBytes: 1 * KB, ...options })
  for (const [name, retention] of Object.entries(topics)) await log.createTopic({ name, partitions: 1, retention })
  return { disk, log, producer: await fenced(log, 'id') }
}

test('a topic with a time limit forgets batches whose youngest record is older, and only those', async () => {
  const { log, producer } = await opened({ hour: hours(1), ever: 'forever' })
  const at = (time: number) => ({ time, key: null, value: `${time / 60_000}` })
  for (const times of [[0, 10], [5, 90], [20], [100]]) {
    const records = times.map(m => at(m * 60_000))
    await producer.commit({ writes: [keyed('hour', ...records), keyed('ever', ...records)] })
  }
  assert.equal((await log.maintain(minutes(70))).expiredPartitions, 0)
  assert.deepEqual(await readValues(log, 'hour'), ['0', '10', '5', '90', '20', '100'])
  assert.equal((await log.maintain(minutes(70) + 1)).expiredPartitions, 1)
  assert.deepEqual(await readValues(log, 'hour'), ['5', '90', '20', '100'])
  await log.maintain(minutes(150) + 1)
  assert.deepEqual(await readValues(log, 'hour'), ['100'])
  await log.maintain(minutes(1_000))
  assert.deepEqual(await log.bounds('hour', 0), { start: 6, stable: 6, end: 6 })
  assert.deepEqual(await readValues(log, 'ever'), ['0', '10', '5', '90', '20', '100'])
})

test('segments in which nothing counts are deleted, and everything else the log knows survives that', async () => {
  const { disk, log, producer } = await opened({ t: 'forever', quiet: hours(1) })
  const offsets = { group: 'g', metadata: 'm', offsets: [{ topic: 't', partition: 0, next: 5 }] }
  await producer.commit({ offsets, writes: [] })
  for (let n = 0; n < 40; n++) await producer.commit({ writes: [write('t', 0, `${n}`, 'x'.repeat(500))] })
  const before = log.sizeBytes()
  await log.deleteRecords('t', 0, 76)
  const report = await log.maintain(0)
  assert.ok(report.removedSegments >= 4 && report.removedBytes > 16 * KB, JSON.stringify(report))
  assert.ok(log.sizeBytes() < before / 2)
  const onDisk = disk.files(LOG).reduce((sum, f) => sum + disk.content(`${LOG}/${f}`).length, 0)
  assert.equal(onDisk, log.sizeBytes())
  disk.killProcess()
  const again = await openOn(disk)
  assert.deepEqual(
    (await readRecords(again, 't', 0)).map(r => r.offset),
    [76, 77, 78, 79],
  )
  assert.deepEqual(await again.committed('g', 't', 0), { next: 5, metadata: 'm' })
  assert.deepEqual(await again.topic('quiet'), { name: 'quiet', partitions: 1, retention: hours(1) })
  assert.equal((await again.bounds('t', 0)).end, 80)
})

test('a ledger that is truncated often keeps no more than twice what counts, beside records kept for ever in the same segments', async () => {
  const { disk, log, producer } = await opened({ ledger: 'forever', kept: 'forever' }, { segmentBytes: 16 * KB })
  const kept: string[] = []
  let most = 0
  for (let n = 0; n < 600; n++) {
    kept.push(`kept ${n}`)
    await producer.commit({ writes: [write('kept', 0, `kept ${n}`), write('ledger', 0, 'x'.repeat(2_000))] })
    if (n % 20 !== 19) continue
    await log.deleteRecords('ledger', 0, (await log.bounds('ledger', 0)).end - 3)
    await log.maintain(0)
    most = Math.max(most, log.sizeBytes())
  }
  const counted = 600 * 80 + 3 * 2_100
  assert.ok(most < 2 * counted + 3 * 16 * KB, `${most} bytes on the disk; 1.2 MB were written`)
  assert.deepEqual(await readValues(log, 'kept'), kept)
  disk.killProcess()
  const again = await openOn(disk)
  assert.deepEqual(await readValues(again, 'kept'), kept)
  assert.equal((await readValues(again, 'ledger')).length, 3)
})

test('a reader under way is not disturbed when its segments are emptied; they are deleted when it is done', async () => {
  const { disk, log, producer } = await opened({ t: 'forever', ledger: 'forever' })
  for (let n = 0; n < 30; n++) await producer.commit({ writes: [write('t', 0, `${n}`), write('ledger', 0, 'x'.repeat(800))] })
  await log.deleteRecords('ledger', 0, 30)
  const gate = Promise.withResolvers<void>()
  disk.pause = operation => {
    if (operation !== 'read') return Promise.resolve()
    disk.pause = null
    return gate.promise
  }
  const reader = await log.reader('t', 0, 0)
  const fetching = reader.fetch(1 << 20)
  let done = false
  const maintaining = log.maintain(0).finally(() => (done = true))
  for (let turn = 0; turn < 100; turn++) await macrotask()
  assert.equal(done, false)
  assert.ok(disk.files(LOG).includes('0000000001.seg'))
  gate.resolve()
  const values = (await fetching).batches.flatMap(batch => Array.from({ length: batch.count }, (_, i) => batch.value(i)!.toString()))
  assert.deepEqual(
    values,
    Array.from({ length: 30 }, (_, n) => `${n}`),
  )
  assert.ok((await maintaining).removedSegments > 4)
  assert.ok(!disk.files(LOG).includes('0000000001.seg'))
})

test('a kill between moving and deleting: the next start knows the newer copies, and the old segments go', async () => {
  const { disk, log, producer } = await opened({ t: 'forever', ledger: 'forever' })
  for (let n = 0; n < 30; n++) await producer.commit({ writes: [write('t', 0, `${n}`), write('ledger', 0, 'x'.repeat(800))] })
  await log.deleteRecords('ledger', 0, 30)
  disk.fault = operation => {
    if (operation === 'remove') throw Object.assign(new Error('killed'), { code: 'EIO' })
  }
  await assert.rejects(log.maintain(0))
  disk.killProcess()
  disk.fault = null
  const again = await openOn(disk, { segmentBytes: 4 * KB })
  const before = disk.files(LOG).length
  const report = await again.maintain(0)
  assert.ok(report.removedSegments >= 5 && report.movedBytes < 1_000, JSON.stringify(report))
  assert.equal(disk.files(LOG).length, before - report.removedSegments)
  assert.deepEqual(
    await readValues(again, 't'),
    Array.from({ length: 30 }, (_, n) => `${n}`),
  )
})

test('what is deleted while its segment is being emptied stays deleted', async () => {
  for (let turns = 0; turns < 40; turns += 3) {
    const { disk, log, producer } = await opened({ t: 'forever', ledger: 'forever' })
    for (let n = 0; n < 20; n++) await producer.commit({ writes: [write('t', 0, `${n}`), write('ledger', 0, 'x'.repeat(800))] })
    await log.deleteRecords('ledger', 0, 20)
    const maintaining = log.maintain(0)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    await Promise.all([log.deleteRecords('t', 0, 15), producer.commit({ writes: [write('t', 0, '20')] }), maintaining])
    await log.maintain(0)
    const expected = ['15', '16', '17', '18', '19', '20']
    assert.deepEqual(await readValues(log, 't'), expected)
    disk.killProcess()
    assert.deepEqual(await readValues(await openOn(disk), 't'), expected)
  }
})

test('small batches are put together: the same records at the same offsets in far fewer batches, once and not again', async () => {
  const { disk, log, producer } = await opened({ t: 'forever', ledger: 'forever' }, { segmentBytes: 512 * KB })
  const expected: { offset: number; time: number; key: string | null; value: string | null }[] = []
  for (let n = 0; n < 3_000; n++) {
    const records = Array.from({ length: 1 + (n % 2) }, (_, i) => ({
      time: n,
      key: i === 0 ? null : `k${n}`,
      value: n % 7 === 0 ? null : `${n}.${i}`,
    }))
    for (const r of records) expected.push({ offset: expected.length, ...r })
    await producer.commit({ writes: [keyed('t', ...records), write('ledger', 0, `l${n}`)] })
  }
  const fetches = async (l: EmbeddedLog): Promise<number> => {
    const reader = await l.reader('t', 0, 0)
    return (await reader.fetch(1 << 24)).batches.length
  }
  assert.equal(await fetches(log), 3_000)
  const first = await log.maintain(0)
  assert.ok(first.removedSegments >= 1 && first.movedBytes < first.removedBytes / 2, JSON.stringify(first))
  const batches = await fetches(log)
  assert.ok(batches < 1_500, `${batches} batches`)
  assert.deepEqual(await readRecords(log, 't', 0), expected)
  const second = await log.maintain(0)
  assert.deepEqual([second.movedBytes, second.removedSegments], [0, 0])
  await log.deleteRecords('t', 0, 1_001)
  disk.killProcess()
  const again = await openOn(disk, { segmentBytes: 512 * KB })
  assert.equal(await fetches(again).catch(error => error.code), 'OFFSET_OUT_OF_RANGE')
  assert.deepEqual(await readRecords(again, 't', 0), expected.slice(1_001))
  assert.equal((await again.maintain(0)).movedBytes, 0)
  assert.deepEqual((await readValues(again, 'ledger')).length, 3_000)
})

test('small batches are taken out of a segment, large ones beside them are not copied with them', async () => {
  const { log, producer } = await opened({ t: 'forever', ledger: 'forever' }, { segmentBytes: 8_192 * KB })
  const big = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await producer.commit({ writes: [write('t', 0, 'x'.repeat(220 * KB))] })
  }
  let written = 0
  let moved = 0
  for (let minute = 0; minute < 2; minute++) {
    await big(30) // as put together before
    const before = log.sizeBytes()
    for (let n = 0; n < 600; n++) await producer.commit({ writes: [write('t', 0, `${n}`), write('ledger', 0, `l${n}`)] })
    written += log.sizeBytes() - before
    await big(10) // the segment is full
    moved += (await log.maintain(0)).movedBytes
  }
  assert.ok(moved > 0 && moved < written, `${moved} bytes moved, ${written} of small batches written`)
  const reader = await log.reader('ledger', 0, 0)
  assert.equal((await reader.fetch(1 << 26)).batches.length, 1)
  const minutely = Array.from({ length: 600 }, (_, n) => `l${n}`)
  assert.deepEqual(await readValues(log, 'ledger'), [...minutely, ...minutely])
})

test("'compact' keeps the newest record of each key at its offset, and every record without a key", async () => {
  const { disk, log, producer } = await opened({ c: 'compact' })
  const newest = new Map<string, { offset: number; value: string }>()
  const unkeyed: number[] = []
  for (let n = 0; n < 200; n++) {
    const key = n % 17 === 0 ? null : `k${(n * 7) % 10}`
    await producer.commit({ writes: [keyed('c', { key, value: `${n} ${'x'.repeat(20)}` })] })
    if (key === null) unkeyed.push(n)
    else newest.set(key, { offset: n, value: `${n} ${'x'.repeat(20)}` })
  }
  const before = log.sizeBytes()
  const report = await log.maintain(0)
  assert.equal(report.compactedRecords, 200 - newest.size - unkeyed.length)
  for (const l of [log, null]) {
    if (l === null) disk.killProcess()
    const current = l ?? (await openOn(disk))
    const records = await readRecords(current, 'c', 0)
    assert.deepEqual(
      records.map(r => r.offset),
      [...unkeyed, ...[...newest.values()].map(r => r.offset)].sort((a, b) => a - b),
    )
    for (const r of records) if (r.key !== null) assert.equal(r.value, newest.get(r.key)!.value)
    assert.deepEqual(await current.bounds('c', 0), { start: 0, stable: 200, end: 200 })
    for (const from of [1, 50, 199, 200])
      assert.deepEqual(
        await readRecords(current, 'c', 0, from),
        records.filter(r => r.offset >= from),
      )
  }
  assert.ok(log.sizeBytes() < before)
})

test("'compact' keeps a tombstone for a day of record time, then forgets the key", async () => {
  const { log, producer } = await opened({ c: 'compact' })
  const filler = () => keyed('c', ...Array.from({ length: 30 }, (_, i) => ({ time: hours(30), key: `f${i}`, value: 'x'.repeat(50) })))
  await producer.commit({ writes: [keyed('c', { key: 'gone', value: 'v' })] })
  await producer.commit({ writes: [keyed('c', { time: hours(1), key: 'gone', value: null }), filler()] })
  const tombstones = async () => (await readRecords(log, 'c', 0)).filter(r => r.key === 'gone').map(r => r.value)
  await log.maintain(hours(25))
  assert.deepEqual(await tombstones(), [null])
  await producer.commit({ writes: [filler(), filler()] })
  await log.maintain(hours(25) + 1)
  assert.deepEqual(await tombstones(), [])
})

test("'compact' goes on through new commits, deletions and starts, and does nothing when little is new", async () => {
  const { disk, log: first, producer: one } = await opened({ c: 'compact' })
  let [log, producer] = [first, one]
  let n = 0
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 60; i++, n++) await producer.commit({ writes: [keyed('c', { key: `k${n % 5}`, value: `${n} ${'x'.repeat(30)}` })] })
    const [report] = await Promise.all([log.maintain(0), producer.commit({ writes: [keyed('c', { key: `k${n % 5}`, value: `${n++}` })] })])
    assert.ok(report.compactedRecords > 40, JSON.stringify(report))
    const again = await log.maintain(0)
    assert.deepEqual([again.compactedRecords, again.movedBytes], [0, 0])
    const newest = new Map((await readRecords(log, 'c', 0)).map(r => [r.key, r.value!.split(' ')[0]]))
    assert.deepEqual(
      [...newest.values()].map(Number).toSorted((a, b) => a - b),
      [n - 5, n - 4, n - 3, n - 2, n - 1],
    )
    if (round % 2 === 1) {
      disk.killProcess()
      log = await openOn(disk, { segmentBytes: 4 * KB, memoryBytes: 0, compactionBytes: KB })
      producer = await fenced(log, 'id')
    }
  }
  await log.deleteRecords('c', 0, n - 2)
  await log.maintain(0)
  assert.deepEqual(
    (await readRecords(log, 'c', 0)).map(r => r.offset),
    [n - 2, n - 1],
  )
})

test('DATA_CORRUPT: a damaged batch is not moved, its segment stays, and the rest goes on', async () => {
  const { disk, log, producer } = await opened({ t: 'forever', ledger: 'forever' })
  for (let n = 0; n < 30; n++) await producer.commit({ writes: [write('t', 0, `${n}`), write('ledger', 0, 'x'.repeat(800))] })
  await log.deleteRecords('ledger', 0, 30)
  const path = `${LOG}/0000000001.seg`
  const damaged = Buffer.from(disk.content(path))
  damaged[damaged.lastIndexOf(Buffer.from('xxxx')) - 850]! ^= 1
  disk.content(path).set(damaged)
  await assert.rejects(log.maintain(0), coded('DATA_CORRUPT', path))
  assert.ok(disk.files(LOG).includes('0000000001.seg'))
  await producer.commit({ writes: [write('t', 0, '30')] })
  assert.deepEqual(
    (await readRecords(log, 't', 0, 25)).map(r => r.value),
    ['25', '26', '27', '28', '29', '30'],
  )
})

test('maintain() of a closed log is LOG_UNAVAILABLE; one under way is waited for by close()', async () => {
  const { log, producer } = await opened({ t: 'forever' })
  for (let n = 0; n < 30; n++) await producer.commit({ writes: [write('t', 0, 'x'.repeat(800))] })
  await log.deleteRecords('t', 0, 30)
  const order: string[] = []
  const maintaining = log.maintain(0).then(r => order.push(`removed ${r.removedSegments > 0}`))
  await log.close()
  order.push('closed')
  await maintaining
  assert.deepEqual(order, ['removed true', 'closed'])
  await assert.rejects(log.maintain(0), coded('LOG_UNAVAILABLE'))
})
