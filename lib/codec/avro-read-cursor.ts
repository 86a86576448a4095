// What the generated readers call when a value is not of the shortest kind, and when it is wrong. One cursor per reader.
import { Decimal } from '../model/decimal.ts'
import { MillraceError } from '../model/errors.ts'
import { LONGEST_TEXT, SHORT_TEXT, shortText, strictText } from './short-text.ts'

/**
 * Items that take no bytes (an array of null, of empty records) in one value. Their count is all that the data says about them, and every
 * one becomes memory: 4 bytes could ask for 2^31 of them.
 */
export const MOST_EMPTY_ITEMS = 65_536

const TWO_27 = 2 ** 27
const TWO_28 = 2 ** 28
/** `high · 2^27 + low / 2` is a safe integer below this. */
const SAFE_HIGH = 2 ** 26

export class ReadCursor {
  /** Where the last call stopped. */
  at = 0
  start = 0
  end = 0
  depth = 0
  empty = 0

  /** The rest of an int whose first byte, read already, has its high bit set. */
  int(b: Buffer, p: number, e: number, first: number, path: string): number {
    let value = first & 127
    for (let shift = 7; shift < 28; shift += 7) {
      if (p >= e) this.ended(path, p)
      const byte = b[p++]!
      value |= (byte & 127) << shift
      if (byte < 128) {
        this.at = p
        return (value >>> 1) ^ -(value & 1)
      }
    }
    if (p >= e) this.ended(path, p)
    const last = b[p++]!
    if (last > 15) this.wrong(path, p - 5, 'an int of more than 32 bits')
    value |= last << 28
    this.at = p
    return (value >>> 1) ^ -(value & 1)
  }

