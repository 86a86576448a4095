// State values as bytes: a small tagged form of plain data. Its version leads every block (delta.ts), so that it may change one day.
import { SHORT_TEXT, shortText } from '../codec/short-text.ts'
import type { Arena } from '../model/arena.ts'
import { Decimal } from '../model/decimal.ts'
import { MillraceError } from '../model/errors.ts'
import { DEEPEST, isRecord, notPlain, tooDeep } from './plain.ts'

const TAG = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  int: 4,
  negative: 5,
  double: 6,
  bigint: 7,
  bigNegative: 8,
  string: 9,
  bytes: 10,
  array: 11,
  object: 12,
  decimal: 13,
  /** Text that UTF-8 cannot hold: half of a surrogate pair, as JSON may escape it. */
  utf16: 14,
} as const

/** Appends `value`. @throws STATE_NOT_PLAIN for functions, symbols, class instances, cycles and nesting beyond 64 */
export function writeValue(arena: Arena, value: unknown, depth = 0): void {
  switch (typeof value) {
    case 'number':
      if (Number.isInteger(value) && value >= -0x1fffffffffffff && value <= 0x1fffffffffffff && !Object.is(value, -0)) {
        arena.byte(value < 0 ? TAG.negative : TAG.int)
        arena.varint(value < 0 ? -value : value)
      } else {
        arena.byte(TAG.double)
        arena.double(value)
      }
      return
    case 'string':
      writeString(arena, value)
      return
    case 'boolean':
      arena.byte(value ? TAG.true : TAG.false)
      return
    case 'undefined':
      arena.byte(TAG.undefined)
      return
    case 'bigint':
      writeBig(arena, value)
      return
    case 'object':
      if (value === null) arena.byte(TAG.null)
      else writeObject(arena, value, depth)
      return
    default:
      throw notPlain(value)
  }
}

function writeString(arena: Arena, text: string): void {
  const { at } = arena
  arena.byte(TAG.string)
  if (writeText(arena, text) === text.length || text.isWellFormed()) return // a byte for each: ASCII
  arena.at = at
  const bytes = Buffer.from(text, 'utf16le')
  arena.byte(TAG.utf16)
  arena.varint(bytes.length)
  arena.raw(bytes)
}

/** @returns the length in bytes */
function writeText(arena: Arena, text: string): number {
  const n = text.length
  if (n < 0x80) {
    // Most texts are short and ASCII: their length in bytes is their length.
    arena.reserve(1 + n * 3)
    const at = arena.at++
    const written = arena.utf8(text)
    if (written < 0x80) {
      arena.bytes[at] = written
      return written
    }
    arena.at = at
  }
  const bytes = Buffer.from(text)
  arena.varint(bytes.length)
  arena.raw(bytes)
  return bytes.length
}

function writeBig(arena: Arena, value: bigint): void {
  arena.byte(value < 0n ? TAG.bigNegative : TAG.bigint)
  const hex = (value < 0n ? -value : value).toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  arena.varint(bytes.length)
  arena.raw(bytes)
}

function writeObject(arena: Arena, value: object, depth: number): void {
  if (depth >= DEEPEST) throw tooDeep()
  if (Array.isArray(value)) {
    arena.byte(TAG.array)
    arena.varint(value.length)
    for (let i = 0; i < value.length; i++) writeValue(arena, value[i], depth + 1)
    return
  }
  if (value instanceof Decimal) {
    arena.byte(TAG.decimal)
    arena.varint(value.decimals)
    writeBig(arena, value.units)
    return
  }
  if (value instanceof Uint8Array) {
    arena.byte(TAG.bytes)
    arena.varint(value.length)
    arena.raw(value)
    return
  }
  if (!isRecord(value)) throw notPlain(value)
  const names = Object.keys(value)
  arena.byte(TAG.object)
  arena.varint(names.length)
  for (const name of names) {
    writeText(arena, name)
    writeValue(arena, value[name], depth + 1)
  }
}

