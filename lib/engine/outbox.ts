// What an epoch sends: values become bytes at once, grouped by target partition; a refused record's are taken back.
import { MillraceError } from '../model/errors.ts'
import { isKey, type Key, partitionOf } from '../model/key.ts'
import { Arena } from '../model/arena.ts'
import { BatchBuilder, packHeaders, unpackHeaders } from '../model/record-batch.ts'
import type { TopicSpec } from '../model/topic.ts'
import type { ValueWriter } from '../codec/topic-codec.ts'
import type { PartitionWrite } from '../ports/record-log.ts'
import type { Cursor } from '../stages/context.ts'
import type { Carrier } from './watermark.ts'

/** A topic that the task writes. */
export interface TargetTopic {
  readonly spec: TopicSpec
  readonly partitions: number
  readonly writer: ValueWriter
}

/** What is sent to one partition of a topic. */
class Lane {
  builder: BatchBuilder | null = null
  /** The step that wrote here last, and how many records lay here before it. */
  step = -1
  before = 0
  /** What the last epoch made of it: the next one will not differ by much. */
  records = 0
  bytes = 0
}
/** What is sent to a topic: a lane for each partition that was ever written. */
export type Lanes = (Lane | undefined)[]

export class Outbox {
  readonly #topics = new Map<string, Lanes>()
  #step = 0

