// Reading a partition: positions, batches, waiting, and what a read-committed reader may see.
import assert from 'node:assert/strict'
import {
  fenced,
  fetchChecked,
  logTest,
  newTopic,
  type Open,
  plain,
  type Read,
  readAll,
  refused,
  unique,
  valuesOf,
  write,
} from './opened-log.ts'

const never = (): AbortSignal => new AbortController().signal

export function readingTests(open: Open): void {
  logTest(open, 'a fetch at the end waits for nothing: no records, position kept, caught up', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    await producer.commit({ writes: [write(topic, 0, 'a')] })
    await readAll(log, topic)
    const { end } = await log.bounds(topic, 0)
    const reader = await log.reader(topic, 0, end)
    for (let twice = 0; twice < 2; twice++)
      assert.deepEqual(await fetchChecked(reader, topic, 0, end), { records: [], next: end, caughtUp: true, batches: 0 })
    reader.close()
  })

  logTest(open, 'fetches of any size give every record once and in order, at least one batch each while there is one', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    const expected = Array.from({ length: 60 }, (_, i) => `${i} ${'x'.repeat((i * 37) % 300)}`)
    for (let at = 0; at < 60; at += 6) await producer.commit({ writes: [write(topic, 0, ...expected.slice(at, at + 6))] })
    assert.deepEqual(valuesOf(await readAll(log, topic)), expected)
    for (const maxBytes of [1, 700, 5_000, 1 << 24]) {
      const all = await readAll(log, topic, 0, undefined, maxBytes)
      assert.deepEqual(valuesOf(all), expected, `maxBytes ${maxBytes}`)
    }
  })

  logTest(open, 'maxBytes bounds a fetch: whole batches until it is passed', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    for (let n = 0; n < 8; n++) await producer.commit({ writes: [write(topic, 0, 'x'.repeat(10_000))] })
    await readAll(log, topic)
    const { start } = await log.bounds(topic, 0)
    const reader = await log.reader(topic, 0, start)
    const fetched = await fetchChecked(reader, topic, 0, start, 25_000)
    assert.ok(fetched.records.length < 8, 'far less than what is there')
    assert.equal(fetched.caughtUp, false)
    reader.close()
  })

  logTest(open, 'a position in the middle of a batch gives the records from there on', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    await producer.commit({ writes: [write(topic, 0, 'a', 'b', 'c', 'd')] })
    await producer.commit({ writes: [write(topic, 0, 'e')] })
    const all = await readAll(log, topic)
    for (let i = 0; i < all.length; i++) assert.deepEqual(await readAll(log, topic, 0, all[i]!.offset), all.slice(i))
  })

  logTest(open, 'seek moves the position back and forth; two readers do not disturb one another', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    for (const value of ['a', 'b', 'c']) await producer.commit({ writes: [write(topic, 0, value)] })
    const all = await readAll(log, topic)
    const first = await log.reader(topic, 0, all[0]!.offset)
    const second = await log.reader(topic, 0, all[2]!.offset)
    for (const at of [2, 0, 1, 0]) {
      first.seek(all[at]!.offset)
      const { records } = await fetchChecked(first, topic, 0, all[at]!.offset, 1)
      assert.deepEqual(records[0], all[at])
    }
    assert.deepEqual((await fetchChecked(second, topic, 0, all[2]!.offset)).records, [all[2]])
    first.close()
    second.close()
  })

  logTest(open, 'OFFSET_OUT_OF_RANGE: a position beyond the end is refused by every fetch until the reader is sought', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    await producer.commit({ writes: [write(topic, 0, 'a')] })
    const [first] = await readAll(log, topic)
    const { end } = await log.bounds(topic, 0)
    const reader = await log.reader(topic, 0, end + 1)
    await refused(reader.fetch(1_000), 'OFFSET_OUT_OF_RANGE')
    await refused(reader.fetch(1_000), 'OFFSET_OUT_OF_RANGE')
    reader.seek(first!.offset)
    assert.deepEqual((await fetchChecked(reader, topic, 0, first!.offset)).records, [first])
    reader.seek(end + 1_000_000)
    await refused(reader.fetch(1_000), 'OFFSET_OUT_OF_RANGE')
    reader.close()
  })

  logTest(open, 'OFFSET_OUT_OF_RANGE: a position below the start is refused, the reader never jumps', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    await producer.commit({ writes: [write(topic, 0, 'a', 'b')] })
    await producer.commit({ writes: [write(topic, 0, 'c')] })
    const all = await readAll(log, topic)
    const reader = await log.reader(topic, 0, all[0]!.offset)
    await log.deleteRecords(topic, 0, all[1]!.offset)
    await refused(reader.fetch(1_000), 'OFFSET_OUT_OF_RANGE')
    await refused(reader.fetch(1_000), 'OFFSET_OUT_OF_RANGE')
    reader.seek(all[1]!.offset)
    assert.deepEqual((await fetchChecked(reader, topic, 0, all[1]!.offset, 1)).records[0], all[1])
    reader.close()
  })

  logTest(open, 'arrived() resolves at once when something is there or the signal is aborted already', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    await producer.commit({ writes: [write(topic, 0, 'a')] })
    const { start, end } = await log.bounds(topic, 0)
    const reader = await log.reader(topic, 0, start)
    await reader.arrived(never())
    reader.seek(end)
    await reader.arrived(AbortSignal.abort())
    reader.close()
  })

  logTest(open, 'arrived() resolves when a transaction is committed, and a fetch then gets to it', async ({ log }) => {
    const topic = await newTopic(log)
    const producer = await fenced(log)
    await producer.commit({ writes: [write(topic, 0, 'a')] })
    await readAll(log, topic)
    let position = (await log.bounds(topic, 0)).end
    const reader = await log.reader(topic, 0, position)
    const found: Read[] = []
    const waiting = (async () => {
      while (found.length === 0) {
        await reader.arrived(never())
        const fetched = await fetchChecked(reader, topic, 0, position)
        found.push(...fetched.records)
        position = fetched.next
      }
    })()
    await producer.commit({ writes: [write(topic, 0, 'b')] })
    await waiting
    assert.deepEqual(valuesOf(found), ['b'])
    reader.close()
  })

  logTest(open, 'arrived() resolves when its signal aborts and when the reader is closed', async ({ log }) => {
    const topic = await newTopic(log)
    const reader = await log.reader(topic, 0, (await log.bounds(topic, 0)).end)
    const abort = new AbortController()
    const aborted = reader.arrived(abort.signal)
    const closed = reader.arrived(never())
    abort.abort()
    await aborted
    reader.close()
    await closed
  })

  logTest(open, 'S2.3, I2: a reader that is caught up has seen whole transactions only, while many are committed', async ({ log }) => {
    const topic = await newTopic(log)
    const perTransaction = 5
    const transactions = 24
    const writers = Promise.all(
      ['a', 'b', 'c'].map(async name => {
        const producer = await fenced(log, unique('id'))
        for (let n = 0; n < transactions / 3; n++) {
          const part = (i: number) => plain(`${i}`, { key: `${name}${n}` })
          await producer.commit({ writes: [write(topic, 0, part(0), part(1)), write(topic, 0, part(2), part(3), part(4))] })
        }
      }),
    )
    let position = (await log.bounds(topic, 0)).start
    const reader = await log.reader(topic, 0, position)
    const seen: Read[] = []
    while (seen.length < transactions * perTransaction) {
      await reader.arrived(never())
      const fetched = await fetchChecked(reader, topic, 0, position, 1)
      seen.push(...fetched.records)
      position = fetched.next
      if (fetched.caughtUp) assert.equal(seen.length % perTransaction, 0)
    }
    await writers
    reader.close()
    // Records of different transactions may alternate in a partition; those of one keep their order.
    const byTransaction = Map.groupBy(seen, r => r.key)
    assert.equal(byTransaction.size, transactions)
    for (const records of byTransaction.values()) assert.deepEqual(valuesOf(records), ['0', '1', '2', '3', '4'])
    assert.deepEqual(await readAll(log, topic), seen)
  })
}
