// Confluent's wire format: one zero byte, the schema's id as a big-endian 32-bit integer, then the Avro data.
// https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
import type { Arena } from '../model/arena.ts'
import { MillraceError } from '../model/errors.ts'

/** Bytes before the Avro data. */
export const WIRE_HEADER = 5

/** The schema id at `bytes[start, end)`; −1 when there is none (see `wireFault`). Never throws. */
export function schemaIdAt(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < WIRE_HEADER || bytes[start] !== 0) return -1
  const id = (bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!
  return id < 0 ? -1 : id
}

/** Why `schemaIdAt` found no id: WIRE_MALFORMED. */
export function wireFault(bytes: Uint8Array, start: number, end: number): MillraceError {
  const length = end - start
  if (length <= 0) return new MillraceError('WIRE_MALFORMED', 'the value is empty; a registered schema needs a header of 5 bytes')
  if (bytes[start] !== 0) {
    const json = bytes[start] === 0x7b || bytes[start] === 0x5b ? ' (it looks like JSON)' : ''
    return new MillraceError('WIRE_MALFORMED', `the value begins with byte ${bytes[start]} instead of the magic byte 0${json}`)
  }
  if (length < WIRE_HEADER) return new MillraceError('WIRE_MALFORMED', `the value has ${length} bytes; the header alone needs 5`)
  return new MillraceError('WIRE_MALFORMED', 'the value names a negative schema id')
}

/** @param id 0 … 2^31 − 1 */
export function writeHeader(arena: Arena, id: number): void {
  arena.reserve(WIRE_HEADER)
  const { bytes, at } = arena
  bytes[at] = 0
  bytes[at + 1] = id >>> 24
  bytes[at + 2] = id >>> 16
  bytes[at + 3] = id >>> 8
  bytes[at + 4] = id
  arena.at = at + WIRE_HEADER
}
