// Torn ends are cut off and told; damage is never passed over, whichever byte it hits.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { segmentName } from '#lib/adapters/embedded/segments.ts'
import type { TornTail } from '#lib/adapters/embedded/recovery.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { coded, fenced, LOG, openOn, readValues, write } from './opened.ts'
import { SimulatedDisk } from './simulated-disk.ts'

const FIRST = `${LOG}/${segmentName(1)}`
const SMALL = { segmentBytes: 1_200, memoryBytes: 0 }

/** A log with `transactions` of two partitions each, its process killed or closed. */
async function logOf(transactions: number, end: 'killed' | 'closed', options = {}): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  const log = await openOn(disk, options)
  await log.createTopic({ name: 't', partitions: 2, retention: 'forever' })
  const producer = await fenced(log, 'id')
  for (let n = 1; n <= transactions; n++) await commit(producer, n)
  if (end === 'closed') await log.close()
  return disk
}
const commit = (producer: Awaited<ReturnType<typeof fenced>>, n: number) =>
  producer.commit({
    offsets: { group: 'g', metadata: '', offsets: [{ topic: 't', partition: 0, next: n }] },
    writes: [write('t', 0, `a${n}`, `b${n}`), write('t', 1, `c${n}`)],
  })
const expected = (n: number) => Array.from({ length: n }, (_, i) => [`a${i + 1}`, `b${i + 1}`]).flat()
const flipped = (content: Buffer, at: number): Buffer => {
  const copy = Buffer.from(content)
  copy[at]! ^= 1 << (at % 8)
  return copy
}

test('a torn end is cut off at every byte of the last frame, kept in a side file and told; what was before is whole', async () => {
  const disk = await logOf(2, 'killed')
  const before = disk.content(FIRST).length
  disk.killProcess()
  const log = await openOn(disk)
  await commit(await fenced(log, 'id'), 3)
  const whole = disk.content(FIRST)
  assert.ok(whole.length > before)
  for (let length = before; length < whole.length; length++) {
    const torn = new SimulatedDisk()
    torn.put(FIRST, Buffer.from(whole.subarray(0, length)))
    const tails: TornTail[] = []
    const again = await openOn(torn, { tornTail: tail => tails.push(tail) })
    assert.deepEqual(await readValues(again, 't', 0), expected(2), `cut to ${length} bytes`)
    assert.deepEqual(await readValues(again, 't', 1), ['c1', 'c2'])
    assert.equal((await again.committed('g', 't', 0))?.next, 2)
    const keptIn = `${LOG}/torn-0000000001-${before}.bin`
    if (length === before) assert.deepEqual(tails, [])
    else {
      assert.deepEqual(tails, [{ file: FIRST, position: before, sizeBytes: length - before, keptIn }])
      assert.deepEqual(torn.content(keptIn), whole.subarray(before, length))
    }
    await commit(await fenced(again, 'id'), 4)
    torn.killProcess()
    const third = await openOn(torn)
    assert.deepEqual(await readValues(third, 't', 0), [...expected(2), 'a4', 'b4'])
  }
})

test('a last frame that arrived in pieces is cut off, whichever byte of it is wrong', async () => {
  const disk = await logOf(2, 'killed')
  const before = disk.content(FIRST).length
  disk.killProcess()
  await commit(await fenced(await openOn(disk), 'id'), 3)
  const whole = Buffer.from(disk.content(FIRST))
  for (let at = before; at < whole.length; at++) {
    const torn = new SimulatedDisk()
    torn.put(FIRST, flipped(whole, at))
    const tails: TornTail[] = []
    const again = await openOn(torn, { tornTail: tail => tails.push(tail) })
    assert.deepEqual(await readValues(again, 't', 0), expected(2), `byte ${at}`)
    assert.equal(tails.length, 1)
  }
})

test('zeros or junk behind the last frame are cut off as a torn end', async () => {
  for (const junk of [Buffer.alloc(5_000), Buffer.alloc(777, 'MRF1 is not a frame ')]) {
    const disk = await logOf(2, 'killed')
    const whole = Buffer.from(disk.content(FIRST))
    disk.put(FIRST, Buffer.concat([whole, junk]))
    const tails: TornTail[] = []
    const log = await openOn(disk, { tornTail: tail => tails.push(tail) })
    assert.deepEqual(await readValues(log, 't'), expected(2))
    assert.equal(tails[0]?.sizeBytes, junk.length)
  }
})

