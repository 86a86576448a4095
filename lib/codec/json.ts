// JSON text ↔ values. Strict both ways: malformed UTF-8 is refused, and so is a value that JSON.stringify would drop or change (NaN, undefined
// in an array, bigint, Uint8Array, Date, Map). Decimals become text. Numbers are doubles: an integer beyond ±(2^53 − 1) in the text is read as
// the nearest double, as JSON.parse does; send such numbers as text.
import type { Arena } from '../model/arena.ts'
import { Decimal } from '../model/decimal.ts'
import { isMillraceError, messageOf, MillraceError } from '../model/errors.ts'
import { isPlainObject } from './avro-branch.ts'
import { inWords } from './avro-write-cursor.ts'
import { faultIn } from './json-fault.ts'
import { LONGEST_TEXT, strictText } from './short-text.ts'

/** @throws JSON_MALFORMED with the position */
export function parseJson(bytes: Buffer, start: number, end: number): unknown {
  if (end <= start) throw new MillraceError('JSON_MALFORMED', 'the value is empty, which is not JSON')
  if (end - start > LONGEST_TEXT) throw new MillraceError('JSON_MALFORMED', `a text of ${end - start} bytes is longer than a string can be`)
  const text = strictText(bytes, start, end)
  if (text === null) {
    throw new MillraceError('JSON_MALFORMED', `the value is not UTF-8 (byte ${firstMalformed(bytes, start, end)} of ${end - start})`)
  }
  try {
    return JSON.parse(text)
  } catch {
    const at = faultIn(text)
    const why = at === text.length ? 'it ends too early' : 'it goes wrong'
    throw new MillraceError(
      'JSON_MALFORMED',
      `the value is not JSON: ${why} (byte ${Buffer.byteLength(text.slice(0, at))} of ${end - start})`,
    )
  }
}

/** What `parse` of a codec makes of the parsed text; anything it throws without a code is JSON_MALFORMED. */
export function shaped(parse: (value: unknown) => unknown, value: unknown): unknown {
  try {
    return parse(value)
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw new MillraceError('JSON_MALFORMED', `the value does not have the expected shape: ${messageOf(error)}`, { cause: error })
  }
}

/** @throws VALUE_REFUSED naming the field */
export function writeJson(value: unknown, arena: Arena): void {
  let text: string
  try {
    check(value, '')
    text = JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new MillraceError('VALUE_REFUSED', 'the value is nested too deeply, or contains itself, or is too long')
  }
  arena.utf8(text)
}

function check(value: unknown, path: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value instanceof Decimal) return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (Array.isArray(value)) {
    // by index: `forEach` would pass over holes, which JSON.stringify turns into null
    for (let i = 0; i < value.length; i++) check(value[i], `${path}[${i}]`)
    return
  }
  if (isPlainObject(value) && typeof (value as { toJSON?: unknown }).toJSON !== 'function') {
    for (const key of Object.keys(value)) {
      const inner = (value as Record<string, unknown>)[key]
      if (inner !== undefined) check(inner, path === '' ? key : `${path}.${key}`)
    }
    return
  }
  throw new MillraceError('VALUE_REFUSED', `${path === '' ? 'the value' : `field '${path}'`} is ${inWords(value)}, which JSON cannot hold`)
}

function firstMalformed(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString('utf8', start, end)
  for (let at = text.indexOf('\uFFFD'); at >= 0; at = text.indexOf('\uFFFD', at + 1)) {
    const byte = Buffer.byteLength(text.slice(0, at))
    if (bytes.toString('hex', start + byte, start + byte + 3) !== 'efbfbd') return byte
  }
  return 0
}
