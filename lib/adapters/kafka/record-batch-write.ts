// Columns as Kafka's record batches (magic 2). One batch a partition and request is what brokers take, so a batch may be filled from several writes.
import { crc32c } from '@node-rs/crc32'
import { type Columns, unpackHeaders } from '../../model/record-batch.ts'
import { codecOf, type Compression, compressed } from './compression.ts'
import type { ProducerIdentity } from './requests/transactions.ts'

const RECORDS = 61
const HEAD = 12
const ATTRIBUTES = 21
const IS_TRANSACTIONAL = 0x10
/** More of it than of a record's own bytes there never is: length, attributes, time, offset, two lengths, number of headers. */
const AROUND = 5 + 1 + 9 + 5 + 5 + 5 + 5

export class BatchWriter {
  #bytes: Buffer
  #at = RECORDS
  #count = 0
  #baseTime = 0
  #maxTime = 0

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size)
  }
  get count(): number {
    return this.#count
  }
  get size(): number {
    return this.#at
  }

  /** Appends record `i`. */
  add({ times, bytes, starts, keyLengths, valueLengths, headerLengths }: Columns, i: number): void {
    const [start, keyLength, valueLength, headerLength] = [starts[i]!, keyLengths[i]!, valueLengths[i]!, headerLengths[i]!]
    const key = Math.max(keyLength, 0)
    const value = Math.max(valueLength, 0)
    const time = times[i]!
    if (this.#count === 0) this.#baseTime = this.#maxTime = time
    else if (time > this.#maxTime) this.#maxTime = time
    const headers = headerLength === 0 ? NO_HEADERS : headersOf(bytes.subarray(start + key + value, start + key + value + headerLength))
    const delta = time - this.#baseTime
    const body = 1 + sizeOf(delta) + sizeOf(this.#count) + sizeOf(keyLength) + key + sizeOf(valueLength) + value + headers.length
    this.#room(body + AROUND)
    this.#varint(body)
    this.#bytes[this.#at++] = 0
    this.#varint(delta)
    this.#varint(this.#count++)
    this.#varint(keyLength)
    this.#copy(bytes, start, start + key)
    this.#varint(valueLength)
    this.#copy(bytes, start + key, start + key + value)
    this.#copy(headers, 0, headers.length)
  }

  /** The finished batch; the writer must not be used again. */
  seal({ id, epoch }: ProducerIdentity, sequence: number, compression: Compression): Buffer {
    let bytes = this.#bytes.subarray(0, this.#at)
    if (compression !== 'none') bytes = Buffer.concat([bytes.subarray(0, RECORDS), compressed(compression, bytes.subarray(RECORDS))])
    bytes.fill(0, 0, 8) // the broker gives offsets
    bytes.writeInt32BE(bytes.length - HEAD, 8)
    bytes.writeInt32BE(-1, 12) // leader epoch
    bytes[16] = 2
    bytes.writeInt16BE(IS_TRANSACTIONAL | codecOf(compression), ATTRIBUTES)
    bytes.writeInt32BE(this.#count - 1, 23)
    bytes.writeBigInt64BE(BigInt(this.#baseTime), 27)
    bytes.writeBigInt64BE(BigInt(this.#maxTime), 35)
    bytes.writeBigInt64BE(id, 43)
    bytes.writeInt16BE(epoch, 51)
    bytes.writeInt32BE(sequence, 53)
    bytes.writeInt32BE(this.#count, 57)
    bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES)), 17)
    return bytes
  }

  #copy(from: Uint8Array, start: number, end: number): void {
    if (end - start < 24) {
      const bytes = this.#bytes
      let at = this.#at
      for (let i = start; i < end; i++) bytes[at++] = from[i]!
      this.#at = at
    } else {
      this.#bytes.set(from.subarray(start, end), this.#at)
      this.#at += end - start
    }
  }
  #varint(value: number): void {
    const bytes = this.#bytes
    if (value >= -0x40000000 && value < 0x40000000) {
      let zigzag = (value << 1) ^ (value >> 31)
      while ((zigzag & -128) !== 0) {
        bytes[this.#at++] = (zigzag & 0x7f) | 0x80
        zigzag >>>= 7
      }
      bytes[this.#at++] = zigzag
      return
    }
    let rest = zigzag(value)
    while (rest > 127) {
      bytes[this.#at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    bytes[this.#at++] = rest
  }
  #room(n: number): void {
    if (this.#at + n <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + n))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

/** Small numbers of either sign as small numbers. */
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)

/** Bytes of a number as it is written. */
function sizeOf(value: number): number {
  let rest = zigzag(value)
  let size = 1
  for (; rest > 127; size++) rest = Math.floor(rest / 128)
  return size
}

const NO_HEADERS = Buffer.from([0])
/** In Kafka's form: their number, then name and value of each. */
function headersOf(packed: Buffer): Buffer {
  const pairs = [...unpackHeaders(packed)]
  const parts = [varint(pairs.length)]
  for (const [name, value] of pairs) {
    const bytes = Buffer.from(name)
    parts.push(varint(bytes.length), bytes, varint(value === null ? -1 : value.length))
    if (value !== null) parts.push(value)
  }
  return Buffer.concat(parts)
}
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = zigzag(value)
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return Buffer.from([...bytes, rest])
}
