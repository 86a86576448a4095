// One input of a task: what was fetched and not yet computed, and how its bytes become values.
import { openReader, type ValueReader } from '../codec/topic-codec.ts'
import { codecSpecOf } from '../model/codec.ts'
import { MillraceError, type ErrorCode, ERRORS } from '../model/errors.ts'
import { FEED_ERROR_HEADER } from '../model/feed.ts'
import type { Key } from '../model/key.ts'
import type { InputSpec } from '../model/plan.ts'
import type { RecordBatch } from '../model/record-batch.ts'
import type { FeedReader } from '../ports/feed.ts'
import type { PartitionReader } from '../ports/record-log.ts'
import type { Registry } from '../ports/registry.ts'
import type { Push } from '../stages/context.ts'
import type { PipelineInput } from './pipeline-input.ts'
import type { StreamClock } from '../stages/window/clock.ts'
import type { InputTime } from './input-time.ts'
import type { Fields } from './projection.ts'

export class TaskInput {
  readonly name: string
  readonly spec: InputSpec
  readonly partition: number
  readonly push: Push
  /** Takes the key of a tombstone; null when nothing here knows what one means. */
  readonly tombstone: Push | null
  readonly clock: StreamClock
  readonly time: InputTime
  readonly #reader: PartitionReader | FeedReader
  readonly #registry: Registry
  readonly #values: ValueReader
  /** Next offset to compute (E1's "expected"). */
  position: number
  /** What the keys of its records are, as far as they have been seen. */
  keys: 'texts' | 'numbers' = 'texts'
  #batches: RecordBatch[] = []
  #index = 0
  /** Where the next fetch goes on. */
  #fetchedTo: number
  #caughtUp = false
  /** Whether the log was asked in the turn that is under way, or what it said may have changed since. */
  #asked: 'now' | 'before' = 'before'

  constructor(o: {
    spec: InputSpec
    partition: number
    pipeline: PipelineInput
    time: InputTime
    reader: PartitionReader | FeedReader
    registry: Registry
    fields: Fields
    position: number
  }) {
    this.name = o.spec.name
    this.spec = o.spec
    this.partition = o.partition
    this.push = o.pipeline.push
    this.tombstone = o.pipeline.tombstone
    this.clock = o.pipeline.clock
    this.time = o.time
    this.#reader = o.reader
    this.#registry = o.registry
    this.position = this.#fetchedTo = o.position
    this.#values = openReader(o.spec.value, decoded(o.spec, o.fields))
  }

