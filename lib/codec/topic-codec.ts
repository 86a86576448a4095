// What a task opens for each topic it reads or writes: the seam between bytes in the log and typed values. It knows schema ids but no
// registry: the engine asks `missing`, fetches, and tells the answer with `learn`.
import type { Arena } from '../model/arena.ts'
import type { AvroSchema } from '../model/avro-type.ts'
import type { Codec } from '../model/codec.ts'
import { codecSpecOf } from '../model/codec.ts'
import { MillraceError } from '../model/errors.ts'

/** Reads the values of one topic. Not for use by two tasks at once. */
export interface ValueReader {
  /**
   * The schema id that must be learned before `read` of these bytes, or null when it is known (or when the bytes do not even
   * name one: then `read` says so). Cheap; never throws.
   */
  missing(bytes: Buffer, start: number, end: number): number | null
  /**
   * What the registry answered for an id; null: it has no such schema, and `read` throws SCHEMA_UNKNOWN for its records. Never
   * throws: a schema that cannot be used makes `read` throw SCHEMA_INVALID or SCHEMA_INCOMPATIBLE for its records.
   */
  learn(id: number, schema: AvroSchema | null): void
  /**
   * The value at `bytes[start, end)`, resolved to the reader schema, as a plain object that shares no memory with `bytes`.
   * @throws WIRE_MALFORMED, SCHEMA_UNKNOWN, SCHEMA_INVALID, SCHEMA_INCOMPATIBLE, AVRO_MALFORMED; JSON_MALFORMED or what `parse` of the codec throws
   */
  read(bytes: Buffer, start: number, end: number): unknown
}

/** Writes the values of one topic. */
export interface ValueWriter {
  /**
   * Appends the value, wire header included. After an error `arena.at` may be anywhere: the caller truncates.
   * @throws VALUE_REFUSED naming the field
   */
  write(value: unknown, arena: Arena): void
}

/**
 * Opens a reader.
 * @param fields top-level fields to materialise; the others are checked but left out of the value (JSON ignores this)
 * @throws SCHEMA_INVALID when the codec's own schema is not valid or lacks one of `fields`
 */
export function openReader(codec: Codec<unknown>, fields: ReadonlySet<string> | 'all'): ValueReader {
  void fields
  throw new MillraceError('INTERNAL', `no reader for codec '${codecSpecOf(codec).codec}'`)
}

/**
 * Opens a writer.
 * @param schemaId id of the codec's schema in the registry; null for codecs without a registry
 * @throws SCHEMA_INVALID when the codec's own schema is not valid
 */
export function openWriter(codec: Codec<unknown>, schemaId: number | null): ValueWriter {
  void schemaId
  throw new MillraceError('INTERNAL', `no writer for codec '${codecSpecOf(codec).codec}'`)
}