  /** Where records for a topic go, to be kept by whoever sends them. */
  lanes(topic: string): Lanes {
    let lanes = this.#topics.get(topic)
    if (lanes === undefined) this.#topics.set(topic, (lanes = []))
    return lanes
  }
  /** What was written until now stays; what follows can be taken back. */
  begin(): void {
    this.#step = (this.#step + 1) & 0x3fffffff
  }
  /** Takes back what was written since `begin`, half-written or not. */
  rollback(): void {
    for (const lanes of this.#topics.values()) for (const lane of lanes) if (lane?.step === this.#step) lane.builder?.truncate(lane.before)
  }
  /** Opens a record; its `close()` must follow unless something throws. */
  open(lanes: Lanes, partition: number, time: number): BatchBuilder {
    const lane = (lanes[partition] ??= new Lane())
    const builder = (lane.builder ??= roomFor(lane))
    if (lane.step !== this.#step) {
      lane.step = this.#step
      lane.before = builder.count
    }
    builder.open(time)
    return builder
  }
  get empty(): boolean {
    for (const lanes of this.#topics.values()) if (lanes.some(lane => (lane?.builder?.count ?? 0) > 0)) return false
    return true
  }
  /** Everything written since the last call. */
  take(): PartitionWrite[] {
    const writes: PartitionWrite[] = []
    for (const [topic, lanes] of this.#topics) {
      lanes.forEach((lane, partition) => {
        if (lane === undefined) return
        const { builder } = lane
        lane.records = builder?.count ?? 0
        lane.bytes = builder?.sizeBytes ?? 0
        lane.step = -1
        lane.builder = null
        if (builder !== null && builder.count > 0) writes.push({ topic, partition, columns: builder.columns() })
      })
    }
    return writes
  }
}

/** Most epochs of a quiet topic write a record or two. */
const roomFor = ({ records, bytes }: Lane): BatchBuilder =>
  new BatchBuilder(Math.max(16, Math.ceil(records * 1.1)), Math.max(1_024, Math.ceil(bytes * 1.1)))

/** S1.3 */
const isEventTime = (time: unknown): time is number => Number.isSafeInteger(time) && (time as number) >= 0

const REMEMBERED = 100_000

/** Where the keys of a topic live; remembers them, because hashing costs more than looking up. */
export class Homes {
  readonly #partitions: number
  readonly #known = new Map<Key, number>()
  readonly #bytes = new Arena(256)
  constructor(partitions: number) {
    this.#partitions = partitions
  }
  of(key: Key): number {
    if (this.#partitions === 1) return 0
    let home = this.#known.get(key)
    if (home === undefined) {
      if (this.#known.size >= REMEMBERED) this.#known.clear()
      this.#bytes.clear()
      const n = this.#bytes.utf8(String(key))
      home = partitionOf(this.#bytes.bytes, this.#partitions, 0, n)
      this.#known.set(key, home)
    }
    return home
  }
}

/** Sends values to a topic, keyed by the value's own key field. */
export class TopicSender {
  readonly #outbox: Outbox
  readonly #target: TargetTopic
  readonly #cursor: Cursor
  readonly #homes: Homes
  readonly #lanes: Lanes
  readonly #times: 'checked' | 'as given'
  /** @param times `'as given'`: a value whose time is none is written all the same, for a reader to refuse */
  constructor(outbox: Outbox, target: TargetTopic, cursor: Cursor, times: 'checked' | 'as given' = 'checked') {
    this.#outbox = outbox
    this.#target = target
    this.#cursor = cursor
    this.#times = times
    this.#homes = new Homes(target.partitions)
    this.#lanes = outbox.lanes(target.spec.name)
  }
  /** @throws VALUE_REFUSED, KEY_MISSING, EVENT_TIME_INVALID: the caller's record is refused, nothing of it stays */
  send(value: unknown): void {
    this.#write(value, this.#keyOf(value)).close()
  }
  /** Sends a record without a value: what there is of its key is gone (S1.1). */
  tombstone(key: Key): void {
    const builder = this.#outbox.open(this.#lanes, this.#homes.of(key), this.#cursor.at)
    builder.arena.utf8(String(key))
    builder.endKey()
    builder.nullValue()
    builder.close()
  }
  /** As send, for a repartition topic: the record carries its task's stream time. @throws KEY_DIFFERS */
  sendKeyed(value: unknown, key: Key, carrier: Carrier, streamTime: number): void {
    const own = this.#keyOf(value)
    if (key !== own) {
      throw new MillraceError(
        'KEY_DIFFERS',
        `keyBy() gave '${key}', but the value's key '${this.#target.spec.key}' of topic '${this.#target.spec.name}' is '${own}'`,
      )
    }
    const builder = this.#write(value, own)
    carrier.write(builder.arena, streamTime)
    builder.close()
  }
  sendWith(value: unknown, headers: readonly (readonly [string, Uint8Array | string])[]): void {
    const builder = this.#write(value, this.#keyOf(value))
    packHeaders(builder.arena, headers)
    builder.close()
  }
  #keyOf(value: unknown): Key {
    const { spec } = this.#target
    const key = (value as Readonly<Record<string, unknown>> | null)?.[spec.key]
    if (!isKey(key)) {
      throw new MillraceError(
        'KEY_MISSING',
        `a value for topic '${spec.name}' has ${String(key)} as its key '${spec.key}': a string or a number is needed`,
      )
    }
    return key
  }
  #write(value: unknown, key: Key): BatchBuilder {
    const { spec, writer } = this.#target
    const { at } = this.#cursor
    const declared = spec.time === 'record-timestamp' ? at : (value as Readonly<Record<string, unknown>>)[spec.time]
    const time = spec.time === 'record-timestamp' || isEventTime(declared) ? (declared as number) : null
    const builder = this.#outbox.open(this.#lanes, this.#homes.of(key), time ?? at)
    builder.arena.utf8(String(key))
    builder.endKey()
    writer.write(value, builder.arena)
    builder.endValue()
    if (time === null && this.#times === 'checked')
      throw new MillraceError(
        'EVENT_TIME_INVALID',
        `a value for topic '${spec.name}' has ${String(declared)} as its time '${spec.time}': whole milliseconds since 1970 are needed`,
      )
    return builder
  }
  /** Sends the record in hand as it is, with headers added. */
  forward(headers: readonly (readonly [string, Uint8Array | string])[]): void {
    const { batch, index } = this.#cursor
    if (batch === null) throw new MillraceError('INTERNAL', 'a derived value cannot be forwarded as bytes')
    const key = batch.key(index)
    const partition = key === null ? this.#cursor.partition % this.#target.partitions : partitionOf(key, this.#target.partitions)
    const builder = this.#outbox.open(this.#lanes, partition, batch.time(index))
    writeOriginal(builder, this.#cursor, headers)
    builder.close()
  }
}

/** Key and value bytes of the record in hand, its headers, and more headers. */
export function writeOriginal(builder: BatchBuilder, cursor: Cursor, headers: readonly (readonly [string, Uint8Array | string])[]): void {
  const batch = cursor.batch!
  const { arena } = builder
  const key = batch.key(cursor.index)
  if (key === null) builder.nullKey()
  else {
    arena.raw(key)
    builder.endKey()
  }
  const value = batch.value(cursor.index)
  if (value === null) builder.nullValue()
  else {
    arena.raw(value)
    builder.endValue()
  }
  const packed = batch.packedHeaders(cursor.index)
  packHeaders(arena, packed === null ? headers : [...unpackHeaders(packed), ...headers])
}
