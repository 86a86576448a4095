// The unit of flow: records of one partition in columns over one buffer, so that nothing is boxed between the log and the stages.
import { Arena } from './arena.ts'

const NO_HEADERS: Headers = { get: () => undefined, names: () => [] }

/** A record's headers. A name that occurs twice answers with its last value. */
export interface Headers {
  get(name: string): Uint8Array | undefined
  names(): Iterable<string>
}

/** The columns of a batch. Record `i` lies at `starts[i]` in `bytes`: key, then value, then headers; a length of −1 is null (headers: 0 is none). */
export interface Columns {
  readonly count: number
  /** Record timestamps, ms since epoch. */
  readonly times: Float64Array
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly keyLengths: Int32Array
  readonly valueLengths: Int32Array
  readonly headerLengths: Int32Array
}

/** Records of one partition as read from a log, in offset order. Immutable by agreement: slices share the buffer. */
export class RecordBatch {
  readonly topic: string
  readonly partition: number
  /** Offset of the first record. */
  readonly base: number
  readonly columns: Columns
  /** `offset(i) − base`, or null when offsets have no gaps. */
  readonly deltas: Int32Array | Float64Array | null
  constructor(topic: string, partition: number, base: number, columns: Columns, deltas: Int32Array | Float64Array | null = null) {
    this.topic = topic
    this.partition = partition
    this.base = base
    this.columns = columns
    this.deltas = deltas
  }
  get count(): number {
    return this.columns.count
  }
  offset(i: number): number {
    return this.base + (this.deltas === null ? i : this.deltas[i]!)
  }
  /** Index of the first record whose offset is at least `offset`; `count` when there is none. */
  indexOf(offset: number): number {
    if (this.deltas === null) return Math.min(Math.max(offset - this.base, 0), this.count)
    let low = 0
    for (let high = this.count; low < high; ) {
      const middle = (low + high) >>> 1
      if (this.offset(middle) < offset) low = middle + 1
      else high = middle
    }
    return low
  }
  time(i: number): number {
    return this.columns.times[i]!
  }
  /** The key's bytes, shared with the batch; null when the record has none. */
  key(i: number): Buffer | null {
    const { bytes, starts, keyLengths } = this.columns
    const length = keyLengths[i]!
    return length < 0 ? null : bytes.subarray(starts[i]!, starts[i]! + length)
  }
  valueStart(i: number): number {
    const { starts, keyLengths } = this.columns
    return starts[i]! + Math.max(keyLengths[i]!, 0)
  }
  /** The value's bytes, shared with the batch; null is a tombstone. */
  value(i: number): Buffer | null {
    const length = this.columns.valueLengths[i]!
    const start = this.valueStart(i)
    return length < 0 ? null : this.columns.bytes.subarray(start, start + length)
  }
  /** The packed headers (see `packHeaders`), shared with the batch; null when there are none. */
  packedHeaders(i: number): Buffer | null {
    const length = this.columns.headerLengths[i]!
    if (length === 0) return null
    const start = this.valueStart(i) + Math.max(this.columns.valueLengths[i]!, 0)
    return this.columns.bytes.subarray(start, start + length)
  }
  headers(i: number): Headers {
    const packed = this.packedHeaders(i)
    return packed === null ? NO_HEADERS : new PackedHeaders(packed)
  }
}

/** Headers as they lie in a batch: `count u16, (name length u16, name, value length u32 (0xffffffff is null), value)…`, little endian. */
export function packHeaders(arena: Arena, headers: readonly (readonly [name: string, value: Uint8Array | string | null])[]): void {
  if (headers.length === 0) return
  arena.reserve(2)
  arena.at = arena.bytes.writeUInt16LE(headers.length, arena.at)
  for (const [name, value] of headers) {
    arena.reserve(2)
    const nameAt = arena.at
    arena.at += 2
    const nameLength = arena.utf8(name) // may move the arena: its bytes are looked up after it
    arena.bytes.writeUInt16LE(nameLength, nameAt)
    arena.reserve(4)
    const valueAt = arena.at
    arena.at += 4
    if (value === null) arena.bytes.writeUInt32LE(0xffffffff, valueAt)
    else if (typeof value === 'string') {
      const n = arena.utf8(value)
      arena.bytes.writeUInt32LE(n, valueAt)
    } else {
      arena.bytes.writeUInt32LE(value.length, valueAt)
      arena.raw(value)
    }
  }
}

/** Every header of a packed block, in order. */
export function* unpackHeaders(packed: Buffer): Generator<[name: string, value: Buffer | null]> {
  let at = 2
  for (let n = packed.readUInt16LE(0); n > 0; n--) {
    const nameLength = packed.readUInt16LE(at)
    const name = packed.toString('utf8', at + 2, at + 2 + nameLength)
    at += 2 + nameLength
    const length = packed.readUInt32LE(at)
    at += 4
    if (length === 0xffffffff) yield [name, null]
    else {
      yield [name, packed.subarray(at, at + length)]
      at += length
    }
  }
}

