// What the generated writers call for values that are not of the shortest kind, and when a value is refused. One cursor per writer.
import type { Arena } from '../model/arena.ts'
import { Decimal } from '../model/decimal.ts'
import { MillraceError } from '../model/errors.ts'

const TWO_27 = 2 ** 27
/** Units of a decimal up to this size are taken apart as numbers. */
const SMALL_UNITS = 2n ** 47n

export class WriteCursor {
  depth = 0

  /** A long beyond one byte. The caller has made room for 10. */
  long(b: Buffer, p: number, value: number): number {
    const magnitude = value < 0 ? -(value + 1) : value
    const high = Math.floor(magnitude / TWO_27)
    return putLong(b, p, ((magnitude - high * TWO_27) << 1) | (value < 0 ? 1 : 0), high)
  }
  big(b: Buffer, p: number, value: bigint): number {
    const magnitude = value < 0n ? -(value + 1n) : value
    const high = magnitude >> 27n
    return putLong(b, p, (Number(magnitude - (high << 27n)) << 1) | (value < 0n ? 1 : 0), Number(high))
  }
  /** A string with its length. The caller has made room for 5 + 3 bytes per character. */
  text(b: Buffer, p: number, value: string, path: string): number {
    const { length } = value
    if (length < 40) {
      let i = 0
      for (; i < length; i++) {
        const c = value.charCodeAt(i)
        if (c > 127) break
        b[p + 1 + i] = c
      }
      if (i === length) {
        b[p] = length << 1
        return p + 1 + length
      }
    }
    // UTF-8 has no form for half a surrogate pair: it would come back as another character
    if (!value.isWellFormed()) this.wrong(path, 'a string with half a surrogate pair, which UTF-8 cannot hold')
    const bytes = Buffer.byteLength(value)
    p = bytes < 0x40000000 ? putLong(b, p, (bytes & 0x7ffffff) << 1, bytes >>> 27) : this.long(b, p, bytes)
    b.write(value, p, bytes)
    return p + bytes
  }
  bytes(a: Arena, value: unknown, path: string): void {
    if (!(value instanceof Uint8Array)) this.refuse(path, 'a Uint8Array', value)
    a.reserve(5)
    a.at = putLong(a.bytes, a.at, (value.length & 0x7ffffff) << 1, Math.floor(value.length / TWO_27))
    a.raw(value)
  }
  fixed(a: Arena, value: unknown, size: number, path: string): void {
    if (!(value instanceof Uint8Array) || value.length !== size) this.refuse(path, `a Uint8Array of ${size} bytes`, value)
    a.raw(value)
  }
  /** @param size of the fixed; null for bytes @param limit 10^precision */
  decimal(a: Arena, value: unknown, size: number | null, scale: number, limit: bigint, path: string): void {
    if (!(value instanceof Decimal) || value.decimals !== scale) this.refuse(path, `a Decimal of scale ${scale}`, value)
    const { units } = value
    if (units >= limit || units <= -limit) this.wrong(path, `a Decimal of more than ${limit.toString().length - 1} digits`)
    const least = bytesOf(units)
    a.reserve((size ?? least) + 5)
    if (size === null) a.at = putLong(a.bytes, a.at, least << 1, 0)
    const { bytes } = a
    const end = a.at + (size ?? least)
    if (units < SMALL_UNITS && units > -SMALL_UNITS) {
      let rest = Number(units)
      for (let p = end - 1; p >= a.at; p--) {
        bytes[p] = rest
        rest = Math.floor(rest / 256)
      }
    } else {
      const width = end - a.at
      bytes.write(
        BigInt.asUintN(8 * width, units)
          .toString(16)
          .padStart(2 * width, '0'),
        a.at,
        'hex',
      )
    }
    a.at = end
  }

  /** Refuses what the record has no field for; a property that is undefined counts as not there. */
  unknown(value: object, known: ReadonlySet<string>, path: string): void {
    for (const key of Object.keys(value)) {
      if (!known.has(key) && (value as Record<string, unknown>)[key] !== undefined) {
        throw refused(path === '' ? key : `${path}.${key}`, 'is not in the schema')
      }
    }
  }
  missing(path: string): never {
    throw refused(path, 'is missing and has no default')
  }
  deep(path: string): never {
    throw refused(path, 'is nested too deeply, or contains itself')
  }
  refuse(path: string, needed: string, value: unknown): never {
    throw refused(path, `needs ${needed}, not ${inWords(value)}`)
  }
  wrong(path: string, found: string): never {
    throw refused(path, `has ${found}`)
  }
}

const refused = (path: string, why: string): MillraceError =>
  new MillraceError('VALUE_REFUSED', `${path === '' ? 'the value' : `field '${path}'`} ${why}`)

/** `low` holds the first 28 bits of a zigzag long, `high` the up to 36 others. */
function putLong(b: Buffer, p: number, low: number, high: number): number {
  if (high > 0) {
    for (let i = 0; i < 4; i++, low >>>= 7) b[p++] = (low & 127) | 128
    for (; high > 0x7fffffff; high = Math.floor(high / 128)) b[p++] = (high % 128) | 128
    low = high
  }
  for (; low > 127; low >>>= 7) b[p++] = (low & 127) | 128
  b[p++] = low
  return p
}

/** The fewest bytes of a two's-complement number. */
function bytesOf(units: bigint): number {
  const magnitude = units < 0n ? -units - 1n : units
  if (magnitude < SMALL_UNITS) {
    let bytes = 1
    for (let rest = Number(magnitude); rest > 127; rest = Math.floor(rest / 256)) bytes++
    return bytes
  }
  const hex = magnitude.toString(16)
  return Math.floor(((hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)))) / 8) + 1
}

/** What a value is, without what it holds: messages go into logs. */
export function inWords(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'number')
    return Number.isInteger(value) ? `the integer ${value}` : Number.isFinite(value) ? 'a fraction' : String(value)
  if (value instanceof Decimal) return `a Decimal of scale ${value.decimals}`
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.length} bytes`
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object') return `a ${typeof value}`
  const name = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name === 'string' && name !== 'Object' ? `a ${name}` : 'an object'
}
