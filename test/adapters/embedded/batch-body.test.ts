import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readBody, shapeOf, writeBody } from '#lib/adapters/embedded/batch-body.ts'
import type { Columns } from '#lib/model/record-batch.ts'
import { BatchBuilder, columnsOf, RecordBatch } from '#lib/model/record-batch.ts'
import { coded } from './opened.ts'

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null })
const time = fc.oneof(fc.constant(1_700_000_000_000), fc.integer({ min: 0, max: 2 ** 45 }), fc.double({ min: 0, max: 1e15, noNaN: true }))
const record = fc.record({
  time,
  key: bytes,
  value: bytes,
  headers: fc.array(fc.tuple(fc.string({ maxLength: 9 }), bytes), { maxLength: 3 }),
})

/** Written into memory full of junk, so that nothing is zero by luck. */
function body(columns: Columns, deltas: Int32Array | Float64Array | null = null): Buffer {
  const shape = shapeOf(columns, deltas)
  const target = Buffer.alloc(shape.length + 16, 0xa5)
  writeBody(shape, target, 8)
  assert.ok(
    target.subarray(0, 8).every(b => b === 0xa5) && target.subarray(shape.length + 8).every(b => b === 0xa5),
    'nothing is written outside',
  )
  return target
}
const recordsOf = (batch: RecordBatch) =>
  Array.from({ length: batch.count }, (_, i) => ({
    offset: batch.offset(i),
    time: batch.time(i),
    key: batch.key(i)?.toString('hex') ?? null,
    value: batch.value(i)?.toString('hex') ?? null,
    headers: batch.packedHeaders(i)?.toString('hex') ?? null,
  }))

test('columns of any records come back from a body as they were', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 60 }), records => {
      const columns = columnsOf(records)
      const read = readBody(body(columns), 8)
      assert.deepEqual(recordsOf(new RecordBatch('t', 0, 7, read.columns, read.deltas)), recordsOf(new RecordBatch('t', 0, 7, columns)))
    }),
  )
})

test('offsets with gaps come back, small ones and such beyond 32 bits', () => {
  const columns = columnsOf(['a', 'b', 'c'].map(value => ({ time: 1, key: null, value })))
  for (const deltas of [Int32Array.of(0, 5, 2 ** 31 - 1), Float64Array.of(1, 2 ** 33, 2 ** 40)])
    assert.deepEqual(readBody(body(columns, deltas), 8).deltas, deltas)
})

test('records that lie scattered and out of order are gathered', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), fc.infiniteStream(fc.nat()), (records, random) => {
      const columns = columnsOf(records)
      const order = records.map((_, i) => ({ i, by: random.next().value as number })).sort((a, b) => a.by - b.by)
      const pick = <A extends Int32Array | Float64Array>(of: A): A => of.map((_, n) => of[order[n]!.i]!) as A
      const { times, starts, keyLengths, valueLengths, headerLengths } = columns
      const scattered: Columns = {
        ...columns,
        times: pick(times),
        starts: pick(starts),
        keyLengths: pick(keyLengths),
        valueLengths: pick(valueLengths),
        headerLengths: pick(headerLengths),
      }
      const read = readBody(body(scattered), 8)
      assert.deepEqual(recordsOf(new RecordBatch('t', 0, 0, read.columns)), recordsOf(new RecordBatch('t', 0, 0, scattered)))
    }),
  )
})

test('every byte of a body is decided: memory of other things never reaches the disk', () => {
  const records = Array.from({ length: 13 }, (_, i) => ({
    time: i * 3,
    key: `k${i}`,
    value: 'v'.repeat(i * i),
    headers: i % 2 === 0 ? [] : [['h', null] as const],
  }))
  const shape = shapeOf(
    columnsOf(records),
    Int32Array.from(records, (_, i) => i * 2),
  )
  const [zeros, ones] = [Buffer.alloc(shape.length), Buffer.alloc(shape.length, 0xff)]
  writeBody(shape, zeros, 0)
  writeBody(shape, ones, 0)
  assert.deepEqual(zeros, ones)
})

test('a column takes no more bytes than its values need', () => {
  const builder = new BatchBuilder()
  for (let i = 0; i < 1_000; i++) builder.add(1_700_000_000_000 + i, Buffer.from('12345678'), Buffer.alloc(100))
  const { length } = shapeOf(builder.columns())
  assert.equal(length, 40 + 1_000 * (108 + 4)) // times as offsets of 4 bytes; equal lengths take nothing
})

test('INTERNAL: columns that contradict themselves are refused, not written', () => {
  const good = columnsOf([{ time: 1, key: 'k', value: 'value' }])
  for (const bad of [
    { starts: Int32Array.of(3) },
    { starts: Int32Array.of(-1) },
    { keyLengths: Int32Array.of(-2) },
    { valueLengths: Int32Array.of(6) },
    { headerLengths: Int32Array.of(-1) },
    { times: Float64Array.of(Number.NaN) },
    { times: Float64Array.of(Number.POSITIVE_INFINITY) },
    { times: new Float64Array(0) },
  ])
    assert.throws(() => shapeOf({ ...good, ...bad }), coded('INTERNAL'))
})
