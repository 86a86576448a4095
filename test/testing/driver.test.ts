import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  count,
  feed,
  filter,
  from,
  insertOnly,
  isMillraceError,
  json,
  keyBy,
  map,
  MillraceError,
  processor,
  seconds,
  table,
  text,
  timestamptz,
  topic,
  tumbling,
} from '#lib/index.ts'
import { partitionOf } from '#lib/model/key.ts'
import { drive } from '#lib/testing/driver.ts'

interface Reading {
  readonly sensor: string
  readonly at: number
  readonly n: number
}
const reading = json(value => value as Reading)
const readings = topic('readings', { value: reading, key: 'sensor', time: 'at' })
const doubled = topic('doubled', { value: reading, key: 'sensor', time: 'at' })
const counts = topic('counts', { value: json(value => value as { n: string; count: number }), key: 'n', time: 'record-timestamp' })
const lines = feed('lines', { value: reading, key: 'sensor', time: 'at' })
const logged = table('logged', { columns: { sensor: text, at: timestamptz }, key: ['sensor'] })

const double = processor(
  'double',
  from(readings)
    .pipe(map(r => ({ ...r, n: 2 * r.n })))
    .to(doubled),
)
const read = (sensor: string, at: number, n = 1): Reading => ({ sensor, at, n })
const coded = (code: string) => (error: unknown) => isMillraceError(error) && error.code === code

test('what is pushed has gone through all processors when push resolves, also from one to the next', async () => {
  const log = processor('log', from(doubled).to(insertOnly(logged, r => ({ sensor: r.sensor, at: new Date(r.at) }), { duplicate: 'skip' })))
  const driven = await drive([log, double])
  await driven.push(readings, read('a', 1_000), read('b', 2_000, 4))
  assert.deepEqual(await driven.results(doubled), [read('a', 1_000, 2), read('b', 2_000, 8)])
  assert.deepEqual(driven.rows(logged), [
    { sensor: 'a', at: new Date(1_000) },
    { sensor: 'b', at: new Date(2_000) },
  ])
  await driven.stop()
  assert.equal((await driven.results(doubled)).length, 2)
})
test('records are seen by partition and offset, each where its key lives', async () => {
  const driven = await drive(double, { partitions: 2 })
  const pushed = ['a', 'b', 'c', 'd', 'a'].map((sensor, i) => read(sensor, i))
  await driven.push(readings, ...pushed)
  const home = (r: Reading): number => partitionOf(Buffer.from(r.sensor), 2)
  const expected = [0, 1].flatMap(p => pushed.filter(r => home(r) === p).map(r => [p, r.sensor, r.at]))
  assert.equal(new Set(pushed.map(home)).size, 2)
  assert.deepEqual(
    (await driven.records(doubled)).map(r => [r.partition, r.key, r.time]),
    expected,
  )
  await driven.stop()
})
test('time stands still but for advance(): a silent window closes after idle time, size and grace', async () => {
  const counting = processor(
    'counting',
    from(readings)
      .pipe(
        tumbling('seconds', { size: seconds(10), grace: seconds(1), late: 'count-and-drop' }),
        aggregate({ count: count() }, { emit: 'on-close' }),
        map(w => ({ n: w.key, count: w.value.count })),
      )
      .to(counts),
    { idleAfter: seconds(5) },
  )
  const driven = await drive(counting, { startAt: 1_000_000 })
  await driven.push(readings, read('a', 1_000_000))
  await driven.advance(seconds(15))
  assert.deepEqual(await driven.results(counts), [])
  await driven.advance(seconds(1))
  assert.deepEqual(await driven.results(counts), [{ n: 'a', count: 1 }])
  const { late } = await driven.push(readings, read('a', 1_000_001))
  const missed = [{ start: 1_000_000, end: 1_010_000 }]
  assert.deepEqual(late, [
    {
      ...{ processor: 'counting', window: 'seconds', windows: 1, missed, lateByMs: 0 },
      ...{ topic: 'readings', partition: 0, offset: 2, key: 'a', time: 1_000_001 },
    },
  ])
  assert.deepEqual(driven.late, late)
  await driven.stop()
})
test('drain() reads a feed to its end and closes windows through a repartition topic; its marks are no results', async () => {
  const byNumber = topic('by-number', { value: json(value => value as { n: string; at: number }), key: 'n', time: 'at' })
  const counting = processor(
    'counting',
    from(lines)
      .pipe(
        filter(r => r.n > 0),
        map(r => ({ n: String(r.n), at: r.at })),
        keyBy(r => r.n, { via: byNumber }),
        tumbling('seconds', { size: seconds(10), grace: seconds(1), late: 'count-and-drop' }),
        aggregate({ count: count() }, { emit: 'on-close' }),
        map(w => ({ n: w.key, count: w.value.count })),
      )
      .to(counts),
  )
  const driven = await drive(counting, {
    partitions: 3,
    feeds: { lines: [1, 2, 2, 0, 3].map(n => JSON.stringify(read('a', 5_000, n))).concat('no JSON') },
  })
  await driven.drain()
  assert.deepEqual((await driven.results(counts)).map(c => `${c.n} ${c.count}`).toSorted(), ['1 1', '2 2', '3 1'])
  assert.equal((await driven.results(byNumber)).length, 4)
  const [letter, ...more] = await driven.deadLetters(counting)
  assert.deepEqual([letter!.code, letter!.topic, letter!.offset, letter!.value, more], ['JSON_MALFORMED', 'lines', 5, 'no JSON', []])
  await driven.stop()
})
test('what stops a task is thrown by whatever was waiting for it', async () => {
  const fussy = processor(
    'fussy',
    from(readings)
      .pipe(map((r): Reading => (r.n > 0 ? r : refuse())))
      .to(doubled),
    { onFailure: { process: 'stop' } },
  )
  const refuse = (): never => {
    throw new MillraceError('VALUE_REFUSED', 'not above 0')
  }
  const driven = await drive(fussy)
  await driven.push(readings, read('a', 1))
  await assert.rejects(driven.push(readings, read('a', 1, 0)), coded('VALUE_REFUSED'))
  await assert.rejects(driven.drain(), coded('VALUE_REFUSED'))
  await driven.stop()
})
test('a feed that nobody gave is a mistake that is told, not waited for', async () => {
  await assert.rejects(drive(processor('reader', from(lines).to(doubled))), coded('OPTION_INVALID'))
})
