// Topics: creation, description, bounds.
import assert from 'node:assert/strict'
import { days } from '../../../model/time.ts'
import type { RecordLog } from '../../../ports/record-log.ts'
import { fenced, logTest, newTopic, type Open, refused, unique, write } from './opened-log.ts'

export function topicTests(open: Open): void {
  logTest(open, 'a topic is created once, and described as it was created', async ({ log }) => {
    const name = unique('topic')
    assert.equal(await log.topic(name), null)
    assert.equal(await log.createTopic({ name, partitions: 3, retention: days(7) }), 'created')
    assert.equal(await log.createTopic({ name, partitions: 3, retention: days(7) }), 'exists')
    assert.deepEqual(await log.topic(name), { name, partitions: 3, retention: 7 * 86_400_000 })
    assert.deepEqual(
      (await log.topics()).filter(t => t.name === name),
      [{ name, partitions: 3, retention: 7 * 86_400_000 }],
    )
  })

  logTest(open, "retention 'forever' and 'compact' are kept as said", async ({ log }) => {
    for (const retention of ['forever', 'compact'] as const) {
      const name = unique('topic')
      await log.createTopic({ name, partitions: 1, retention })
      assert.deepEqual(await log.topic(name), { name, partitions: 1, retention })
    }
  })

  logTest(open, 'a topic that exists is left as it is, its retention too', async ({ log }) => {
    const name = unique('topic')
    await log.createTopic({ name, partitions: 2, retention: 'forever' })
    assert.equal(await log.createTopic({ name, partitions: 2, retention: days(1) }), 'exists')
    assert.deepEqual(await log.topic(name), { name, partitions: 2, retention: 'forever' })
  })

  logTest(open, 'of callers that create one topic at the same time exactly one creates it', async ({ log }) => {
    const name = unique('topic')
    const answers = await Promise.all([1, 2, 3].map(() => log.createTopic({ name, partitions: 2, retention: 'forever' })))
    assert.deepEqual(answers.toSorted(), ['created', 'exists', 'exists'])
  })

  logTest(open, 'TOPIC_DIFFERS: another number of partitions is refused and changes nothing', async ({ log }) => {
    const name = unique('topic')
    await log.createTopic({ name, partitions: 2, retention: 'forever' })
    await refused(log.createTopic({ name, partitions: 3, retention: 'forever' }), 'TOPIC_DIFFERS')
    assert.deepEqual(await log.topic(name), { name, partitions: 2, retention: 'forever' })
  })

  logTest(open, 'TOPIC_INVALID: impossible names and partition counts are refused', async ({ log }) => {
    for (const name of ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250)])
      await refused(log.createTopic({ name, partitions: 1, retention: 'forever' }), 'TOPIC_INVALID')
    for (const partitions of [0, -1, 1.5, Number.NaN, 10_001])
      await refused(log.createTopic({ name: unique('topic'), partitions, retention: 'forever' }), 'TOPIC_INVALID')
  })

  logTest(open, 'of a topic just created start, stable and end are equal', async ({ log }) => {
    const topic = await newTopic(log, 2)
    for (const partition of [0, 1]) {
      const bounds = await log.bounds(topic, partition)
      assert.equal(bounds.start, bounds.end)
      assert.equal(bounds.stable, bounds.end)
    }
  })

  logTest(open, 'bounds hold every record: start ≤ first, last < stable ≤ end', async ({ log }) => {
    const [topic, id] = [await newTopic(log, 2), unique('id')]
    const { baseOffsets } = await (await fenced(log, id)).commit({ writes: [write(topic, 1, 'a', 'b', 'c')] })
    await fenced(log, id) // settles the transaction: only then nothing of it is on its way any more
    const { start, stable, end } = await log.bounds(topic, 1)
    assert.ok(start <= baseOffsets[0]! && baseOffsets[0]! + 2 < stable && stable <= end)
    const other = await log.bounds(topic, 0)
    assert.equal(other.start, other.end)
  })

  const calls: readonly (readonly [string, (log: RecordLog, topic: string, partition: number) => Promise<unknown>])[] = [
    ['bounds', (log, topic, partition) => log.bounds(topic, partition)],
    ['offsetAt', (log, topic, partition) => log.offsetAt(topic, partition, 0)],
    ['deleteRecords', (log, topic, partition) => log.deleteRecords(topic, partition, 0)],
    ['reader', (log, topic, partition) => log.reader(topic, partition, 0)],
  ]
  for (const [name, call] of calls)
    logTest(open, `TOPIC_UNKNOWN: ${name} of a topic or partition that does not exist is refused`, async ({ log }) => {
      const topic = await newTopic(log, 2)
      await refused(call(log, unique('nowhere'), 0), 'TOPIC_UNKNOWN')
      await refused(call(log, topic, 2), 'TOPIC_UNKNOWN')
      await refused(call(log, topic, -1), 'TOPIC_UNKNOWN')
    })
}
