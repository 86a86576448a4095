import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Compression } from '#lib/adapters/kafka/compression.ts'
import { readRecords } from '#lib/adapters/kafka/record-batch-read.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { batchAt, emptied, marker, type Plain, plain, recordsOf, resealed, withAttributes } from './batches.ts'

const require = createRequire(import.meta.url)
const read = (bytes: Buffer, position = 0, aborted: { producerId: bigint; first: number }[] = []) =>
  readRecords('t', 3, position, { records: Buffer.from(bytes), aborted })
const values = (bytes: Buffer, aborted: { producerId: bigint; first: number }[] = [], position = 0) =>
  recordsOf(read(bytes, position, aborted).batches).map(r => r.value)

const text = fc.oneof(fc.string({ maxLength: 80 }), fc.constant('x'.repeat(3_000))).map(s => Buffer.from(s).toString('latin1'))
const anyRecord = fc.record({
  time: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 4_102_444_800_000 })),
  key: fc.option(text, { nil: null }),
  value: fc.option(text, { nil: null }),
  headers: fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 5 }), fc.option(text, { nil: null })), { maxLength: 2 }),
})
const full = (records: readonly Plain[], offset = 0) => records.map((r, i) => ({ time: r.time, offset: offset + i, ...latin(r) }))
/** columnsOf() takes texts as UTF-8. */
const latin = (r: Plain) => {
  const bytes = (s: string | null) => (s === null ? null : Buffer.from(s).toString('latin1'))
  return { key: bytes(r.key), value: bytes(r.value), headers: (r.headers ?? []).map(([n, v]) => [n, bytes(v)] as const) }
}

