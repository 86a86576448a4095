// A full disk leaves a log that goes on when there is room; a disk that fails leaves one that refuses commits until it is opened again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coded, fenced, LOG, openOn, readValues, write } from './opened.ts'
import { type Operation, SimulatedDisk } from './simulated-disk.ts'

const system = (code: string) => Object.assign(new Error(`${code}: as injected`), { code })
/** Lets the `nth` operation of a kind fail from now on (only that one, or all that follow). */
function failing(disk: SimulatedDisk, kind: Operation, code: string, how: 'once' | 'always', nth = 1): void {
  let seen = 0
  disk.fault = operation => {
    if (operation === kind && (how === 'once' ? ++seen === nth : ++seen >= nth)) throw system(code)
  }
}
/** A disk on which a write that does not fit any more leaves half of itself behind. */
function fullAfter(disk: SimulatedDisk, room: number): void {
  let left = room
  const files = disk.process()
  disk.process = () => ({
    ...files,
    open: async (path, how) => {
      const file = await files.open(path, how)
      return {
        ...file,
        write: async (buffers, position) => {
          const bytes = Buffer.concat(buffers)
          if (bytes.length <= left) {
            left -= bytes.length
            return file.write(buffers, position)
          }
          await file.write([bytes.subarray(0, left)], position)
          throw system('ENOSPC')
        },
      }
    },
  })
  disk.fault = null
}

for (const code of ['ENOSPC', 'EDQUOT'])
  test(`DISK_FULL (${code}): nothing of the transaction is kept, the handle is dead, and the log goes on when there is room`, async () => {
    const disk = new SimulatedDisk()
    const log = await openOn(disk)
    await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
    const producer = await fenced(log, 'id')
    await producer.commit({ writes: [write('t', 0, 'a')] })
    failing(disk, 'write', code, 'always')
    const offsets = { group: 'g', metadata: '', offsets: [{ topic: 't', partition: 0, next: 9 }] }
    await assert.rejects(producer.commit({ offsets, writes: [write('t', 0, 'never')] }), coded('DISK_FULL', '.seg', 'free space'))
    await assert.rejects(producer.commit({ writes: [] }), coded('PRODUCER_FENCED'))
    await assert.rejects((await fenced(log, 'id')).commit({ writes: [write('t', 0, 'never')] }), coded('DISK_FULL'))
    await assert.rejects(log.createTopic({ name: 'u', partitions: 1, retention: 'forever' }), coded('DISK_FULL'))
    await assert.rejects(log.deleteRecords('t', 0, 1), coded('DISK_FULL'))
    assert.deepEqual(await readValues(log, 't'), ['a'])
    assert.equal(await log.topic('u'), null)
    disk.fault = null
    await (await fenced(log, 'id')).commit({ writes: [write('t', 0, 'b')] })
    assert.equal(await log.createTopic({ name: 'u', partitions: 1, retention: 'forever' }), 'created')
    assert.deepEqual(await readValues(log, 't'), ['a', 'b'])
    disk.killProcess()
    const again = await openOn(disk)
    assert.deepEqual(await readValues(again, 't'), ['a', 'b'])
    assert.equal(await again.committed('g', 't', 0), null)
  })

test('DISK_FULL: at every size of the room left a refused transaction leaves no trace, also after a power cut', async () => {
  for (let room = 0; room < 900; room += 7) {
    const disk = new SimulatedDisk()
    const first = await openOn(disk)
    await first.createTopic({ name: 't', partitions: 1, retention: 'forever' })
    await first.close()
    fullAfter(disk, room)
    const log = await openOn(disk)
    const outcomes = await Promise.allSettled(
      ['p', 'q', 'r'].map(async id => (await fenced(log, id)).commit({ writes: [write('t', 0, id, 'x'.repeat(50))] })),
    )
    for (const outcome of outcomes) if (outcome.status === 'rejected') coded('DISK_FULL')(outcome.reason)
    const kept = outcomes.flatMap((o, i) => (o.status === 'fulfilled' ? [['p', 'q', 'r'][i], 'x'.repeat(50)] : []))
    assert.deepEqual(await readValues(log, 't'), kept)
    disk.cutPower(() => 0.55) // every write arrives that was not synced, and no truncation does
    const files = new SimulatedDisk()
    files.restore(disk.snapshot(LOG))
    assert.deepEqual(await readValues(await openOn(files), 't'), kept, `room for ${room} bytes`)
  }
})

test('DISK_FULL in a new segment: the log goes on in it when there is room', async () => {
  for (const operation of ['open', 'write'] as const) {
    const disk = new SimulatedDisk()
    const log = await openOn(disk, { segmentBytes: 500 })
    await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
    const commit = async (value: string) => (await fenced(log, 'id')).commit({ writes: [write('t', 0, value, 'x'.repeat(300))] })
    await commit('a')
    failing(disk, operation, 'ENOSPC', 'always')
    await assert.rejects(commit('never'), coded('DISK_FULL'))
    await assert.rejects(commit('never'), coded('DISK_FULL'))
    disk.fault = null
    await commit('b')
    await commit('c')
    const values = ['a', 'b', 'c'].flatMap(v => [v, 'x'.repeat(300)])
    assert.deepEqual(await readValues(log, 't'), values)
    disk.killProcess()
    assert.deepEqual(await readValues(await openOn(disk), 't'), values)
  }
})

