// The writes of a transaction as record batches: those of a partition fill its batches one after the other, in their order.
import type { Columns } from '../../model/record-batch.ts'
import type { PartitionWrite } from '../../ports/record-log.ts'
import { BatchWriter } from './record-batch-write.ts'

/** A broker takes batches up to 1 MiB unless told otherwise. A larger record has a batch of its own, and the broker says what it thinks of it. */
const MOST_BYTES = 900_000

export interface PartitionBatches {
  readonly topic: string
  readonly partition: number
  readonly batches: readonly BatchWriter[]
}
export interface PackedWrites {
  readonly partitions: readonly PartitionBatches[]
  /** The offset of the first record of each write, from the offset of each batch by partition. */
  receipt(bases: readonly (readonly number[])[]): readonly number[]
}

export function packed(writes: readonly PartitionWrite[]): PackedWrites {
  const partitions: { topic: string; partition: number; batches: BatchWriter[] }[] = []
  const numbers = new Map<string, number>()
  /** Partition, batch and record where each write begins. */
  const begins: (readonly [number, number, number] | null)[] = []
  for (const { topic, partition, columns } of writes) {
    if (columns.count === 0) {
      begins.push(null)
      continue
    }
    const name = `${topic}/${partition}`
    let number = numbers.get(name)
    if (number === undefined) {
      numbers.set(name, (number = partitions.length))
      partitions.push({ topic, partition, batches: [] })
    }
    const { batches } = partitions[number]!
    begins.push([number, ...fill(batches, columns)])
  }
  return {
    partitions,
    receipt: bases => begins.map(begin => (begin === null ? -1 : bases[begin[0]]![begin[1]]! + begin[2])),
  }
}

/** Appends all records. @returns batch and record of the first */
function fill(batches: BatchWriter[], columns: Columns): readonly [batch: number, record: number] {
  let begin: readonly [number, number] | null = null
  let batch = batches.at(-1)
  for (let i = 0; i < columns.count; i++) {
    const bytes = Math.max(columns.keyLengths[i]!, 0) + Math.max(columns.valueLengths[i]!, 0) + columns.headerLengths[i]!
    if (batch === undefined || batch.size + bytes > MOST_BYTES) {
      batch = new BatchWriter(Math.min(MOST_BYTES, 256 + columns.bytes.length + 32 * columns.count))
      batches.push(batch)
    }
    begin ??= [batches.length - 1, batch.count]
    batch.add(columns, i)
  }
  return begin!
}
