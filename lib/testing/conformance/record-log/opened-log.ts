// What the tests of a record log stand on: a log of their own, unique names, and records in a form that compares.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { ErrorCode } from '../../../model/errors.ts'
import { isMillraceError } from '../../../model/errors.ts'
import type { Columns } from '../../../model/record-batch.ts'
import { columnsOf, unpackHeaders } from '../../../model/record-batch.ts'
import type { OffsetCommit, PartitionReader, PartitionWrite, RecordLog, TransactionalProducer } from '../../../ports/record-log.ts'

export interface OpenedLog {
  readonly log: RecordLog
  /** Closes the log and opens it again on the same data; absent for a log that forgets. `dispose` afterwards closes the new one. */
  readonly reopen?: () => Promise<RecordLog>
  /** A number of bytes that is too much for one value; absent when the log takes any. */
  readonly tooLarge?: number
  dispose(): Promise<void>
}
export type Open = () => Promise<OpenedLog>

/** A guard against a hang, not a claim about time. */
const PATIENCE = { timeout: 120_000 }

/** A test with a log that is disposed of afterwards. */
export function logTest(open: Open, sentence: string, body: (opened: OpenedLog, t: TestContext) => Promise<void>): void {
  test(sentence, PATIENCE, async t => {
    const opened = await open()
    try {
      await body(opened, t)
    } finally {
      await opened.dispose()
    }
  })
}

/** A name nobody else uses on a shared cluster. */
export const unique = (word: string): string => `${word}-${randomUUID()}`

export async function newTopic(log: RecordLog, partitions = 1): Promise<string> {
  const name = unique('conformance')
  assert.equal(await log.createTopic({ name, partitions, retention: 'forever' }), 'created')
  return name
}

/** A fenced handle. */
export async function fenced(log: RecordLog, id = unique('id')): Promise<TransactionalProducer> {
  const producer = log.producer(id)
  await producer.fence()
  return producer
}

export interface Plain {
  readonly time: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}
export interface Read extends Plain {
  readonly offset: number
}

export const plain = (value: string | null, more: Partial<Plain> = {}): Plain => ({ time: 1_000, key: null, value, headers: [], ...more })
export const columns = (...records: readonly (Plain | string)[]): Columns =>
  columnsOf(records.map(r => (typeof r === 'string' ? plain(r) : r)))
export const write = (topic: string, partition: number, ...records: readonly (Plain | string)[]): PartitionWrite => ({
  topic,
  partition,
  columns: columns(...records),
})
export const offsetOf = (group: string, topic: string, partition: number, next: number, metadata = ''): OffsetCommit => ({
  group,
  metadata,
  offsets: [{ topic, partition, next }],
})

/** Asserts that `call` throws a MillraceError with this code. */
export async function refused(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(call, error => {
    assert.ok(isMillraceError(error), `expected ${code}, got ${String(error)}`)
    assert.equal(error.code, code, error.message)
    assert.ok(error.message.length > 0)
    return true
  })
}

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('latin1'))

/** One fetch, its promises checked: bounds, order, whole batches of the right partition. */
export async function fetchChecked(reader: PartitionReader, topic: string, partition: number, from: number, maxBytes = 1 << 20) {
  const fetched = await reader.fetch(maxBytes)
  assert.equal(fetched.from, from, 'a fetch begins at the position')
  assert.ok(fetched.next >= from, 'a fetch never goes back')
  const records: Read[] = []
  let last = -1
  fetched.batches.forEach((batch, number) => {
    assert.equal(batch.topic, topic)
    assert.equal(batch.partition, partition)
    const first = batch.indexOf(from)
    assert.ok(first < batch.count, 'a batch holds at least one wanted record')
    if (number > 0) assert.equal(first, 0, 'only the first batch may begin before the position')
    for (let i = first; i < batch.count; i++) {
      const offset = batch.offset(i)
      assert.ok(offset > last && offset >= from && offset < fetched.next, 'offsets ascend within the fetch')
      last = offset
      const packed = batch.packedHeaders(i)
      records.push({
        offset,
        time: batch.time(i),
        key: text(batch.key(i)),
        value: text(batch.value(i)),
        headers: packed === null ? [] : [...unpackHeaders(packed)].map(([n, v]) => [n, text(v)] as const),
      })
    }
  })
  if (fetched.next === from) assert.deepEqual(records, [])
  return { records, next: fetched.next, caughtUp: fetched.caughtUp, batches: fetched.batches.length }
}

/** Everything from `from` (or the start) until the reader is caught up. */
export async function readAll(log: RecordLog, topic: string, partition = 0, from?: number, maxBytes?: number): Promise<Read[]> {
  let position = from ?? (await log.bounds(topic, partition)).start
  const reader = await log.reader(topic, partition, position)
  const records: Read[] = []
  for (;;) {
    const fetched = await fetchChecked(reader, topic, partition, position, maxBytes)
    records.push(...fetched.records)
    if (fetched.caughtUp) break
    if (fetched.next === position) await reader.arrived(new AbortController().signal)
    position = fetched.next
  }
  reader.close()
  return records
}

export const valuesOf = (records: readonly { readonly value: string | null }[]): (string | null)[] => records.map(r => r.value)
export const values = async (log: RecordLog, topic: string, partition = 0): Promise<(string | null)[]> =>
  valuesOf(await readAll(log, topic, partition))

/** The group's committed offset after its writer's work is settled by a fence of the same id (a commit alone may not show yet). */
export async function settledOffset(log: RecordLog, id: string, group: string, topic: string, partition: number) {
  await (await fenced(log, id)).close()
  return log.committed(group, topic, partition)
}
