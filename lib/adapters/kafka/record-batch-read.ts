// Kafka's record batches (magic 2) as batches of columns. What a read-committed reader must not see is left out here: control records, and the records of
// transactions that were aborted (K1). Layout: https://kafka.apache.org/documentation/#recordbatch
import { crc32c } from '@node-rs/crc32'
import { MillraceError } from '../../model/errors.ts'
import { BatchBuilder, type Columns, RecordBatch } from '../../model/record-batch.ts'
import { decompressed } from './compression.ts'
import type { FetchedPartition } from './requests/partitions.ts'

/** Where things lie in a batch. */
const LENGTH = 8
const MAGIC = 16
const CRC = 17
const ATTRIBUTES = 21
const LAST_DELTA = 23
const BASE_TIME = 27
const MAX_TIME = 35
const PRODUCER = 43
const COUNT = 57
const RECORDS = 61
const HEAD = 12
const IS_COMPRESSED = 0b111
const HAS_APPEND_TIME = 0x08
const IS_TRANSACTIONAL = 0x10
const IS_CONTROL = 0x20
const ABORT_MARKER = 0

/** A batch that holds records for us. */
interface Found {
  readonly at: number
  readonly end: number
  readonly attributes: number
}

/**
 * @param position what was asked for; the first batch may begin before it
 * @returns batches with at least one record at or after `position`, and where the next read goes on: behind the last whole batch, whatever it was (K9)
 * @throws DATA_CORRUPT
 */
export function readRecords(
  topic: string,
  partition: number,
  position: number,
  { records: bytes, aborted }: Pick<FetchedPartition, 'records' | 'aborted'>,
): { readonly batches: readonly RecordBatch[]; readonly next: number } {
  const batches: RecordBatch[] = []
  const aborts = new Aborts(aborted)
  let run: Found[] = []
  let next = position
  const flush = (): void => {
    if (run.length > 0) keep(batches, position, plainBatch(topic, partition, bytes, run))
    run = []
  }
  for (let at = 0; bytes.length - at >= RECORDS; ) {
    const end = at + HEAD + bytes.readInt32BE(at + LENGTH)
    if (end > bytes.length) break // cut off: the next fetch brings it whole
    check(bytes, at, end, topic, partition)
    const attributes = bytes.readInt16BE(at + ATTRIBUTES)
    const last = offsetAt(bytes, at) + bytes.readInt32BE(at + LAST_DELTA)
    next = Math.max(next, last + 1)
    if (aborts.hides(bytes, at, attributes, last) || bytes.readInt32BE(at + COUNT) === 0) {
      // not for us
    } else if ((attributes & IS_COMPRESSED) === 0) run.push({ at, end, attributes })
    else {
      flush()
      const head = bytes.subarray(at, at + RECORDS)
      const open = Buffer.concat([head, decompressed(attributes & IS_COMPRESSED, bytes.subarray(at + RECORDS, end))])
      keep(batches, position, plainBatch(topic, partition, open, [{ at: 0, end: open.length, attributes }]))
    }
    at = end
  }
  flush()
  return { batches, next }
}

const keep = (batches: RecordBatch[], position: number, batch: RecordBatch): void => {
  if (batch.indexOf(position) < batch.count) batches.push(batch)
}
const offsetAt = (bytes: Buffer, at: number): number => Number(bytes.readBigInt64BE(at))

function check(bytes: Buffer, at: number, end: number, topic: string, partition: number): void {
  const where = { topic, partition, offset: offsetAt(bytes, at) }
  const magic = bytes[at + MAGIC]
  if (magic !== 2)
    throw new MillraceError('DATA_CORRUPT', `a record batch has format ${magic}; only format 2 (Kafka 0.11 and newer) is read`, { where })
  if (end < at + RECORDS || crc32c(bytes.subarray(at + ATTRIBUTES, end)) !== bytes.readUInt32BE(at + CRC))
    throw new MillraceError('DATA_CORRUPT', 'a record batch does not have the checksum that it names', { where })
}

