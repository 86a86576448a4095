// Kafka's binary protocol, the versions before compact encoding: big-endian numbers, strings of 16-bit length, arrays of 32-bit length.

export class Writer {
  #bytes = Buffer.allocUnsafe(256)
  #at = 0

  int8(value: number): this {
    this.#room(1)
    this.#at = this.#bytes.writeInt8(value, this.#at)
    return this
  }
  int16(value: number): this {
    this.#room(2)
    this.#at = this.#bytes.writeInt16BE(value, this.#at)
    return this
  }
  int32(value: number): this {
    this.#room(4)
    this.#at = this.#bytes.writeInt32BE(value, this.#at)
    return this
  }
  int64(value: number | bigint): this {
    this.#room(8)
    this.#at = this.#bytes.writeBigInt64BE(BigInt(value), this.#at)
    return this
  }
  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }
  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const length = Buffer.byteLength(value)
    this.int16(length).#room(length)
    this.#bytes.write(value, this.#at)
    this.#at += length
    return this
  }
  bytes(value: Uint8Array): this {
    this.int32(value.length).#room(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    return this
  }
  /** Null is another thing than no elements. */
  array<T>(values: readonly T[] | null, write: (value: T) => void): this {
    this.int32(values === null ? -1 : values.length)
    for (const value of values ?? []) write(value)
    return this
  }
  done(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  #room(n: number): void {
    if (this.#at + n <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + n))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

export class Reader {
  readonly #bytes: Buffer
  #at = 0
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#moved(1))
  }
  int16(): number {
    return this.#bytes.readInt16BE(this.#moved(2))
  }
  int32(): number {
    return this.#bytes.readInt32BE(this.#moved(4))
  }
  /** Offsets and times, which are far below 2^53. */
  int64(): number {
    return Number(this.bigint64())
  }
  bigint64(): bigint {
    return this.#bytes.readBigInt64BE(this.#moved(8))
  }
  boolean(): boolean {
    return this.int8() !== 0
  }
  string(): string {
    return this.nullableString() ?? ''
  }
  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? null : this.#bytes.toString('utf8', this.#moved(length), this.#at)
  }
  /** Shared with what is read; none for null. */
  bytes(): Buffer {
    const length = this.int32()
    return length <= 0 ? NOTHING : this.#bytes.subarray(this.#moved(length), this.#at)
  }
  array<T>(read: () => T): T[] {
    const values: T[] = []
    for (let n = this.int32(); n > 0; n--) values.push(read())
    return values
  }

  /** Where it stood before it moved on by `n`. */
  #moved(n: number): number {
    const at = this.#at
    this.#at += n
    return at
  }
}
const NOTHING = Buffer.alloc(0)