/** Names of fields that were read lately. */
const NAMES: string[] = new Array<string>(256).fill('')

/** Reads values back, one after the other. @throws LEDGER_CORRUPT when the bytes are no value */
export class ValueReader {
  readonly #bytes: Buffer
  at: number
  readonly #end: number
  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.at = start
    this.#end = end
  }
  get done(): boolean {
    return this.at >= this.#end
  }
  read(): unknown {
    const tag = this.#take(1)
    switch (this.#bytes[tag]) {
      case TAG.null:
        return null
      case TAG.undefined:
        return undefined
      case TAG.false:
        return false
      case TAG.true:
        return true
      case TAG.int:
        return this.#varint()
      case TAG.negative:
        return -this.#varint()
      case TAG.double:
        return this.#bytes.readDoubleLE(this.#take(8))
      case TAG.bigint:
        return this.#big()
      case TAG.bigNegative:
        return -this.#big()
      case TAG.string:
        return this.#text()
      case TAG.utf16: {
        const n = this.#varint()
        const at = this.#take(n)
        return this.#bytes.toString('utf16le', at, at + n)
      }
      case TAG.bytes: {
        const n = this.#varint()
        const at = this.#take(n)
        return new Uint8Array(this.#bytes.subarray(at, at + n))
      }
      case TAG.array: {
        const n = this.#varint()
        const items: unknown[] = []
        for (let i = 0; i < n; i++) items.push(this.read())
        return items
      }
      case TAG.object: {
        const n = this.#varint()
        const object: Record<string, unknown> = {}
        for (let i = 0; i < n; i++) {
          const name = this.#name()
          const value = this.read()
          if (name === '__proto__') Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
          else object[name] = value
        }
        return object
      }
      case TAG.decimal: {
        const decimals = this.#varint()
        return new Decimal(this.read() as bigint, decimals)
      }
      default:
        throw new MillraceError('LEDGER_CORRUPT', `tag ${this.#bytes[tag]} at byte ${tag} is no state value`)
    }
  }
  #take(n: number): number {
    const at = this.at
    if (at + n > this.#end) throw new MillraceError('LEDGER_CORRUPT', `a state value ends in its middle, at byte ${at}`)
    this.at = at + n
    return at
  }
  #varint(): number {
    let value = 0
    let unit = 1
    for (;;) {
      const byte = this.#bytes[this.#take(1)]!
      value += (byte & 127) * unit
      if (byte < 128) return value
      unit *= 128
    }
  }
  #text(): string {
    const n = this.#varint()
    const at = this.#take(n)
    return (n <= SHORT_TEXT ? shortText(this.#bytes, at, n) : null) ?? this.#bytes.toString('utf8', at, at + n)
  }
  /** The name of a field: millions of values have the same few, and a text that is known need not be made. */
  #name(): string {
    const from = this.at
    const n = this.#varint()
    const at = this.#take(n)
    const bytes = this.#bytes
    if (n > SHORT_TEXT || n === 0) {
      this.at = from
      return this.#text()
    }
    const slot = (bytes[at]! * 31 + bytes[at + n - 1]! * 7 + n) & (NAMES.length - 1)
    const known = NAMES[slot]!
    let same = known.length === n ? 0 : -1
    while (same >= 0 && same < n) same = known.charCodeAt(same) === bytes[at + same] ? same + 1 : -1
    if (same === n) return known
    this.at = from
    const name = this.#text()
    if (name.length === n) NAMES[slot] = name // ASCII: a character a byte
    return name
  }
  #big(): bigint {
    const n = this.#varint()
    const at = this.#take(n)
    return n === 0 ? 0n : BigInt(`0x${this.#bytes.toString('hex', at, at + n)}`)
  }
}

export const readValue = (bytes: Buffer, start = 0, end = bytes.length): unknown => new ValueReader(bytes, start, end).read()
