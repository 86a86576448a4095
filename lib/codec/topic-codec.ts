// What a task opens for each topic it reads or writes: the seam between bytes in the log and typed values. It knows schema ids but no
// registry: the engine asks `missing`, fetches, and tells the answer with `learn`.
import type { Arena } from '../model/arena.ts'
import type { AvroSchema } from '../model/avro-type.ts'
import type { Codec, JsonCodec } from '../model/codec.ts'
import { codecSpecOf } from '../model/codec.ts'
import { isMillraceError, MillraceError } from '../model/errors.ts'
import type { AvroType } from './avro-model.ts'
import type { AvroReader } from './avro-read.ts'
import { checkFields, readerOf } from './avro-read.ts'
import { parseSchema } from './avro-schema.ts'
import type { AvroWriter } from './avro-write.ts'
import { writerOf } from './avro-write.ts'
import { parseJson, shaped, writeJson } from './json.ts'
import { schemaIdAt, WIRE_HEADER, wireFault, writeHeader } from './wire.ts'

/** Reads the values of one topic. */
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
  const spec = codecSpecOf(codec)
  if (spec.codec === 'json') return new JsonReader(spec.parse)
  const reader = typeOf(spec.schema)
  checkFields(reader, fields)
  return new RegisteredReader(spec.schema, reader, fields)
}

/**
 * Opens a writer.
 * @param schemaId id of the codec's schema in the registry; null for codecs without a registry
 * @throws SCHEMA_INVALID when the codec's own schema is not valid
 */
export function openWriter(codec: Codec<unknown>, schemaId: number | null): ValueWriter {
  const spec = codecSpecOf(codec)
  if (spec.codec === 'json') return { write: writeJson }
  if (schemaId === null) throw new MillraceError('INTERNAL', 'a writer of Avro values was opened without the id of its schema')
  const key = keyOf(spec.schema)
  const writer = writers.get(key) ?? writerOf(typeOf(spec.schema))
  writers.set(key, writer)
  return new RegisteredWriter(schemaId, writer)
}

// Tasks of one process share compiled code: V8 then optimises one function instead of one per partition. Codecs are made once per topic, so
// these stay as small as the program's list of topics (times the versions met).
const types = new WeakMap<object, AvroType>()
const readers = new WeakMap<object, Map<string, AvroReader>>()
const writers = new WeakMap<object, AvroWriter>()

/** Schemas given as text ('string') have no identity of their own. */
const TEXT_SCHEMAS = new Map<string, object>()
function keyOf(schema: AvroSchema): object {
  if (typeof schema !== 'string') return schema
  const key = TEXT_SCHEMAS.get(schema) ?? { schema }
  TEXT_SCHEMAS.set(schema, key)
  return key
}

function typeOf(schema: AvroSchema): AvroType {
  const key = keyOf(schema)
  const type = types.get(key) ?? parseSchema(schema, 'own')
  types.set(key, type)
  return type
}

function compiled(own: AvroSchema, reader: AvroType, fields: ReadonlySet<string> | 'all', writer: AvroSchema): AvroReader {
  const key = keyOf(own)
  const of = readers.get(key) ?? new Map<string, AvroReader>()
  readers.set(key, of)
  const name = JSON.stringify([fields === 'all' ? 'all' : [...fields].sort(), writer])
  const known = of.get(name) ?? readerOf(parseSchema(writer, 'foreign'), reader, fields)
  of.set(name, known)
  return known
}

/** Ids that the registry does not know are remembered, but not without bound: they come from the data. */
const MOST_UNKNOWN = 10_000

class RegisteredReader implements ValueReader {
  readonly #schema: AvroSchema
  readonly #type: AvroType
  readonly #fields: ReadonlySet<string> | 'all'
  readonly #readers = new Map<number, AvroReader>()
  readonly #faults = new Map<number, MillraceError>()
  #lastId = -1
  #last: AvroReader | null = null
  constructor(schema: AvroSchema, type: AvroType, fields: ReadonlySet<string> | 'all') {
    this.#schema = schema
    this.#type = type
    this.#fields = fields
  }

  missing(bytes: Buffer, start: number, end: number): number | null {
    const id = schemaIdAt(bytes, start, end)
    return id === this.#lastId || id < 0 || this.#readers.has(id) || this.#faults.has(id) ? null : id
  }

  learn(id: number, schema: AvroSchema | null): void {
    if (this.#readers.has(id)) return
    try {
      if (schema === null) throw new MillraceError('SCHEMA_UNKNOWN', `the registry has no schema with id ${id}`)
      this.#readers.set(id, compiled(this.#schema, this.#type, this.#fields, schema))
      this.#faults.delete(id)
    } catch (error) {
      if (this.#faults.size >= MOST_UNKNOWN) this.#faults.clear()
      this.#faults.set(id, faultOf(id, error))
    }
  }

  read(bytes: Buffer, start: number, end: number): unknown {
    const id = schemaIdAt(bytes, start, end)
    if (id !== this.#lastId || id < 0) this.#turnTo(id, bytes, start, end)
    return this.#last!.read(bytes, start + WIRE_HEADER, end)
  }

  #turnTo(id: number, bytes: Buffer, start: number, end: number): void {
    if (id < 0) throw wireFault(bytes, start, end)
    const reader = this.#readers.get(id)
    if (reader === undefined) {
      const fault = this.#faults.get(id)
      if (fault === undefined) throw new MillraceError('INTERNAL', `a value of schema ${id} was read before the schema was learned`)
      throw new MillraceError(fault.code, fault.message)
    }
    this.#lastId = id
    this.#last = reader
  }
}

function faultOf(id: number, error: unknown): MillraceError {
  if (!isMillraceError(error)) return new MillraceError('SCHEMA_INVALID', `schema ${id} cannot be used: ${String(error)}`, { cause: error })
  return error.code === 'SCHEMA_UNKNOWN' ? error : new MillraceError(error.code, `schema ${id}: ${error.message}`)
}

class RegisteredWriter implements ValueWriter {
  readonly #id: number
  readonly #writer: AvroWriter
  constructor(id: number, writer: AvroWriter) {
    this.#id = id
    this.#writer = writer
  }
  write(value: unknown, arena: Arena): void {
    writeHeader(arena, this.#id)
    this.#writer.write(value, arena)
  }
}

class JsonReader implements ValueReader {
  readonly #parse: JsonCodec<unknown>['parse']
  constructor(parse: JsonCodec<unknown>['parse']) {
    this.#parse = parse
  }
  missing(): null {
    return null
  }
  learn(): void {}
  read(bytes: Buffer, start: number, end: number): unknown {
    return shaped(this.#parse, parseJson(bytes, start, end))
  }
}
