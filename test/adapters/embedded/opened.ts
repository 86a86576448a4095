// What the tests of the embedded log share: logs on a simulated disk, short ways to write and read.
import type { DirectoryLock } from '#lib/adapters/embedded/lock.ts'
import { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import type { ErrorCode } from '#lib/model/errors.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import type { PartitionWrite, RecordLog, TransactionalProducer } from '#lib/ports/record-log.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

export const HELD: DirectoryLock = { directory: '/data', state: 'held', release: () => Promise.resolve() }
export const LOG = '/data/log'

/** Opens the log of a new process on the disk. */
export const openOn = (disk: SimulatedDisk, options: Omit<EmbeddedLogOptions, 'files'> = {}): Promise<EmbeddedLog> =>
  openEmbeddedLog(HELD, { ...options, files: disk.process() })

export const write = (topic: string, partition: number, ...values: readonly string[]): PartitionWrite => ({
  topic,
  partition,
  columns: columnsOf(values.map(value => ({ time: 1_000, key: null, value }))),
})

export async function fenced(log: RecordLog, id: string): Promise<TransactionalProducer> {
  const producer = log.producer(id)
  await producer.fence()
  return producer
}

export async function readRecords(log: RecordLog, topic: string, partition: number, from?: number) {
  const position = from ?? (await log.bounds(topic, partition)).start
  const reader = await log.reader(topic, partition, position)
  const records: { offset: number; time: number; key: string | null; value: string | null }[] = []
  for (let at = position; ; ) {
    const fetched = await reader.fetch(1 << 16)
    for (const batch of fetched.batches)
      for (let i = batch.indexOf(at); i < batch.count; i++)
        records.push({
          offset: batch.offset(i),
          time: batch.time(i),
          key: batch.key(i)?.toString() ?? null,
          value: batch.value(i)?.toString() ?? null,
        })
    at = fetched.next
    if (fetched.caughtUp) return records
  }
}
export const readValues = async (log: RecordLog, topic: string, partition = 0): Promise<(string | null)[]> =>
  (await readRecords(log, topic, partition)).map(r => r.value)

/** For assert.rejects: a MillraceError with this code whose message holds the words. */
export const coded =
  (code: ErrorCode, ...words: readonly string[]) =>
  (error: unknown): boolean => {
    if (!isMillraceError(error)) return false
    if (error.code !== code || !words.every(word => error.message.includes(word)))
      throw new Error(`${error.code}: ${error.message}`, { cause: error })
    return true
  }
