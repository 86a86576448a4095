// Committed records as an Observable: over the driver, whose log is Kafka's in small.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filter, firstValueFrom, lastValueFrom, take, toArray } from 'rxjs'
import { avro, from, isMillraceError, json, keyBy, map, processor, scan, topic } from '#lib/index.ts'
import { MillraceError } from '#lib/model/errors.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import type { RecordLog } from '#lib/ports/record-log.ts'
import { type Committed, Observatory } from '#lib/rx/observe-topic.ts'
import { drive } from '#lib/testing/driver.ts'
import { directPorts } from '#lib/testing/simulation/world.ts'

interface Reading {
  readonly sensor: string
  readonly at: number
  readonly n: number
}
const reading = json(value => value as Reading)
const readings = topic('readings', { value: reading, key: 'sensor', time: 'at' })
const doubled = topic('doubled', {
  value: avro({
    type: 'record',
    name: 'Doubled',
    fields: [
      { name: 'sensor', type: 'string' },
      { name: 'n', type: 'int' },
    ],
  }),
  key: 'sensor',
  time: 'record-timestamp',
})
const double = processor(
  'double',
  from(readings)
    .pipe(map(r => ({ sensor: r.sensor, n: 2 * r.n })))
    .to(doubled),
)
const read = (sensor: string, at: number, n = 1): Reading => ({ sensor, at, n })

/** What an observer has heard so far. */
function heard<T>(observed: ReturnType<Observatory['observe']>) {
  const records: Committed<T>[] = []
  const ends: unknown[] = []
  const subscription = observed.subscribe({
    next: r => records.push(r as Committed<T>),
    error: (error: unknown) => ends.push(error),
    complete: () => ends.push('completed'),
  })
  return { records, ends, subscription }
}
const coded = (code: string) => (error: unknown) => isMillraceError(error) && error.code === code

