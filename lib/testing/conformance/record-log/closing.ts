// Closing, and what a log opened again still knows.
import assert from 'node:assert/strict'
import { days } from '../../../model/time.ts'
import {
  fenced,
  logTest,
  newTopic,
  type Open,
  offsetOf,
  plain,
  readAll,
  refused,
  settledOffset,
  unique,
  values,
  write,
} from './opened-log.ts'

export function closingTests(open: Open): void {
  logTest(open, 'close() lets a commit under way settle and wakes who waits; it may be called twice', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    const reader = await log.reader(topic, 0, (await log.bounds(topic, 0)).end)
    const order: string[] = []
    const commit = producer.commit({ writes: [write(topic, 0, 'a')] }).then(
      () => order.push('settled'),
      () => order.push('settled'),
    )
    const arrived = reader.arrived(new AbortController().signal)
    await log.close().then(() => order.push('closed'))
    await commit
    await arrived
    assert.deepEqual(order, ['settled', 'closed'])
    await log.close()
  })

  logTest(open, 'LOG_UNAVAILABLE: a closed log answers nothing', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = log.producer(unique('id'))
    const reader = await log.reader(topic, 0, 0)
    await log.close()
    await refused(log.createTopic({ name: unique('topic'), partitions: 1, retention: 'forever' }), 'LOG_UNAVAILABLE')
    await refused(log.bounds(topic, 0), 'LOG_UNAVAILABLE')
    await refused(reader.fetch(1_000), 'LOG_UNAVAILABLE')
    await refused(producer.fence(), 'LOG_UNAVAILABLE')
  })
}

export function reopeningTests(open: Open): void {
  logTest(open, 'topics, records, starts and offsets survive closing and opening again', async ({ log, reopen }, t) => {
    if (reopen === undefined) return t.skip('this log lives no longer than its process')
    const [topic, second, id, group] = [await newTopic(log, 3), unique('topic'), unique('id'), unique('group')]
    await log.createTopic({ name: second, partitions: 1, retention: days(3) })
    const producer = await fenced(log, id)
    await producer.commit({ offsets: offsetOf(group, topic, 1, 12, 'm'), writes: [write(topic, 0, 'a', 'b', 'c'), write(topic, 1, 'x')] })
    await producer.commit({ writes: [write(topic, 0, plain('d', { time: 77, key: 'k', headers: [['h', null]] }))] })
    const all = await readAll(log, topic)
    await log.deleteRecords(topic, 0, all[1]!.offset)
    await fenced(log, id)
    const bounds = await Promise.all([0, 1, 2].map(p => log.bounds(topic, p)))
    const again = await reopen()
    assert.deepEqual(await again.topic(second), { name: second, partitions: 1, retention: 3 * 86_400_000 })
    assert.equal((await again.topic(topic))?.partitions, 3)
    assert.deepEqual(await Promise.all([0, 1, 2].map(p => again.bounds(topic, p))), bounds)
    assert.deepEqual(await readAll(again, topic), all.slice(1))
    assert.deepEqual(await values(again, topic, 1), ['x'])
    assert.deepEqual(await settledOffset(again, id, group, topic, 1), { next: 12, metadata: 'm' })
    assert.equal(await again.createTopic({ name: second, partitions: 1, retention: 'forever' }), 'exists')
    await refused(again.createTopic({ name: second, partitions: 2, retention: 'forever' }), 'TOPIC_DIFFERS')
  })

  logTest(open, 'a log opened again goes on: new transactions follow the old ones', async ({ log, reopen }, t) => {
    if (reopen === undefined) return t.skip('this log lives no longer than its process')
    const [topic, id] = [await newTopic(log), unique('id')]
    await (await fenced(log, id)).commit({ writes: [write(topic, 0, 'a', 'b')] })
    const before = await readAll(log, topic)
    const again = await reopen()
    const { baseOffsets } = await (await fenced(again, id)).commit({ writes: [write(topic, 0, 'c')] })
    assert.ok(baseOffsets[0]! > before.at(-1)!.offset)
    assert.deepEqual(await values(again, topic), ['a', 'b', 'c'])
    assert.deepEqual((await readAll(again, topic)).slice(0, 2), before)
  })
}