test('frames of one write of which an early one is torn are all cut off: none was acknowledged', async () => {
  const disk = new SimulatedDisk()
  const log = await openOn(disk)
  await log.createTopic({ name: 't', partitions: 2, retention: 'forever' })
  const producers = await Promise.all(['p', 'q', 'r'].map(id => fenced(log, id)))
  const before = disk.content(FIRST).length
  await Promise.all(producers.map((p, i) => commit(p, i + 1)))
  const whole = disk.content(FIRST)
  disk.put(FIRST, flipped(whole, before + 60))
  const tails: TornTail[] = []
  const again = await openOn(disk, { tornTail: tail => tails.push(tail) })
  assert.deepEqual(await readValues(again, 't'), [])
  assert.deepEqual(
    tails.map(t => [t.position, t.sizeBytes]),
    [[before, whole.length - before]],
  )
})

test('DATA_CORRUPT: a damaged frame with a later one that was written after it was durable stops the start, whichever byte', async () => {
  const disk = await logOf(3, 'killed')
  const whole = Buffer.from(disk.content(FIRST))
  disk.killProcess()
  await commit(await fenced(await openOn(disk), 'id'), 4)
  const longer = Buffer.from(disk.content(FIRST))
  for (let at = 0; at < whole.length; at++) {
    const damaged = new SimulatedDisk()
    damaged.put(FIRST, flipped(longer, at))
    await assert.rejects(openOn(damaged), coded('DATA_CORRUPT', FIRST, 'at byte '), `byte ${at}`)
    assert.deepEqual(damaged.content(FIRST), flipped(longer, at), 'nothing is changed')
  }
})

test('DATA_CORRUPT: after a clean close any damaged byte before the end mark stops the start', async () => {
  const disk = await logOf(2, 'closed')
  const whole = Buffer.from(disk.content(FIRST))
  const mark = whole.lastIndexOf(Buffer.from('MRF1'))
  for (let at = 0; at < whole.length; at++) {
    const damaged = new SimulatedDisk()
    damaged.put(FIRST, flipped(whole, at))
    if (at < mark) await assert.rejects(openOn(damaged), coded('DATA_CORRUPT', FIRST), `byte ${at}`)
    else assert.deepEqual(await readValues(await openOn(damaged), 't'), expected(2), 'only the mark itself is cut')
  }
})

test('DATA_CORRUPT: of several segments no damaged byte goes unseen: the start or the read of it fails, other partitions are read', async () => {
  const disk = await logOf(14, 'closed', SMALL)
  const segments = disk
    .files(LOG)
    .filter(name => name.endsWith('.seg'))
    .toSorted()
  assert.ok(segments.length >= 4)
  const files = disk.snapshot(LOG)
  let [atStart, atRead] = [0, 0]
  for (const name of segments.slice(0, -1)) {
    const path = `${LOG}/${name}`
    for (let at = 0; at < files.get(path)!.length; at += 3) {
      const damaged = new SimulatedDisk()
      damaged.restore(files)
      damaged.put(path, flipped(files.get(path)!, at))
      try {
        const log = await openOn(damaged, SMALL)
        const results = await Promise.allSettled([readValues(log, 't', 0), readValues(log, 't', 1)])
        const failed = results.filter(r => r.status === 'rejected')
        assert.equal(failed.length, 1, `byte ${at} of ${path}: exactly one partition is damaged`)
        coded('DATA_CORRUPT', path, 'byte ', 'offsets ')(failed[0]!.reason)
        if (results[0]!.status === 'fulfilled') assert.deepEqual(results[0].value, expected(14))
        atRead++
      } catch (error) {
        if (!isMillraceError(error)) throw error
        coded('DATA_CORRUPT', path)(error)
        atStart++
      }
    }
  }
  assert.ok(atStart > 50 && atRead > 50, `${atStart} found by the start, ${atRead} by reading`)
})