/** Which batches a read-committed reader skips. A transaction's records are hidden from where it began to its abort marker, and only that ends it. */
class Aborts {
  readonly #begin: readonly { readonly producerId: bigint; readonly first: number }[]
  #begun = 0
  readonly #hidden = new Set<bigint>()
  constructor(aborted: FetchedPartition['aborted']) {
    this.#begin = [...aborted].sort((a, b) => a.first - b.first)
  }
  hides(bytes: Buffer, at: number, attributes: number, last: number): boolean {
    while (this.#begun < this.#begin.length && this.#begin[this.#begun]!.first <= last)
      this.#hidden.add(this.#begin[this.#begun++]!.producerId)
    if ((attributes & IS_CONTROL) !== 0) {
      if (controlType(bytes, at + RECORDS) === ABORT_MARKER) this.#hidden.delete(bytes.readBigInt64BE(at + PRODUCER))
      return true
    }
    return (attributes & IS_TRANSACTIONAL) !== 0 && this.#hidden.size > 0 && this.#hidden.has(bytes.readBigInt64BE(at + PRODUCER))
  }
}

/** The second number of the key of a control batch's only record. */
function controlType(bytes: Buffer, at: number): number {
  const record = new Varints(bytes, at)
  record.next() // length
  record.at++ // attributes
  record.next() // time
  record.next() // offset
  record.next() // length of the key
  return bytes.readInt16BE(record.at + 2)
}

/**
 * Uncompressed batches that follow one another, as one. Kafka puts a length between key and value: the key is moved over it, so that a record lies in one
 * piece and nothing else is copied. The bytes are ours: they came with this answer.
 */
function plainBatch(topic: string, partition: number, bytes: Buffer, found: readonly Found[]): RecordBatch {
  let total = 0
  for (const { at, end } of found) {
    const count = bytes.readInt32BE(at + COUNT)
    if (count < 0 || count > (end - at - RECORDS) / SMALLEST) throw damaged(topic, partition, offsetAt(bytes, at))
    total += count
  }
  const columns = emptyColumns(total, bytes)
  const { times, starts, keyLengths, valueLengths } = columns
  const offsets = new Float64Array(total)
  /** Where each record's headers begin, by its number; only of those that have some. */
  let headersAt: Map<number, number> | null = null
  let i = 0
  for (const { at, end, attributes } of found) {
    const base = offsetAt(bytes, at)
    const appended = (attributes & HAS_APPEND_TIME) !== 0
    const time = Number(bytes.readBigInt64BE(at + (appended ? MAX_TIME : BASE_TIME)))
    const v = new Varints(bytes, at + RECORDS)
    for (let left = bytes.readInt32BE(at + COUNT); left > 0; left--, i++) {
      const length = v.next()
      const recordEnd = v.at + length
      if (length < 0 || recordEnd > end) throw damaged(topic, partition, base)
      v.at++
      times[i] = appended ? (v.next(), time) : time + v.next()
      offsets[i] = base + v.next()
      const keyLength = v.next()
      const keyAt = v.at
      if (keyLength > 0) v.at += keyLength
      const valueLength = v.next()
      const valueAt = v.at
      if (valueLength > 0) v.at += valueLength
      const headers = v.at
      if (v.at >= recordEnd || keyLength < -1 || valueLength < -1) throw damaged(topic, partition, base)
      if (bytes[headers] !== 0) (headersAt ??= new Map()).set(i, headers)
      keyLengths[i] = keyLength
      valueLengths[i] = valueLength
      starts[i] = valueAt
      if (keyLength > 0) {
        starts[i] = valueAt - keyLength
        if (keyLength > SHORT) bytes.copyWithin(valueAt - keyLength, keyAt, keyAt + keyLength)
        else for (let to = valueAt, from = keyAt + keyLength; from > keyAt; ) bytes[--to] = bytes[--from]!
      }
      v.at = recordEnd
    }
  }
  const first = offsets[0]!
  const whole = headersAt === null ? columns : withHeaders(columns, headersAt)
  return new RecordBatch(topic, partition, first, whole, deltasOf(offsets))
}

/** Bytes of a record without key, value and headers. */
const SMALLEST = 7
/** Below it a loop is faster than a call. */
const SHORT = 48
const damaged = (topic: string, partition: number, offset: number): MillraceError =>
  new MillraceError('DATA_CORRUPT', 'a record does not fit into its batch', { where: { topic, partition, offset } })

const emptyColumns = (count: number, bytes: Buffer): Columns => ({
  count,
  times: new Float64Array(count),
  bytes,
  starts: new Int32Array(count),
  keyLengths: new Int32Array(count),
  valueLengths: new Int32Array(count),
  headerLengths: new Int32Array(count),
})

/** Null when offsets follow one another. */
function deltasOf(offsets: Float64Array): Int32Array | Float64Array | null {
  const first = offsets[0]!
  const span = offsets.at(-1)! - first
  if (span === offsets.length - 1) return null
  const deltas = span < 2 ** 31 ? new Int32Array(offsets.length) : new Float64Array(offsets.length)
  for (let i = 0; i < offsets.length; i++) deltas[i] = offsets[i]! - first
  return deltas
}

/** Headers have another form with us: their records are written once more. */
function withHeaders({ count, times, bytes, starts, keyLengths, valueLengths }: Columns, headersAt: ReadonlyMap<number, number>): Columns {
  const builder = new BatchBuilder(count, bytes.length)
  for (let i = 0; i < count; i++) {
    const [start, keyLength, valueLength, at] = [starts[i]!, keyLengths[i]!, valueLengths[i]!, headersAt.get(i)]
    const valueAt = start + Math.max(keyLength, 0)
    const key = keyLength < 0 ? null : bytes.subarray(start, valueAt)
    const value = valueLength < 0 ? null : bytes.subarray(valueAt, valueAt + valueLength)
    builder.add(times[i]!, key, value, at === undefined ? [] : headersFrom(bytes, at))
  }
  return builder.columns()
}

function headersFrom(bytes: Buffer, at: number): (readonly [string, Uint8Array | null])[] {
  const v = new Varints(bytes, at)
  const piece = (): Buffer | null => {
    const length = v.next()
    if (length < 0) return null
    v.at += length
    return bytes.subarray(v.at - length, v.at)
  }
  return Array.from({ length: v.next() }, () => [piece()!.toString('utf8'), piece()] as const)
}

/** Zig-zag numbers of seven bits a byte. */
class Varints {
  readonly #bytes: Buffer
  at: number
  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.at = at
  }
  next(): number {
    const bytes = this.#bytes
    let byte = bytes[this.at++]!
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 0x7f
    let shift = 7
    do {
      byte = bytes[this.at++]!
      value |= (byte & 0x7f) << shift
      shift += 7
    } while (byte >= 0x80 && shift < 28)
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    return this.#long(value)
  }
  /** The rest of a number beyond 28 bits. */
  #long(low: number): number {
    const bytes = this.#bytes
    let value = low
    let byte: number
    let factor = 2 ** 28
    do {
      byte = bytes[this.at++] ?? 0
      value += (byte & 0x7f) * factor
      factor *= 128
    } while (byte >= 0x80 && factor < 2 ** 63)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