for (const [what, operation, code] of [
  ['a failed sync', 'sync', 'EIO'],
  ['a sync that finds no room', 'sync', 'ENOSPC'],
  ['a failed write', 'write', 'EIO'],
] as const)
  test(`COMMIT_UNKNOWN: after ${what} the log takes no more commits until it is opened again; reading goes on`, async () => {
    const disk = new SimulatedDisk()
    const log = await openOn(disk)
    await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
    const producer = await fenced(log, 'id')
    const other = await fenced(log, 'other')
    await producer.commit({ writes: [write('t', 0, 'a')] })
    failing(disk, operation, code, 'once')
    await assert.rejects(producer.commit({ writes: [write('t', 0, 'maybe')] }), coded('COMMIT_UNKNOWN', '.seg', 'restart'))
    await assert.rejects(other.commit({ writes: [write('t', 0, 'never')] }), coded('COMMIT_UNKNOWN'))
    await assert.rejects(log.producer('id').fence(), coded('LOG_UNAVAILABLE', 'restart'))
    await assert.rejects(log.createTopic({ name: 'u', partitions: 1, retention: 'forever' }), coded('LOG_UNAVAILABLE'))
    await assert.rejects(log.deleteRecords('t', 0, 1), coded('LOG_UNAVAILABLE'))
    await assert.rejects(
      log.maintain(0).then(() => log.deleteRecords('t', 0, 1)),
      coded('LOG_UNAVAILABLE'),
    )
    assert.deepEqual(await readValues(log, 't'), ['a'])
    await log.close()
    const again = await openOn(disk)
    const values = await readValues(again, 't')
    assert.ok(values.length <= 2 && values[0] === 'a' && (values.length === 1 || values[1] === 'maybe'), String(values))
    await (await fenced(again, 'id')).commit({ writes: [write('t', 0, 'b')] })
    assert.deepEqual(await readValues(again, 't'), [...values, 'b'])
  })

test('COMMIT_UNKNOWN: when the partial write of a full disk cannot be taken back', async () => {
  const disk = new SimulatedDisk()
  const log = await openOn(disk)
  await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
  const producer = await fenced(log, 'id')
  disk.fault = operation => {
    if (operation === 'write') throw system('ENOSPC')
    if (operation === 'truncate') throw system('EIO')
  }
  await assert.rejects(producer.commit({ writes: [write('t', 0, 'maybe')] }), coded('COMMIT_UNKNOWN'))
})

test('COMMIT_UNKNOWN: a segment that cannot be created stops nothing for ever', async () => {
  const disk = new SimulatedDisk()
  const log = await openOn(disk, { segmentBytes: 100 })
  failing(disk, 'open', 'EMFILE', 'once')
  await assert.rejects(log.createTopic({ name: 't', partitions: 1, retention: 'forever' }), coded('LOG_UNAVAILABLE', 'EMFILE'))
  assert.equal(await log.createTopic({ name: 't', partitions: 1, retention: 'forever' }), 'created')
})

test('LOG_UNAVAILABLE: a read that the disk refuses is no damage, and works again later', async () => {
  const disk = new SimulatedDisk()
  const log = await openOn(disk, { memoryBytes: 0 })
  await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
  await (await fenced(log, 'id')).commit({ writes: [write('t', 0, 'a')] })
  failing(disk, 'read', 'EIO', 'once')
  await assert.rejects(readValues(log, 't'), coded('LOG_UNAVAILABLE', '.seg'))
  failing(disk, 'open', 'EMFILE', 'once')
  assert.deepEqual(await readValues(log, 't'), ['a'])
})

test('DATA_DIR_UNUSABLE: a directory that cannot be read is told when the log is opened', async () => {
  const disk = new SimulatedDisk()
  const files = disk.process()
  disk.process = () => files
  failing(disk, 'list', 'EACCES', 'always')
  await assert.rejects(openOn(disk), coded('DATA_DIR_UNUSABLE', LOG))
})

test('commits that come while a sync runs share the next write and the next sync', async () => {
  const disk = new SimulatedDisk()
  const log = await openOn(disk)
  await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
  const producers = await Promise.all(Array.from({ length: 40 }, (_, i) => fenced(log, `id${i}`)))
  const counted = { write: 0, sync: 0 }
  disk.fault = operation => {
    if (operation === 'write' || operation === 'sync') counted[operation]++
  }
  await Promise.all(producers.map((p, i) => p.commit({ writes: [write('t', 0, `${i}`)] })))
  assert.deepEqual(counted, { write: 1, sync: 1 })
  const receipts = await Promise.all([
    ...producers.slice(0, 3).map(p => p.commit({ writes: [write('t', 0, 'x', 'y')] })),
    log.bounds('t', 0),
  ])
  assert.deepEqual(receipts.slice(0, 3), [{ baseOffsets: [40] }, { baseOffsets: [42] }, { baseOffsets: [44] }])
})