  /** Nothing is left to compute, and the last fetch reached the end of what is visible (S2.3). */
  get caughtUp(): boolean {
    return this.#caughtUp && this.#asked === 'now' && this.#batches.length === 0
  }
  /** The last fetch reached the end: what is buffered is recent. */
  get live(): boolean {
    return this.#caughtUp
  }
  /** A bounded feed that was read to its end; topics never end. */
  get ended(): boolean {
    return this.caughtUp && (!('ended' in this.#reader) || this.#reader.ended)
  }
  /** E1. Fetches if nothing is buffered; learns the schemas that the new records name. */
  async fill(maxBytes: number): Promise<void> {
    this.#asked = 'before'
    if (this.#batches.length > 0) return
    const fetched = await this.#reader.fetch(maxBytes)
    if (fetched.from > this.#fetchedTo) {
      this.#reader.seek(this.#fetchedTo) // a gap: what lies between was never seen
      return
    }
    for (const batch of fetched.batches) {
      if (batch.indexOf(this.#fetchedTo) === batch.count) continue // seen before
      await learnSchemas(this.#values, batch, this.#registry)
      this.#batches.push(batch)
    }
    this.#index = this.#batches[0]?.indexOf(this.#fetchedTo) ?? 0
    this.#fetchedTo = Math.max(this.#fetchedTo, fetched.next)
    this.#caughtUp = fetched.caughtUp
    this.#asked = 'now'
    if (this.#batches.length === 0) this.position = this.#fetchedTo
  }
  /** The batch to compute from, and the index of its next record; null when nothing is buffered. */
  current(): { readonly batch: RecordBatch; readonly index: number } | null {
    const [batch] = this.#batches
    return batch === undefined ? null : { batch, index: this.#index }
  }
  /** Offset of the next record at hand; where it will be when none is. */
  get next(): number {
    const [batch] = this.#batches
    return batch === undefined ? this.position : batch.offset(this.#index)
  }
  /** The records at hand below offset `below`, at most `most`: how many, from which offset on and below which. */
  ahead(most: number, below: number): { readonly records: number; readonly from: number; readonly to: number } {
    const from = this.next
    let records = 0
    let to = from
    let index = this.#index
    for (const batch of this.#batches) {
      for (; index < batch.count && records < most && batch.offset(index) < below; index++) {
        records++
        to = batch.offset(index) + 1
      }
      index = 0
    }
    return { records, from, to }
  }
  /** Keys of the next records at hand, at most `most` of them, as the records' bytes have them; those without a key are left out. */
  *keysAhead(most: number): Iterable<Key> {
    let left = most
    let index = this.#index
    for (const batch of this.#batches) {
      for (; index < batch.count && left > 0; index++, left--) {
        const text = batch.key(index)?.toString()
        if (text !== undefined) yield this.keys === 'numbers' ? Number(text) : text
      }
      index = 0
    }
  }
  /** Records of the current batch below `index` have been computed. */
  computed(index: number): void {
    const batch = this.#batches[0]!
    if (index < batch.count) {
      this.#index = index
      this.position = batch.offset(index)
      return
    }
    this.#batches.shift()
    this.#index = this.#batches[0]?.indexOf(0) ?? 0
    const next = this.#batches[0]
    this.position = next === undefined ? this.#fetchedTo : next.offset(this.#index)
  }
  /** The value of a record; undefined is a tombstone. @throws what the codec throws (the decode door) */
  read(batch: RecordBatch, i: number): Readonly<Record<string, unknown>> | undefined {
    if (this.spec.kind === 'feed') refuseMarked(batch, i)
    const { columns } = batch
    const length = columns.valueLengths[i]!
    if (length < 0) return undefined
    const start = batch.valueStart(i)
    return this.#values.read(columns.bytes, start, start + length) as Readonly<Record<string, unknown>>
  }
  arrived(signal: AbortSignal): Promise<void> {
    return this.#reader.arrived(signal)
  }
  close(): void {
    this.#reader.close()
  }
}

/** Learns the schemas that a batch's values name. @throws REGISTRY_UNAVAILABLE */
export async function learnSchemas(values: ValueReader, batch: RecordBatch, registry: Registry): Promise<void> {
  const { bytes, valueLengths } = batch.columns
  for (let i = 0; i < batch.count; i++) {
    if (valueLengths[i]! < 0) continue
    const start = batch.valueStart(i)
    const id = values.missing(bytes, start, start + valueLengths[i]!)
    if (id !== null) values.learn(id, await registry.schema(id))
  }
}

/** S1.1: where nothing says what a tombstone means, the process door refuses it. */
export const meaninglessTombstone = (): MillraceError =>
  new MillraceError(
    'VALUE_MISSING',
    'the record has a null value: only a table view, or a table beside which a deleteWhere() stands, can use a tombstone',
  )

/** A feed marks what it could not read with a header, so that the record goes through the decode door with its original bytes. */
function refuseMarked(batch: RecordBatch, i: number): void {
  if (batch.columns.headerLengths[i] === 0) return
  const error = batch.headers(i).get(FEED_ERROR_HEADER)
  if (error === undefined) return
  const text = Buffer.from(error).toString()
  const space = text.indexOf(' ')
  const code = text.slice(0, space)
  throw new MillraceError(code in ERRORS ? (code as ErrorCode) : 'ROW_INVALID', text.slice(space + 1))
}

/** The fields to decode: what the pipeline reads, key and time; names that the schema does not have are the analysis's own caution. */
function decoded(spec: InputSpec, fields: Fields): ReadonlySet<string> | 'all' {
  const codec = codecSpecOf(spec.value)
  if (fields === 'whole' || codec.codec === 'json') return 'all'
  const { schema } = codec
  if (typeof schema !== 'object' || !('fields' in schema)) return 'all'
  const known = new Set((schema['fields'] as readonly { readonly name: string }[]).map(f => f.name))
  const wanted = [...fields, spec.key, ...(spec.time === 'record-timestamp' ? [] : [spec.time])]
  return new Set(wanted.filter(f => known.has(f)))
}
