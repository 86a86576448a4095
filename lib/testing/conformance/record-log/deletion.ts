// What is forgotten on purpose, and finding offsets by time.
import assert from 'node:assert/strict'
import { fenced, logTest, newTopic, type Open, plain, readAll, refused, values, valuesOf, write } from './opened-log.ts'

export function deletionTests(open: Open): void {
  logTest(open, 'deleteRecords moves the start, also into the middle of a batch; later records and the end stay', async ({ log }) => {
    const topic = await newTopic(log, 2)
    const producer = await fenced(log)
    await producer.commit({ writes: [write(topic, 0, 'a', 'b', 'c'), write(topic, 1, 'other')] })
    await producer.commit({ writes: [write(topic, 0, 'd')] })
    const all = await readAll(log, topic)
    const { end } = await log.bounds(topic, 0)
    for (const keep of [1, 2, 3]) {
      await log.deleteRecords(topic, 0, all[keep]!.offset)
      const bounds = await log.bounds(topic, 0)
      assert.equal(bounds.start, all[keep]!.offset)
      assert.equal(bounds.end, end)
      assert.deepEqual(await readAll(log, topic), all.slice(keep))
    }
    assert.deepEqual(await values(log, topic, 1), ['other'])
  })

  logTest(open, 'deleteRecords never moves the start back', async ({ log }) => {
    const topic = await newTopic(log)
    await (await fenced(log)).commit({ writes: [write(topic, 0, 'a', 'b', 'c')] })
    const all = await readAll(log, topic)
    await log.deleteRecords(topic, 0, all[2]!.offset)
    await log.deleteRecords(topic, 0, all[1]!.offset)
    await log.deleteRecords(topic, 0, 0)
    assert.equal((await log.bounds(topic, 0)).start, all[2]!.offset)
    assert.deepEqual(await values(log, topic), ['c'])
  })

  logTest(open, 'a partition whose records are all deleted goes on at its end', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    await producer.commit({ writes: [write(topic, 0, 'a', 'b')] })
    const last = (await readAll(log, topic)).at(-1)!
    const { end } = await log.bounds(topic, 0)
    await log.deleteRecords(topic, 0, end)
    const bounds = await log.bounds(topic, 0)
    assert.deepEqual([bounds.start, bounds.end], [end, end])
    assert.deepEqual(await readAll(log, topic), [])
    const { baseOffsets } = await producer.commit({ writes: [write(topic, 0, 'c')] })
    assert.ok(baseOffsets[0]! > last.offset)
    assert.deepEqual(await values(log, topic), ['c'])
  })

  logTest(open, 'OFFSET_OUT_OF_RANGE: deleting beyond the end is refused and forgets nothing', async ({ log }) => {
    const topic = await newTopic(log)
    await (await fenced(log)).commit({ writes: [write(topic, 0, 'a')] })
    const before = await readAll(log, topic)
    const { start, end } = await log.bounds(topic, 0)
    await refused(log.deleteRecords(topic, 0, end + 1), 'OFFSET_OUT_OF_RANGE')
    assert.equal((await log.bounds(topic, 0)).start, start)
    assert.deepEqual(await readAll(log, topic), before)
  })

  logTest(open, 'offsetAt is the first offset whose record time is at least the asked one, else the end', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    const at = (time: number) => plain(`${time}`, { time })
    await producer.commit({ writes: [write(topic, 0, at(100), at(300), at(200))] })
    await producer.commit({ writes: [write(topic, 0, at(250))] })
    await producer.commit({ writes: [write(topic, 0, at(400), at(150))] })
    const all = await readAll(log, topic)
    const { end } = await log.bounds(topic, 0)
    for (const time of [0, 100, 101, 200, 250, 299, 300, 301, 400]) {
      const expected = all.find(r => r.time >= time)!.offset
      assert.equal(await log.offsetAt(topic, 0, time), expected, `time ${time}`)
    }
    assert.equal(await log.offsetAt(topic, 0, 401), end)
  })

  logTest(open, 'offsetAt sees no deleted record, and an empty partition has only its end', async ({ log }) => {
    const topic = await newTopic(log, 2)
    const at = (time: number) => plain(`${time}`, { time })
    await (await fenced(log)).commit({ writes: [write(topic, 0, at(500), at(100), at(200))] })
    const all = await readAll(log, topic)
    await log.deleteRecords(topic, 0, all[1]!.offset)
    assert.equal(await log.offsetAt(topic, 0, 0), all[1]!.offset)
    assert.equal(await log.offsetAt(topic, 0, 150), all[2]!.offset)
    assert.equal(await log.offsetAt(topic, 0, 300), (await log.bounds(topic, 0)).end)
    assert.equal(await log.offsetAt(topic, 1, 0), (await log.bounds(topic, 1)).end)
    assert.deepEqual(valuesOf(await readAll(log, topic)), ['100', '200'])
  })
}
