import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '#lib/model/errors.ts'
import { coded, fenced, openOn, readValues, write } from './opened.ts'
import { SimulatedDisk } from './simulated-disk.ts'

async function withTopic(options = {}) {
  const disk = new SimulatedDisk()
  const log = await openOn(disk, options)
  await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
  return { disk, log }
}
const outcomeOf = (commit: Promise<unknown>): Promise<string> =>
  commit.then(
    () => 'acknowledged',
    error => (isMillraceError(error) ? error.code : String(error)),
  )

test('O1: a zombie with many commits queued: what is there when the fence resolves stays, nothing follows', async () => {
  for (let turns = 0; turns < 30; turns++) {
    const { log } = await withTopic()
    const zombie = await fenced(log, 'id')
    const queued = Array.from({ length: 6 }, (_, n) => outcomeOf(zombie.commit({ writes: [write('t', 0, `zombie ${n}`)] })))
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    await log.producer('id').fence()
    const then = await readValues(log, 't')
    const outcomes = await Promise.all(queued)
    assert.deepEqual(await readValues(log, 't'), then)
    assert.deepEqual(outcomes, [...then.map(() => 'acknowledged'), ...Array.from({ length: 6 - then.length }, () => 'PRODUCER_FENCED')])
  }
})

test('I8: of commits queued on one handle none happens after one that failed', async () => {
  const { disk, log } = await withTopic()
  const producer = await fenced(log, 'id')
  let writes = 0
  disk.fault = operation => {
    if (operation === 'write' && ++writes === 2) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
  }
  const outcomes = await Promise.all([1, 2, 3].map(n => outcomeOf(producer.commit({ writes: [write('t', 0, `${n}`)] }))))
  assert.deepEqual(outcomes, ['acknowledged', 'DISK_FULL', 'PRODUCER_FENCED'])
  assert.deepEqual(await readValues(log, 't'), ['1'])
})

test('a fence that is itself overtaken while it waits is PRODUCER_FENCED', async () => {
  const { log } = await withTopic()
  const zombie = await fenced(log, 'id')
  const commit = zombie.commit({ writes: [write('t', 0, 'a')] })
  await Promise.resolve()
  const [second, third] = [log.producer('id'), log.producer('id')]
  const outcomes = Promise.all([outcomeOf(second.fence()), outcomeOf(third.fence())])
  await commit
  assert.deepEqual(await outcomes, ['PRODUCER_FENCED', 'acknowledged'])
  await third.commit({ writes: [write('t', 0, 'b')] })
  assert.deepEqual(await readValues(log, 't'), ['a', 'b'])
})

test('producer epochs survive: they are numbered on from those that committed, also when their segments are gone', async () => {
  const disk = new SimulatedDisk()
  const epochs = async (): Promise<number> => {
    const content = disk
      .files('/data/log')
      .filter(f => f.endsWith('.seg'))
      .map(f => disk.content(`/data/log/${f}`).toString('latin1'))
      .join('')
    return Math.max(...[...content.matchAll(/"id":"id","epoch":(\d+)/g)].map(m => Number(m[1])))
  }
  const seen: number[] = []
  for (let life = 0; life < 4; life++) {
    const log = await openOn(disk, { segmentBytes: 400 })
    await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
    await (await fenced(log, 'id')).commit({ writes: [write('t', 0, 'x'.repeat(200))] })
    await log.deleteRecords('t', 0, (await log.bounds('t', 0)).end)
    seen.push(await epochs())
    const other = await fenced(log, 'other')
    for (let n = 0; n < 3; n++) await other.commit({ writes: [write('t', 0, 'x'.repeat(300))] })
    await log.deleteRecords('t', 0, (await log.bounds('t', 0)).end)
    assert.ok((await log.maintain(0)).removedSegments > 0)
    await log.close()
  }
  assert.deepEqual(seen, [1, 2, 3, 4])
})

test('RECORD_TOO_LARGE names the partition, and the limit is that of the options', async () => {
  const { log } = await withTopic({ transactionBytes: 1_000 })
  await assert.rejects(
    (await fenced(log, 'id')).commit({ writes: [write('t', 0, 'x'.repeat(1_000))] }),
    coded('RECORD_TOO_LARGE', 't/0', '1000'),
  )
  await (await fenced(log, 'id')).commit({ writes: [write('t', 0, 'x'.repeat(700))] })
  assert.equal((await readValues(log, 't')).length, 1)
})

test('a transaction larger than a segment has a segment of its own', async () => {
  const disk = new SimulatedDisk()
  const log = await openOn(disk, { segmentBytes: 1_000, memoryBytes: 0 })
  await log.createTopic({ name: 't', partitions: 1, retention: 'forever' })
  const values = [1, 2, 3].map(n => `${n}`.repeat(5_000))
  for (const value of values) await (await fenced(log, 'id')).commit({ writes: [write('t', 0, value)] })
  assert.deepEqual(await readValues(log, 't'), values)
  disk.killProcess()
  assert.deepEqual(await readValues(await openOn(disk), 't'), values)
})