test('DATA_CORRUPT: a segment that is gone or cut short is told by the start or the read', async () => {
  const disk = await logOf(14, 'closed', SMALL)
  const files = disk.snapshot(LOG)
  const segments = [...files.keys()].toSorted()
  for (const path of segments.slice(0, -1)) {
    const damaged = new SimulatedDisk()
    damaged.restore(files)
    damaged.delete(path)
    await assert.rejects(openOn(damaged, SMALL), coded('DATA_CORRUPT', 'from offset'), path)
    damaged.put(path, files.get(path)!.subarray(0, -8))
    await assert.rejects(openOn(damaged, SMALL), coded('DATA_CORRUPT', path), path)
  }
})

test('DATA_CORRUPT: when the newest segment holds nothing yet, the one before it is checked to the last byte', async () => {
  const disk = await logOf(4, 'killed')
  const whole = Buffer.from(disk.content(FIRST))
  const next = `${LOG}/${segmentName(2)}`
  for (const torn of [Buffer.alloc(0), Buffer.alloc(90, 7)]) {
    for (let at = whole.length - 200; at < whole.length; at += 5) {
      const damaged = new SimulatedDisk()
      damaged.put(FIRST, flipped(whole, at))
      damaged.put(next, torn)
      await assert.rejects(openOn(damaged), coded('DATA_CORRUPT', FIRST), `byte ${at}`)
    }
    const healthy = new SimulatedDisk()
    healthy.put(FIRST, whole)
    healthy.put(next, torn)
    const tails: TornTail[] = []
    const log = await openOn(healthy, { tornTail: tail => tails.push(tail) })
    assert.deepEqual(await readValues(log, 't'), expected(4))
    assert.deepEqual(
      tails.map(t => [t.file, t.sizeBytes]),
      torn.length === 0 ? [] : [[next, 90]],
    )
    await commit(await fenced(log, 'id'), 5)
    healthy.killProcess()
    assert.deepEqual(await readValues(await openOn(healthy), 't'), expected(5))
  }
})

test('DATA_CORRUPT: a file that shrinks under the running log is told by the read', async () => {
  const disk = await logOf(14, 'closed', SMALL)
  const log = await openOn(disk, SMALL)
  disk.put(FIRST, disk.content(FIRST).subarray(0, 500))
  await assert.rejects(readValues(log, 't'), coded('DATA_CORRUPT', FIRST))
})

test('DATA_CORRUPT: a frame that is gone from the middle is missed, one that is there twice is no frame', async () => {
  const disk = await logOf(4, 'killed')
  const whole = Buffer.from(disk.content(FIRST))
  const frames: Buffer[] = []
  for (let at = 0, next = 0; at >= 0; at = next) {
    next = whole.indexOf(Buffer.from('MRF1'), at + 4)
    frames.push(whole.subarray(at, next < 0 ? whole.length : next))
  }
  assert.equal(frames.length, 6)
  for (let gone = 0; gone < frames.length - 1; gone++) {
    disk.put(FIRST, Buffer.concat(frames.filter((_, i) => i !== gone)))
    await assert.rejects(openOn(disk), coded('DATA_CORRUPT', FIRST), `frame ${gone}`)
  }
  disk.put(FIRST, Buffer.concat([...frames, frames[5]!]))
  assert.deepEqual(await readValues(await openOn(disk), 't'), expected(4))
})

test('DATA_CORRUPT: a segment of another one’s name or of another format is not taken for what it says', async () => {
  const disk = await logOf(14, 'closed', SMALL)
  const files = disk.snapshot(LOG)
  const [one, two] = [...files.keys()].toSorted()
  const swapped = new SimulatedDisk()
  swapped.restore(new Map([...files, [one!, files.get(two!)!], [two!, files.get(one!)!]]))
  await assert.rejects(openOn(swapped, SMALL), coded('DATA_CORRUPT', one!))
})

test('the side file of a torn end that finds no room is DISK_FULL, and the next start has all of it again', async () => {
  const disk = await logOf(2, 'killed')
  const whole = Buffer.from(disk.content(FIRST))
  disk.put(FIRST, Buffer.concat([whole, Buffer.alloc(100, 1)]))
  const files = disk.process()
  disk.fault = (operation, path) => {
    if (operation === 'write' && path.includes('torn')) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
  }
  disk.process = () => files
  await assert.rejects(openOn(disk), coded('DISK_FULL', 'torn-'))
  assert.equal(disk.content(FIRST).length, whole.length + 100)
  disk.fault = null
  assert.deepEqual(await readValues(await openOn(disk), 't'), expected(2))
})
