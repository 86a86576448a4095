// What has come into a topic since it was last looked at.
import { openReader, type ValueReader } from '../../codec/topic-codec.ts'
import { learnSchemas } from '../../engine/input.ts'
import type { RecordBatch } from '../../model/record-batch.ts'
import type { TopicSpec } from '../../model/topic.ts'
import type { RecordLog } from '../../ports/record-log.ts'
import type { Registry } from '../../ports/registry.ts'
import type { SeenRecord } from './seen.ts'

/** Bytes of a read. */
const AT_ONCE = 1_000_000

/** The batches of a topic from positions on, by partition; a topic that is not there has none. Moves the positions to the end. */
export async function newBatches(log: RecordLog, topic: string, positions: number[]): Promise<readonly RecordBatch[]> {
  const batches: RecordBatch[] = []
  const partitions = (await log.topic(topic))?.partitions ?? 0
  for (let p = 0; p < partitions; p++) {
    const { start } = await log.bounds(topic, p)
    const from = Math.max(start, positions[p] ?? 0)
    const reader = await log.reader(topic, p, from)
    for (let position = from; ; ) {
      const { batches: found, next } = await reader.fetch(AT_ONCE)
      batches.push(...found)
      positions[p] = next
      if (next === position) break
      position = next
    }
    reader.close()
  }
  return batches
}

/** Reads the values of a topic; not before they are asked for. */
export class TopicTail {
  readonly spec: TopicSpec
  readonly #log: RecordLog
  readonly #registry: Registry
  readonly #values: ValueReader
  readonly #positions: number[] = []
  constructor(spec: TopicSpec, log: RecordLog, registry: Registry) {
    this.spec = spec
    this.#log = log
    this.#registry = registry
    this.#values = openReader(spec.value, 'all')
  }
  /** What is new, to be read when it is asked for. */
  async grown(): Promise<TopicPiece> {
    const batches = await newBatches(this.#log, this.spec.name, this.#positions)
    for (const batch of batches) await learnSchemas(this.#values, batch, this.#registry)
    return new TopicPiece(this.spec.name, batches, this.#values)
  }
}

export class TopicPiece {
  readonly topic: string
  readonly #batches: readonly RecordBatch[]
  readonly #values: ValueReader
  #records: readonly SeenRecord<unknown>[] | null = null
  constructor(topic: string, batches: readonly RecordBatch[], values: ValueReader) {
    this.topic = topic
    this.#batches = batches
    this.#values = values
  }
  /** By partition and offset; records without a value (marks) are left out. */
  get records(): readonly SeenRecord<unknown>[] {
    return (this.#records ??= this.#batches.flatMap(batch => recordsOf(batch, this.#values)))
  }
}

function recordsOf(batch: RecordBatch, values: ValueReader): readonly SeenRecord<unknown>[] {
  const records: SeenRecord<unknown>[] = []
  for (let i = 0; i < batch.count; i++) {
    const bytes = batch.value(i)
    if (bytes === null) continue
    const value = values.read(bytes, 0, bytes.length)
    const key = batch.key(i)?.toString() ?? null
    records.push({ partition: batch.partition, offset: batch.offset(i), key, value, time: batch.time(i), headers: headersOf(batch, i) })
  }
  return records
}

/** A record's headers as text. */
export function headersOf(batch: RecordBatch, i: number): Readonly<Record<string, string>> {
  const headers = batch.headers(i)
  return Object.fromEntries([...headers.names()].map(name => [name, Buffer.from(headers.get(name) ?? []).toString()]))
}