describe('record batches', () => {
  for (const compression of ['none', 'gzip', 'lz4', 'zstd'] as const satisfies Compression[])
    test(`what is written is read, to the byte: ${compression}`, () => {
      fc.assert(
        fc.property(fc.array(fc.array(anyRecord, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }), batches => {
          let offset = 7
          const bytes: Buffer[] = []
          const expected: unknown[] = []
          for (const records of batches) {
            bytes.push(batchAt(offset, 1n, records, compression))
            expected.push(...full(records, offset))
            offset += records.length
          }
          const { batches: found, next } = read(Buffer.concat(bytes))
          assert.deepEqual(recordsOf(found), expected)
          assert.equal(next, offset)
        }),
        { numRuns: 150 },
      )
    })

  test("kafkajs's own decoder reads what is written", async () => {
    const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object
    const decode = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<{
      records: { offset: string; timestamp: string; key: Buffer | null; value: Buffer | null; headers: Record<string, Buffer> }[]
    }>
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRecord, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('none' as const, 'gzip' as const),
        async (records, compression) => {
          const bytes = batchAt(100, 9n, records, compression)
          const { records: found } = await decode(new Decoder(bytes))
          assert.deepEqual(
            found.map(r => [Number(r.offset), Number(r.timestamp), r.key?.toString('latin1') ?? null, r.value?.toString('latin1') ?? null]),
            full(records, 100).map(r => [r.offset, r.time, r.key, r.value]),
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  test('what kafkajs writes is read', async () => {
    const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as { RecordBatch: (o: object) => Promise<{ buffer: Buffer }> }
    const record = require('kafkajs/src/protocol/recordBatch/record/v0') as (o: object) => object
    const given = [
      { time: 5, key: 'k', value: 'v', headers: [['h', 'x']] as const },
      { time: 3, key: null, value: null, headers: [] },
      { time: 900_000_000_000, key: '', value: '', headers: [] },
    ]
    const records = given.map((r, i) =>
      record({ offsetDelta: i, timestampDelta: r.time - 3, key: r.key, value: r.value, headers: Object.fromEntries(r.headers) }),
    )
    const { buffer } = await RecordBatch({
      records,
      firstTimestamp: 3,
      maxTimestamp: 900_000_000_000,
      lastOffsetDelta: 2,
      producerId: '1',
      producerEpoch: 0,
      firstSequence: 0,
    })
    assert.deepEqual(recordsOf(read(Buffer.from(buffer)).batches), full(given))
  })

  test('plain batches that follow one another are one; a compressed one stands alone', () => {
    const bytes = Buffer.concat([
      batchAt(0, 1n, [plain('a')]),
      batchAt(1, 1n, [plain('b'), plain('c')]),
      batchAt(3, 1n, [plain('d')], 'zstd'),
      batchAt(4, 1n, [plain('e')]),
    ])
    assert.deepEqual(
      read(bytes).batches.map(b => b.count),
      [3, 1, 1],
    )
  })

  test('a position in the middle: the batch is given whole, batches before it are not', () => {
    const bytes = Buffer.concat([batchAt(0, 1n, [plain('a'), plain('b')], 'gzip'), batchAt(2, 1n, [plain('c'), plain('d')], 'gzip')])
    const { batches, next } = read(bytes, 3)
    assert.deepEqual(
      recordsOf(batches).map(r => r.offset),
      [2, 3],
    )
    assert.equal(next, 4)
  })

  test('the last batch may be cut off: it comes with the next fetch', () => {
    const whole = Buffer.concat([batchAt(0, 1n, [plain('a')]), batchAt(1, 1n, [plain('b')])])
    for (let cut = 1; cut < whole.length / 2; cut += 7) {
      const { batches, next } = read(whole.subarray(0, whole.length - cut))
      assert.deepEqual([recordsOf(batches).map(r => r.value), next], [['a'], 1])
    }
  })

  test('K9: a batch that compaction emptied moves the position on', () => {
    const bytes = Buffer.concat([emptied(batchAt(10, 1n, [plain('a'), plain('b')])), batchAt(12, 1n, [plain('c')])])
    assert.deepEqual(values(bytes), ['c'])
    assert.deepEqual(read(emptied(batchAt(10, 1n, [plain('a'), plain('b')])), 10), { batches: [], next: 12 })
  })

  test('the time of the broker, where the topic says so, is the time of every record', () => {
    const bytes = withAttributes(batchAt(0, 1n, [plain('a', { time: 5 }), plain('b', { time: 9 })]), 0x18)
    assert.deepEqual(
      recordsOf(read(bytes).batches).map(r => r.time),
      [9, 9],
    )
  })

  describe('K1: records of aborted transactions are never given', () => {
    test('transactions that interleave', () => {
      const bytes = Buffer.concat([
        batchAt(0, 1n, [plain('a1')]),
        batchAt(1, 2n, [plain('b1')]),
        batchAt(2, 1n, [plain('a2')]),
        marker(3, 1n, 'abort'),
        batchAt(4, 1n, [plain('c1')]),
        batchAt(5, 2n, [plain('b2')]),
        marker(6, 2n, 'commit'),
        marker(7, 1n, 'commit'),
      ])
      assert.deepEqual(values(bytes, [{ producerId: 1n, first: 0 }]), ['b1', 'c1', 'b2'])
    })
    test('several aborts of one producer, told in any order', () => {
      const bytes = Buffer.concat([
        batchAt(0, 1n, [plain('x')]),
        marker(1, 1n, 'abort'),
        batchAt(2, 1n, [plain('kept')]),
        marker(3, 1n, 'commit'),
        batchAt(4, 1n, [plain('y')]),
        marker(5, 1n, 'abort'),
        batchAt(6, 1n, [plain('z')]),
        marker(7, 1n, 'abort'),
      ])
      const aborted = [6, 0, 4].map(first => ({ producerId: 1n, first }))
      assert.deepEqual(values(bytes, aborted), ['kept'])
    })
    test('a read that begins inside an aborted transaction, and one whose marker lies beyond the answer', () => {
      const bytes = Buffer.concat([batchAt(10, 1n, [plain('x'), plain('y')]), batchAt(12, 2n, [plain('kept')])])
      assert.deepEqual(values(bytes, [{ producerId: 1n, first: 3 }], 11), ['kept'])
    })
    test('only a marker ends it: a record whose key looks like one does not', () => {
      const key = '\0\0\0\0'
      const bytes = Buffer.concat([batchAt(0, 1n, [plain('x', { key })]), batchAt(1, 1n, [plain('y')]), marker(2, 1n, 'abort')])
      assert.deepEqual(values(bytes, [{ producerId: 1n, first: 0 }]), [])
    })
    test('records outside of transactions are given whatever their producer has aborted', () => {
      const loose = withAttributes(batchAt(1, 1n, [plain('loose')]), 0)
      const bytes = Buffer.concat([batchAt(0, 1n, [plain('x')]), loose, marker(2, 1n, 'abort')])
      assert.deepEqual(values(bytes, [{ producerId: 1n, first: 0 }]), ['loose'])
    })
    test('random schedules of producers, against a plain model', () => {
      const step = fc.record({
        producer: fc.integer({ min: 1, max: 3 }),
        what: fc.constantFrom('write' as const, 'write' as const, 'commit' as const, 'abort' as const),
      })
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, seed) => {
          const open = new Map<number, { first: number; values: string[] }>()
          const [bytes, kept, aborted] = [[] as Buffer[], new Set<string>(), [] as { producerId: bigint; first: number; last: number }[]]
          const all: string[] = []
          steps.forEach(({ producer, what }, offset) => {
            const value = `${producer}@${offset}`
            const transaction = open.get(producer)
            if (what === 'write' || transaction === undefined) {
              bytes.push(batchAt(offset, BigInt(producer), [plain(value)]))
              all.push(value)
              open.set(producer, { first: transaction?.first ?? offset, values: [...(transaction?.values ?? []), value] })
              return
            }
            bytes.push(marker(offset, BigInt(producer), what))
            open.delete(producer)
            if (what === 'commit') transaction.values.forEach(v => kept.add(v))
            else aborted.push({ producerId: BigInt(producer), first: transaction.first, last: offset })
          })
          for (const [producer, { first }] of open) aborted.push({ producerId: BigInt(producer), first, last: Infinity }) // aborted later on
          const from = steps.length === 0 ? 0 : seed % steps.length
          const due = all.filter(v => kept.has(v) && Number(v.split('@')[1]) >= from)
          // A broker tells the transactions that reach into what is read.
          const told = aborted.filter(a => a.last >= from)
          assert.deepEqual(values(Buffer.concat(bytes.slice(from)), told, from), due)
        }),
        { numRuns: 300 },
      )
    })
  })

  describe('bytes that are no batch', () => {
    const refuses = (bytes: Buffer, words: RegExp): void =>
      assert.throws(
        () => read(bytes),
        error => isMillraceError(error) && error.code === 'DATA_CORRUPT' && words.test(error.message),
      )
    test('one flipped bit is noticed, wherever it lies behind the checksum', () => {
      const batch = batchAt(0, 1n, [plain('hello', { key: 'k' })])
      for (let at = 21; at < batch.length; at++) {
        const damaged = Buffer.from(batch)
        damaged[at]! ^= 0x10
        refuses(damaged, /checksum/)
      }
    })
    test('an old format', () => {
      const batch = batchAt(0, 1n, [plain('a')])
      batch[16] = 1
      refuses(batch, /format 1/)
    })
    test('more records claimed than the bytes can hold: nothing is set aside for them', () => {
      for (const count of [2, 1_000_000_000, -1]) {
        const batch = batchAt(0, 1n, [plain('a')])
        batch.writeInt32BE(count, 57)
        refuses(resealed(batch), /does not fit/)
      }
    })
    test('a codec that there is not, and bytes that its codec cannot read', () => {
      refuses(withAttributes(batchAt(0, 1n, [plain('a')]), 0x17), /codec 7/)
      for (const codec of [1, 2, 3, 4]) refuses(withAttributes(batchAt(0, 1n, [plain('a')]), 0x10 | codec), /cannot be read/)
    })
  })
})
