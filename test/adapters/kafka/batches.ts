// Record batches as a broker keeps them, made by hand for tests.
import { crc32c } from '@node-rs/crc32'
import type { Compression } from '#lib/adapters/kafka/compression.ts'
import { BatchWriter } from '#lib/adapters/kafka/record-batch-write.ts'
import { columnsOf, type RecordBatch, unpackHeaders } from '#lib/model/record-batch.ts'

export interface Plain {
  readonly time: number
  readonly key: string | null
  readonly value: string | null
  readonly headers?: readonly (readonly [string, string | null])[]
}
export const plain = (value: string | null, more: Partial<Plain> = {}): Plain => ({ time: 1_000, key: null, value, ...more })

/** A batch of transactional records at an offset. */
export function batchAt(offset: number, producer: bigint, records: readonly Plain[], compression: Compression = 'none'): Buffer {
  const columns = columnsOf(records)
  const writer = new BatchWriter(64)
  for (let i = 0; i < columns.count; i++) writer.add(columns, i)
  const bytes = writer.seal({ id: producer, epoch: 0 }, 0, compression)
  bytes.writeBigInt64BE(BigInt(offset), 0)
  return bytes
}

/** What ends a transaction. */
export function marker(offset: number, producer: bigint, what: 'abort' | 'commit'): Buffer {
  const key = String.fromCharCode(0, 0, 0, what === 'abort' ? 0 : 1)
  return withAttributes(batchAt(offset, producer, [plain('\0\0\0\0\0\0', { key })]), 0x30)
}

export function withAttributes(batch: Buffer, attributes: number): Buffer {
  batch.writeInt16BE(attributes, 21)
  return resealed(batch)
}
export function resealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

/** What compaction leaves of a batch that had `count` records: none. */
export function emptied(batch: Buffer): Buffer {
  const head = Buffer.from(batch.subarray(0, 61))
  head.writeInt32BE(61 - 12, 8)
  head.writeInt32BE(0, 57)
  return resealed(head)
}

export const recordsOf = (batches: readonly RecordBatch[]): (Plain & { offset: number })[] =>
  batches.flatMap(batch =>
    Array.from({ length: batch.count }, (_, i) => {
      const packed = batch.packedHeaders(i)
      return {
        offset: batch.offset(i),
        time: batch.time(i),
        key: batch.key(i)?.toString('latin1') ?? null,
        value: batch.value(i)?.toString('latin1') ?? null,
        headers:
          packed === null ? [] : [...unpackHeaders(packed)].map(([name, value]) => [name, value?.toString('latin1') ?? null] as const),
      }
    }),
  )