  #low = 0
  #high = 0
  /** The rest of a long: 28 bits into #low, 36 into #high. */
  #long(b: Buffer, p: number, e: number, first: number, path: string): void {
    let low = first & 127
    let high = 0
    let shift = 7
    for (let byte = 128; byte > 127 && shift < 28; shift += 7) {
      if (p >= e) this.ended(path, p)
      byte = b[p++]!
      low |= (byte & 127) << shift
      if (byte < 128) {
        this.#low = low
        this.#high = 0
        this.at = p
        return
      }
    }
    for (shift = 0; shift < 28; shift += 7) {
      if (p >= e) this.ended(path, p)
      const byte = b[p++]!
      high |= (byte & 127) << shift
      if (byte < 128) {
        this.#low = low
        this.#high = high
        this.at = p
        return
      }
    }
    for (let scale = TWO_28, n = 0; ; scale *= 128, n++) {
      if (p >= e) this.ended(path, p)
      const byte = b[p++]!
      if (n === 1 && byte > 1) this.wrong(path, p - 10, 'a long of more than 64 bits')
      high += (byte & 127) * scale
      if (byte < 128) break
    }
    this.#low = low
    this.#high = high
    this.at = p
  }
  /** The rest of a long as a number. */
  long(b: Buffer, p: number, e: number, first: number, path: string): number {
    this.#long(b, p, e, first, path)
    const magnitude = this.#high * TWO_27 + (this.#low >>> 1)
    const value = (this.#low & 1) === 0 ? magnitude : -magnitude - 1
    if (this.#high < SAFE_HIGH && value >= Number.MIN_SAFE_INTEGER) return value
    return this.wrong(path, p - 1, `the long ${this.#big()}, which a number cannot hold exactly; the type can say "as": "bigint"`)
  }
  /** The rest of a length, a count or a branch index. */
  size(b: Buffer, p: number, e: number, first: number, path: string): number {
    this.#long(b, p, e, first, path)
    if (this.#high >= SAFE_HIGH) this.wrong(path, p - 1, `the length or count ${this.#big()}`)
    const magnitude = this.#high * TWO_27 + (this.#low >>> 1)
    return (this.#low & 1) === 0 ? magnitude : -magnitude - 1
  }
  big(b: Buffer, p: number, e: number, first: number, path: string): bigint {
    this.#long(b, p, e, first, path)
    return this.#big()
  }
  /** A long as the nearest float. By way of a double it could be rounded twice; an odd last bit stands for what was cut off. */
  float(long: bigint): number {
    const magnitude = long < 0n ? -long : long
    if (magnitude <= BigInt(Number.MAX_SAFE_INTEGER)) return Math.fround(Number(long))
    const cut = magnitude >> 11n
    const nearest = Math.fround(Number((magnitude & 2_047n) === 0n ? cut : cut | 1n)) * 2_048
    return long < 0n ? -nearest : nearest
  }
  #big(): bigint {
    const magnitude = BigInt(this.#high) * 134_217_728n + BigInt(this.#low >>> 1)
    return (this.#low & 1) === 0 ? magnitude : -magnitude - 1n
  }
  /** Where a varint of at most `most` bytes ends. */
  skipVarint(b: Buffer, p: number, e: number, most: number, path: string): number {
    for (const limit = p + most; p < limit; ) {
      if (p >= e) this.ended(path, p)
      if (b[p++]! < 128) return p
    }
    return this.wrong(path, p - most, `a varint of more than ${most} bytes`)
  }

  text(b: Buffer, p: number, n: number, path: string): string {
    if (n > LONGEST_TEXT) this.wrong(path, p, `a string of ${n} bytes, longer than a string can be`)
    const text = n > SHORT_TEXT ? strictText(b, p, p + n) : (shortText(b, p, n) ?? strictText(b, p, p + n))
    return text ?? this.wrong(path, p, 'a string that is not UTF-8')
  }
  copy(b: Buffer, p: number, n: number): Uint8Array {
    const bytes = new Uint8Array(n)
    if (n > 32) bytes.set(b.subarray(p, p + n))
    else for (let i = 0; i < n; i++) bytes[i] = b[p + i]!
    return bytes
  }
  /** @param limit 10^precision */
  decimal(b: Buffer, p: number, n: number, limit: bigint, scale: number, path: string): Decimal {
    if (n === 0) this.wrong(path, p, 'a decimal without bytes')
    const units = n <= 6 ? BigInt(smallInteger(b, p, n)) : this.#integer(b, p, n, limit, path)
    if (units >= limit || units <= -limit) this.wrong(path, p, `a decimal of more than ${limit.toString().length - 1} digits`)
    return new Decimal(units, scale)
  }
  #integer(b: Buffer, p: number, n: number, limit: bigint, path: string): bigint {
    const sign = b[p]! > 127 ? 255 : 0
    let from = p
    for (const last = p + n - 1; from < last && b[from] === sign && (b[from + 1]! ^ sign) < 128; ) from++
    const left = p + n - from
    // before any arithmetic: a number of a million bytes is not worth making
    if ((left - 1) * 2 > limit.toString().length) this.wrong(path, p, `a decimal of more than ${limit.toString().length - 1} digits`)
    return BigInt.asIntN(8 * left, BigInt(`0x${b.toString('hex', from, p + n)}`))
  }

  ended(path: string, p: number): never {
    return this.wrong(path, Math.min(p, this.end), 'the end of the data')
  }
  length(path: string, p: number, n: number): never {
    return this.wrong(path, p, n < 0 ? `the negative length ${n}` : `a length of ${n} bytes where ${this.end - p} are left`)
  }
  count(path: string, p: number, n: number): never {
    return this.wrong(path, p, `a count of ${n} items, more than the ${this.end - p} bytes left can hold`)
  }
  /** Counts items that take no bytes. */
  empties(path: string, p: number, n: number): void {
    this.empty += n
    if (this.empty > MOST_EMPTY_ITEMS) this.wrong(path, p, `more than ${MOST_EMPTY_ITEMS} items that take no bytes`)
  }
  block(path: string, p: number): never {
    return this.wrong(path, p, 'a block that does not have the size it says')
  }
  index(path: string, p: number, what: string, n: number, of: number): never {
    return this.wrong(path, p - 1, `the ${what} index ${n}, where 0 to ${of - 1} are known`)
  }
  trailing(p: number): never {
    const left = this.end - p
    return this.wrong('', p, `${left} ${left === 1 ? 'byte' : 'bytes'} too many`)
  }
  deep(path: string): never {
    return this.wrong(path, this.end, 'records nested too deeply')
  }
  /** What the reader's schema has no place for. */
  refuse(path: string, why: string): never {
    throw new MillraceError('SCHEMA_INCOMPATIBLE', path === '' ? why : `field '${path}': ${why}`)
  }
  wrong(path: string, p: number, found: string): never {
    const where = path === '' ? 'the Avro value' : `field '${path}'`
    throw new MillraceError('AVRO_MALFORMED', `${where} has ${found} (byte ${Math.max(p - this.start, 0)} of ${this.end - this.start})`)
  }
}

/** A big-endian two's-complement integer of 1 to 6 bytes. */
function smallInteger(b: Buffer, p: number, n: number): number {
  let value = (b[p]! << 24) >> 24
  for (let i = 1; i < n; i++) value = value * 256 + b[p + i]!
  return value
}
