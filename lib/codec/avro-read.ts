// Reads Avro values: strict, resolved to the reader's schema, compiled to JavaScript per pair of schemas and set of fields.
//
// What bytes can make a reader do is bounded: lengths and counts are checked against the bytes that are left before anything is allocated,
// items that take no bytes are counted (MOST_EMPTY_ITEMS), records may nest DEEPEST deep, and nothing may follow the value. Fields that are
// left out are stepped over: their lengths, counts and indices are checked, their contents (UTF-8, booleans) are not.
import type { AvroSchema } from '../model/avro-type.ts'
import { Decimal } from '../model/decimal.ts'
import { MillraceError } from '../model/errors.ts'
import type { AvroType, Mapping } from './avro-model.ts'
import { PLAIN } from './avro-model.ts'
import { ReadCursor } from './avro-read-cursor.ts'
import { readSourceOf } from './avro-read-source.ts'
import { resolve } from './avro-resolve.ts'
import { parseSchema } from './avro-schema.ts'
import { shortText } from './short-text.ts'

export interface AvroReader {
  /**
   * The value at `bytes[start, end)`; shares no memory with `bytes`.
   * @throws AVRO_MALFORMED naming field and position; SCHEMA_INCOMPATIBLE for a union branch or enum symbol that the reader has no place for
   */
  read(bytes: Buffer, start: number, end: number): unknown
}

/**
 * @param fields top-level fields to materialise; the others are checked for their bounds and left out of the value
 * @throws SCHEMA_INVALID; SCHEMA_INCOMPATIBLE when the reader's schema cannot read what the writer's wrote, naming the field
 */
export function compileReader(
  writerSchema: AvroSchema,
  readerSchema: AvroSchema,
  fields: ReadonlySet<string> | 'all',
  mapping: Mapping = PLAIN,
): AvroReader {
  return readerOf(parseSchema(writerSchema, 'foreign'), parseSchema(readerSchema, 'own'), fields, mapping)
}

/** As `compileReader`, of parsed schemas. */
export function readerOf(writer: AvroType, reader: AvroType, fields: ReadonlySet<string> | 'all', mapping: Mapping = PLAIN): AvroReader {
  checkFields(reader, fields)
  const { source, constants } = readSourceOf(resolve(writer, reader, fields, mapping))
  const scratch = new ArrayBuffer(8)
  const compile = new Function('c', 'k', 'short', 'own', 'y', 'f4', 'f8', 'Decimal', `'use strict';${source}`)
  const read: AvroReader['read'] = compile(
    new ReadCursor(),
    constants,
    shortText,
    defineOwn,
    new Uint8Array(scratch),
    new Float32Array(scratch),
    new Float64Array(scratch),
    Decimal,
  )
  return { read }
}

/** @throws SCHEMA_INVALID when the reader's schema lacks one of the fields */
export function checkFields(reader: AvroType, fields: ReadonlySet<string> | 'all'): void {
  if (fields === 'all') return
  if (reader.kind !== 'record')
    throw new MillraceError('SCHEMA_INVALID', `fields were asked for, but the Avro schema is no record but ${reader.kind}`)
  for (const field of fields) {
    if (!reader.fields.some(f => f.name === field))
      throw new MillraceError('SCHEMA_INVALID', `the Avro schema '${reader.name}' has no field '${field}'`)
  }
}

const defineOwn = (object: object, key: string, value: unknown): void => {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}