class PackedHeaders implements Headers {
  readonly #packed: Buffer
  constructor(packed: Buffer) {
    this.#packed = packed
  }
  get(name: string): Uint8Array | undefined {
    let found: Uint8Array | undefined
    for (const [n, value] of unpackHeaders(this.#packed)) if (n === name) found = value ?? undefined
    return found
  }
  *names(): Iterable<string> {
    for (const [name] of unpackHeaders(this.#packed)) yield name
  }
}

/**
 * Builds the columns of a batch. A record is opened, its parts are written into `arena` one after the other, each part is ended:
 * `open(time)`, key, `endKey()`, value, `endValue()`, headers, `close()`. `truncate(mark)` takes back whole records.
 */
export class BatchBuilder {
  readonly arena: Arena
  count = 0
  #times: Float64Array
  #starts: Int32Array
  #keyLengths: Int32Array
  #valueLengths: Int32Array
  #headerLengths: Int32Array
  #part = 0
  constructor(records = 64, bytes = 8192) {
    this.arena = new Arena(bytes)
    this.#times = new Float64Array(records)
    this.#starts = new Int32Array(records)
    this.#keyLengths = new Int32Array(records)
    this.#valueLengths = new Int32Array(records)
    this.#headerLengths = new Int32Array(records)
  }
  get sizeBytes(): number {
    return this.arena.at
  }
  open(time: number): void {
    if (this.count === this.#times.length) this.#grow()
    this.#times[this.count] = time
    this.#part = this.#starts[this.count] = this.arena.at
  }
  endKey(): void {
    this.#keyLengths[this.count] = this.arena.at - this.#part
    this.#part = this.arena.at
  }
  nullKey(): void {
    this.#keyLengths[this.count] = -1
  }
  endValue(): void {
    this.#valueLengths[this.count] = this.arena.at - this.#part
    this.#part = this.arena.at
  }
  nullValue(): void {
    this.#valueLengths[this.count] = -1
  }
  /** Ends the record; what was written since the value are its headers. */
  close(): void {
    this.#headerLengths[this.count++] = this.arena.at - this.#part
  }
  /** A whole record at once. */
  add(
    time: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly (readonly [string, Uint8Array | string | null])[] = [],
  ): void {
    this.open(time)
    if (key === null) this.nullKey()
    else {
      this.arena.raw(key)
      this.endKey()
    }
    if (value === null) this.nullValue()
    else {
      this.arena.raw(value)
      this.endValue()
    }
    packHeaders(this.arena, headers)
    this.close()
  }
  /** Keeps the first `count` records (also throws away a half-written one). */
  truncate(count: number): void {
    if (count === this.count) {
      if (count === 0) this.arena.at = 0
      else {
        const i = count - 1
        this.arena.at = this.#starts[i]! + Math.max(this.#keyLengths[i]!, 0) + Math.max(this.#valueLengths[i]!, 0) + this.#headerLengths[i]!
      }
    } else {
      this.arena.at = this.#starts[count]!
      this.count = count
    }
  }
  /** The columns built so far; they share memory with the builder, which must not be used again. */
  columns(): Columns {
    const { count } = this
    const cut = <A extends Float64Array | Int32Array>(column: A): A => (count === column.length ? column : (column.subarray(0, count) as A))
    return {
      count,
      times: cut(this.#times),
      bytes: this.arena.bytes.subarray(0, this.arena.at),
      starts: cut(this.#starts),
      keyLengths: cut(this.#keyLengths),
      valueLengths: cut(this.#valueLengths),
      headerLengths: cut(this.#headerLengths),
    }
  }
  #grow(): void {
    const size = this.#times.length * 2
    this.#times = grown(this.#times, new Float64Array(size))
    this.#starts = grown(this.#starts, new Int32Array(size))
    this.#keyLengths = grown(this.#keyLengths, new Int32Array(size))
    this.#valueLengths = grown(this.#valueLengths, new Int32Array(size))
    this.#headerLengths = grown(this.#headerLengths, new Int32Array(size))
  }
}

function grown<A extends Float64Array | Int32Array>(old: A, bigger: A): A {
  bigger.set(old)
  return bigger
}

/** The columns of given records: for tests and small producers. */
export function columnsOf(
  records: readonly {
    time: number
    key: Uint8Array | string | null
    value: Uint8Array | string | null
    headers?: readonly (readonly [string, Uint8Array | string | null])[]
  }[],
): Columns {
  const builder = new BatchBuilder(Math.max(records.length, 1), 128 * records.length)
  const bytes = (v: Uint8Array | string | null): Uint8Array | null => (typeof v === 'string' ? Buffer.from(v) : v)
  for (const r of records) builder.add(r.time, bytes(r.key), bytes(r.value), r.headers)
  return builder.columns()
}