test('values come typed, with key, partition, offset, time and headers, when they are committed', async () => {
  const driven = await drive(double, { partitions: 3 })
  const results = heard<{ sensor: string; n: number }>(driven.observe(doubled))
  await driven.push(readings, read('a', 1_000), read('b', 2_000, 4))
  await driven.push(readings, read('a', 3_000, 5))
  const seen = (await driven.records(doubled)).map(r => ({ topic: 'doubled', ...r, headers: [] }))
  const told = results.records.map(r => ({ ...r, headers: [...r.headers.names()] }))
  const inOrder = (records: readonly { partition: number; offset: number }[]) =>
    records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
  assert.deepEqual(inOrder(told), inOrder(seen))
  assert.deepEqual(
    told.filter(r => r.key === 'a').map(r => r.value.n),
    [2, 10],
    'in their order, as all of a partition',
  )
  assert.equal(typeof told[0]!.value.n.toFixed(), 'string')
  await driven.stop()
})
test('from the subscription on, or from the beginning; every subscriber reads for itself', async () => {
  const driven = await drive(double)
  await driven.push(readings, read('a', 1))
  const observed = driven.observe(doubled, { from: 'earliest' })
  const [all, later] = [heard<{ n: number }>(observed), heard<{ n: number }>(driven.observe(doubled))]
  await driven.push(readings, read('a', 2, 3))
  const latecomer = heard<{ n: number }>(observed)
  await driven.drain()
  const numbers = (h: typeof all): readonly number[] => h.records.map(r => r.value.n)
  assert.deepEqual([numbers(all), numbers(later), numbers(latecomer)], [[2, 6], [6], [2, 6]])
  await driven.stop()
})
test('operators work on it as on any Observable', async () => {
  const driven = await drive(double)
  const large = lastValueFrom(
    driven.observe(doubled).pipe(
      filter(r => r.value.n > 4),
      take(2),
      toArray(),
    ),
  )
  await driven.push(readings, ...[1, 2, 3, 4, 5].map((n, i) => read('a', i, n)))
  assert.deepEqual(
    (await large).map(r => r.value.n),
    [6, 8],
  )
  await driven.stop()
})
test('marks are no records, and nothing that was not committed is ever told, wherever the process dies', async () => {
  const bySensor = topic('by-sensor', { value: reading, key: 'sensor', time: 'at' })
  const sums = processor(
    'sums',
    from(readings)
      .pipe(
        keyBy(r => r.sensor, { via: bySensor }),
        scan('sum', {
          version: 1,
          ttl: null,
          initial: () => 0,
          next: (s, r) => ({ state: s + r.n, emit: [{ sensor: r.sensor, n: s + r.n }] }),
        }),
      )
      .to(doubled),
  )
  const driven = await drive(sums, { partitions: 2 })
  const [inner, results] = [heard<Reading>(driven.observe(bySensor)), heard<{ n: number }>(driven.observe(doubled))]
  for (let call = 1; call <= 20; call++) {
    driven.crashAtCall(call)
    await driven.push(readings, read('a', call))
  }
  await driven.drain()
  assert.deepEqual(
    inner.records.map(r => r.value.at),
    Array.from({ length: 20 }, (_, i) => i + 1),
  )
  assert.deepEqual(
    results.records.map(r => r.value.n),
    Array.from({ length: 20 }, (_, i) => i + 1),
  )
  await driven.stop()
})
test('who has unsubscribed hears nothing more, also in the middle of a batch', async () => {
  const driven = await drive(double)
  const numbers: number[] = []
  const subscription = driven.observe(doubled).subscribe(r => {
    numbers.push(r.value.n)
    if (numbers.length === 2) subscription.unsubscribe()
  })
  await driven.push(readings, ...[1, 2, 3].map(n => read('a', n, n)))
  await driven.push(readings, read('a', 9))
  assert.deepEqual(numbers, [2, 4])
  await driven.stop()
})
test('a closing observatory tells what is committed by then, and completes', async () => {
  const ports = directPorts()
  const observatory = new Observatory(ports)
  await ports.log.createTopic({ name: 'readings', partitions: 2, retention: 'forever' })
  const { records, ends } = heard<Reading>(observatory.observe(readings))
  await ports.clock.breathe()
  await written(ports.log, 1, [read('a', 1), read('b', 2)])
  await observatory.close()
  assert.deepEqual(
    records.map(r => [r.partition, r.value.sensor]),
    [
      [1, 'a'],
      [1, 'b'],
    ],
  )
  assert.deepEqual(ends, ['completed'])
  assert.deepEqual(heard(observatory.observe(readings)).records, [])
})
test('it is closed by repartition(): the other world is another log', async () => {
  const driven = await drive(double)
  const { ends } = heard(driven.observe(doubled))
  await driven.repartition(2)
  assert.deepEqual(ends, ['completed'])
  await driven.stop()
})
test('a topic that is not there, and records that were removed before they were read, are errors', async () => {
  const ports = directPorts()
  let away = Infinity
  const observatory = new Observatory({ ...ports, log: failing(ports.log, () => away > 0) })
  await assert.rejects(firstValueFrom(observatory.observe(readings)), coded('TOPIC_UNKNOWN'))
  await ports.log.createTopic({ name: 'readings', partitions: 1, retention: 'forever' })
  const { ends } = heard(observatory.observe(readings))
  await ports.clock.breathe()
  await written(ports.log, 0, [read('a', 1), read('a', 2)])
  await ports.log.deleteRecords('readings', 0, (await ports.log.bounds('readings', 0)).end)
  away = 0
  await ports.clock.advance(1_000)
  assert.equal(ends.length, 1)
  assert.ok(coded('OFFSET_OUT_OF_RANGE')(ends[0]))
  await observatory.close()
})
test('a value that cannot be read ends it and says where it lies, or is left out, as the subscriber wants', async () => {
  const ports = directPorts()
  const observatory = new Observatory(ports)
  await ports.log.createTopic({ name: 'readings', partitions: 1, retention: 'forever' })
  const [failing, skipping] = [
    heard<Reading>(observatory.observe(readings)),
    heard<Reading>(observatory.observe(readings, { malformed: 'skip' })),
  ]
  await ports.clock.breathe()
  await written(ports.log, 0, [read('a', 1), 'no JSON', null, read('b', 2)])
  await observatory.close()
  assert.deepEqual(
    [failing, skipping].map(h => h.records.map(r => r.value.sensor)),
    [['a'], ['a', 'b']],
  )
  const [error] = failing.ends as [MillraceError]
  assert.deepEqual([error.code, error.where], ['JSON_MALFORMED', { topic: 'readings', partition: 0, offset: 1 }])
  assert.deepEqual(skipping.ends, ['completed'])
})
test('while the log is away it waits, and then goes on behind the last record that was told', async () => {
  const ports = directPorts()
  let away = 0
  const log = failing(ports.log, () => away-- > 0)
  const observatory = new Observatory({ ...ports, log })
  await ports.log.createTopic({ name: 'readings', partitions: 1, retention: 'forever' })
  const { records, ends } = heard<Reading>(observatory.observe(readings))
  for (let n = 0; n < 6; n++) {
    away = n
    await written(ports.log, 0, [read('a', n, n)])
    for (let turns = 0; turns < 20; turns++) await ports.clock.advance(10_000)
  }
  assert.deepEqual(
    records.map(r => r.value.n),
    [0, 1, 2, 3, 4, 5],
  )
  assert.deepEqual(ends, [])
  await observatory.close()
})

async function written(log: RecordLog, partition: number, values: readonly (Reading | string | null)[]): Promise<void> {
  const producer = log.producer('outside')
  await producer.fence()
  const text = (v: Reading | string | null): string | null => (v === null || typeof v === 'string' ? v : JSON.stringify(v))
  const columns = columnsOf(values.map(v => ({ time: 1, key: 'k', value: text(v) })))
  await producer.commit({ writes: [{ topic: 'readings', partition, columns }] })
  await producer.close()
}
/** A log whose reads fail when `fails` says so. */
function failing(log: RecordLog, fails: () => boolean): RecordLog {
  const attempt = async <T>(call: () => Promise<T>): Promise<T> => {
    if (fails()) throw new MillraceError('LOG_UNAVAILABLE', 'away')
    return call()
  }
  return new Proxy(log, {
    get: (target, name) => {
      if (name === 'reader')
        return async (...a: Parameters<RecordLog['reader']>) => {
          const reader = await attempt(() => target.reader(...a))
          return {
            fetch: (bytes: number) => attempt(() => reader.fetch(bytes)),
            arrived: (signal: AbortSignal) => reader.arrived(signal),
            close: () => reader.close(),
          }
        }
      const member = target[name as keyof RecordLog]
      return typeof member === 'function' ? (member as (...a: unknown[]) => unknown).bind(target) : member
    },
  })
}
