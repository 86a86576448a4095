// Transactions: what was committed comes back as it was, all of it or nothing.
import assert from 'node:assert/strict'
import { Arena } from '../../../model/arena.ts'
import { columnsOf } from '../../../model/record-batch.ts'
import {
  columns,
  fenced,
  logTest,
  newTopic,
  type Open,
  offsetOf,
  type Plain,
  plain,
  readAll,
  refused,
  settledOffset,
  unique,
  values,
  valuesOf,
  write,
} from './opened-log.ts'

const withoutOffset = ({ time, key, value, headers }: Plain): Plain => ({ time, key, value, headers })

export function transactionTests(open: Open): void {
  logTest(open, 'records come back in order, to the byte: times, keys, values, headers', async ({ log }) => {
    const topic = await newTopic(log)
    const allBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1')
    const records: Plain[] = [
      plain('v', { time: 0, key: 'k' }),
      plain('only a value', { time: 1_700_000_000_123 }),
      plain(null, { time: 5, key: 'a tombstone' }),
      plain(null, { time: 4_102_444_800_000 }),
      plain('', { time: 3, key: '' }),
      plain('x', { key: '\0\0\0\0' }),
      plain(allBytes, { time: 2, key: allBytes }),
      plain('h', {
        headers: [
          ['a', '1'],
          ['b', null],
          ['', ''],
          ['a', '2'],
          ['Ärger'.normalize(), allBytes],
        ],
      }),
      plain(null, { headers: [['only', 'headers']] }),
    ]
    const bytes = (s: string | null): Buffer | null => (s === null ? null : Buffer.from(s, 'latin1'))
    const given = columnsOf(
      records.map(r => ({
        time: r.time,
        key: bytes(r.key),
        value: bytes(r.value),
        headers: r.headers.map(([n, v]) => [n, bytes(v)] as const),
      })),
    )
    const producer = await fenced(log)
    await producer.commit({ writes: [{ topic, partition: 0, columns: given }] })
    assert.deepEqual((await readAll(log, topic)).map(withoutOffset), records)
  })

  logTest(open, 'the receipt names the offset of the first record of each write, in the order of the writes', async ({ log }) => {
    const [one, two] = [await newTopic(log, 2), await newTopic(log)]
    const producer = await fenced(log)
    for (const turn of ['t0', 't1', 't2']) {
      const writes = [
        write(one, 1, `${turn} a`, `${turn} b`),
        write(two, 0, `${turn} c`),
        write(one, 0, `${turn} d`),
        write(one, 1, `${turn} e`, `${turn} f`),
      ]
      const { baseOffsets } = await producer.commit({ writes })
      assert.equal(baseOffsets.length, 4)
      const at = async (topic: string, partition: number, offset: number) =>
        (await readAll(log, topic, partition)).find(r => r.offset === offset)?.value
      assert.equal(await at(one, 1, baseOffsets[0]!), `${turn} a`)
      assert.equal(await at(two, 0, baseOffsets[1]!), `${turn} c`)
      assert.equal(await at(one, 0, baseOffsets[2]!), `${turn} d`)
      assert.equal(await at(one, 1, baseOffsets[3]!), `${turn} e`)
    }
  })

  logTest(open, 'several writes to one partition keep their order, and transactions of one handle keep theirs', async ({ log }) => {
    const topic = await newTopic(log, 2)
    const producer = await fenced(log)
    const expected: string[] = []
    for (let n = 0; n < 20; n++) {
      const part = (p: number) => [`${n}.${p}.0`, `${n}.${p}.1`, `${n}.${p}.2`]
      await producer.commit({ writes: [0, 1, 2].flatMap(p => [write(topic, 0, ...part(p)), write(topic, 1, `other ${n}.${p}`)]) })
      expected.push(...[0, 1, 2].flatMap(part))
    }
    assert.deepEqual(await values(log, topic, 0), expected)
  })

  logTest(open, 'E4: a transaction over topics, partitions and group offsets is visible in all of them', async ({ log }) => {
    const [one, two, id, group] = [await newTopic(log, 3), await newTopic(log), unique('id'), unique('group')]
    const producer = await fenced(log, id)
    await producer.commit({
      offsets: {
        group,
        metadata: 'l:7',
        offsets: [
          { topic: one, partition: 0, next: 41 },
          { topic: two, partition: 0, next: 42 },
        ],
      },
      writes: [write(one, 0, 'a'), write(one, 2, 'b'), write(two, 0, 'c')],
    })
    assert.deepEqual([await values(log, one, 0), await values(log, one, 1), await values(log, one, 2)], [['a'], [], ['b']])
    assert.deepEqual(await values(log, two), ['c'])
    assert.deepEqual(await settledOffset(log, id, group, one, 0), { next: 41, metadata: 'l:7' })
    assert.deepEqual(await settledOffset(log, id, group, two, 0), { next: 42, metadata: 'l:7' })
  })

  logTest(open, 'E4: a refused transaction leaves nothing anywhere: TOPIC_UNKNOWN in a write or in the offsets', async ({ log }) => {
    const [topic, id, group] = [await newTopic(log, 2), unique('id'), unique('group')]
    const good = [write(topic, 0, 'never'), write(topic, 1, 'never')]
    for (const transaction of [
      { offsets: offsetOf(group, topic, 0, 9), writes: [...good, write(unique('nowhere'), 0, 'x')] },
      { offsets: offsetOf(group, topic, 0, 9), writes: [...good, write(topic, 2, 'x')] },
      { offsets: offsetOf(group, topic, 0, 9), writes: [...good, write(topic, -1, 'x')] },
      { offsets: offsetOf(group, unique('nowhere'), 0, 9), writes: good },
      { offsets: offsetOf(group, topic, 2, 9), writes: good },
    ])
      await refused((await fenced(log, id)).commit(transaction), 'TOPIC_UNKNOWN')
    const producer = await fenced(log, id)
    await producer.commit({ writes: [write(topic, 0, 'after'), write(topic, 1, 'after')] })
    assert.deepEqual([await values(log, topic, 0), await values(log, topic, 1)], [['after'], ['after']])
    assert.equal(await settledOffset(log, id, group, topic, 0), null)
  })

  logTest(open, 'E4: RECORD_TOO_LARGE leaves nothing anywhere: a value that is too large', async ({ log, tooLarge }, t) => {
    if (tooLarge === undefined) return t.skip('this log takes values of any size')
    const [topic, id, group] = [await newTopic(log, 2), unique('id'), unique('group')]
    const producer = await fenced(log, id)
    const writes = [write(topic, 0, 'never'), write(topic, 1, 'x'.repeat(tooLarge))]
    await refused(producer.commit({ offsets: offsetOf(group, topic, 0, 9), writes }), 'RECORD_TOO_LARGE')
    await refused(producer.commit({ writes: [write(topic, 0, 'x')] }), 'PRODUCER_FENCED')
    assert.equal(await settledOffset(log, id, group, topic, 0), null)
    assert.deepEqual([await values(log, topic, 0), await values(log, topic, 1)], [[], []])
  })

  logTest(open, 'K11: metadata of 4,096 bytes is kept, one byte more is RECORD_TOO_LARGE and leaves nothing', async ({ log }) => {
    const [topic, id, group] = [await newTopic(log), unique('id'), unique('group')]
    const metadata = `ä${'m'.repeat(4_094)}`
    await (await fenced(log, id)).commit({ offsets: offsetOf(group, topic, 0, 1, metadata), writes: [write(topic, 0, 'a')] })
    assert.deepEqual(await settledOffset(log, id, group, topic, 0), { next: 1, metadata })
    const producer = await fenced(log, id)
    const tooMuch = { offsets: offsetOf(group, topic, 0, 2, `${metadata}m`), writes: [write(topic, 0, 'b')] }
    await refused(producer.commit(tooMuch), 'RECORD_TOO_LARGE')
    assert.deepEqual(await settledOffset(log, id, group, topic, 0), { next: 1, metadata })
    assert.deepEqual(await values(log, topic), ['a'])
  })

  logTest(open, 'an empty transaction and a write without records are acknowledged and leave nothing', async ({ log }) => {
    const topic = await newTopic(log, 2)
    const producer = await fenced(log)
    assert.deepEqual(await producer.commit({ writes: [] }), { baseOffsets: [] })
    assert.deepEqual(await producer.commit({ writes: [write(topic, 0)] }), { baseOffsets: [-1] })
    const { baseOffsets } = await producer.commit({ writes: [write(topic, 0), write(topic, 1, 'a'), write(topic, 1)] })
    assert.deepEqual([baseOffsets[0], baseOffsets[2]], [-1, -1])
    assert.deepEqual([await values(log, topic, 0), await values(log, topic, 1)], [[], ['a']])
  })

  logTest(open, 'a transaction may hold offsets only', async ({ log }) => {
    const [topic, id, group] = [await newTopic(log), unique('id'), unique('group')]
    await (await fenced(log, id)).commit({ offsets: offsetOf(group, topic, 0, 5, 'm'), writes: [] })
    assert.deepEqual(await settledOffset(log, id, group, topic, 0), { next: 5, metadata: 'm' })
    assert.deepEqual(await values(log, topic), [])
  })

  logTest(open, 'the caller may use the memory of the columns again once the commit is settled', async ({ log }) => {
    const topic = await newTopic(log)
    const given = columns(plain('value', { key: 'key', headers: [['h', 'header']] }), plain('second'))
    const producer = await fenced(log)
    await producer.commit({ writes: [{ topic, partition: 0, columns: given }] })
    given.bytes.fill(0x58)
    given.times.fill(9)
    given.starts.fill(0)
    for (const lengths of [given.keyLengths, given.valueLengths, given.headerLengths]) lengths.fill(1)
    assert.deepEqual((await readAll(log, topic)).map(withoutOffset), [
      plain('value', { key: 'key', headers: [['h', 'header']] }),
      plain('second'),
    ])
  })

  logTest(open, 'records that lie scattered in a shared buffer are written as they are', async ({ log }) => {
    const topic = await newTopic(log, 2)
    const arena = new Arena(64)
    const put = (s: string): number => {
      const at = arena.at
      arena.utf8(s)
      return at
    }
    const starts = { b: put('k2value2'), junk: put('junk'), a: put('k1v1'), more: put('more junk'), c: put('k3') }
    const lengths = (...n: number[]): Int32Array => Int32Array.from(n)
    const scattered = {
      count: 3,
      times: Float64Array.of(1, 2, 3),
      bytes: arena.bytes.subarray(0, arena.at),
      starts: lengths(starts.a, starts.b, starts.c),
      keyLengths: lengths(2, 2, 2),
      valueLengths: lengths(2, 6, -1),
      headerLengths: lengths(0, 0, 0),
    }
    const producer = await fenced(log)
    await producer.commit({ writes: [{ topic, partition: 0, columns: scattered }] })
    assert.deepEqual((await readAll(log, topic)).map(withoutOffset), [
      plain('v1', { time: 1, key: 'k1' }),
      plain('value2', { time: 2, key: 'k2' }),
      plain(null, { time: 3, key: 'k3' }),
    ])
  })

  logTest(open, 'a record of 900 kB and a transaction of several MB come back whole', async ({ log }) => {
    const topic = await newTopic(log, 2)
    const producer = await fenced(log)
    const large = Buffer.alloc(900_000, 'The quick brown fox jumps over the lazy dog. 0123456789 ').toString('latin1')
    const many = Array.from({ length: 20_000 }, (_, i) => plain(`${i} ${'v'.repeat(150)}`, { time: i, key: `k${i % 97}` }))
    await producer.commit({ writes: [write(topic, 0, 'before', large, 'after')] })
    for (let at = 0; at < many.length; at += 5_000) await producer.commit({ writes: [write(topic, 1, ...many.slice(at, at + 5_000))] })
    assert.ok((await values(log, topic, 0))[1] === large)
    assert.deepEqual((await readAll(log, topic, 1)).map(withoutOffset), many)
  })

  logTest(open, 'I2: many producers at once: every transaction is there once, whole, in the order of its producer', async ({ log }) => {
    const [topic, group, writers, turns] = [await newTopic(log, 4), unique('group'), 12, 15]
    const ids = Array.from({ length: writers }, (_, w) => unique(`id${w}`))
    await Promise.all(
      ids.map(async (id, w) => {
        const producer = await fenced(log, id)
        for (let n = 0; n < turns; n++)
          await producer.commit({
            offsets: offsetOf(`${group}-${w}`, topic, 0, n + 1),
            writes: [0, 1, 2, 3].map(p => write(topic, p, plain(`${n}`, { key: `w${w}` }), plain(`${n}`, { key: `w${w}` }))),
          })
      }),
    )
    for (const partition of [0, 1, 2, 3]) {
      const records = await readAll(log, topic, partition)
      assert.equal(records.length, writers * turns * 2)
      for (let w = 0; w < writers; w++) {
        const own = valuesOf(records.filter(r => r.key === `w${w}`))
        assert.deepEqual(
          own,
          Array.from({ length: turns * 2 }, (_, i) => `${i >> 1}`),
        )
      }
    }
    for (let w = 0; w < writers; w++) assert.equal((await settledOffset(log, ids[w]!, `${group}-${w}`, topic, 0))?.next, turns)
  })
}
