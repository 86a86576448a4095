// How the values of a topic are written. Descriptions only: lib/codec turns them into readers and writers.
import type { AvroSchema, FromAvro } from './avro-type.ts'

export interface Codec<in out T> {
  readonly codec: 'avro' | 'json'
  readonly both: (value: T) => T
}
export interface AvroCodec {
  readonly codec: 'avro'
  /** The reader schema, and the writer schema of what we write. */
  readonly schema: AvroSchema
}
export interface JsonCodec<T> {
  readonly codec: 'json'
  /** Checks and shapes what JSON.parse returned; throws what makes the record a dead letter (`JSON_MALFORMED` unless coded). */
  readonly parse: (value: unknown) => T
}

const described = <T>(codec: AvroCodec | JsonCodec<T>): Codec<T> => Object.freeze(codec) as unknown as Codec<T>
/** The description behind a typed codec. */
export const codecSpecOf = (c: Codec<never> | Codec<unknown>): AvroCodec | JsonCodec<unknown> =>
  c as unknown as AvroCodec | JsonCodec<unknown>

/** Avro with the type taken from the schema itself: for small topics, written where they are used. */
export const avro = <const S extends object>(schema: S): Codec<FromAvro<S>> =>
  described<FromAvro<S>>({ codec: 'avro', schema: schema as unknown as AvroSchema })
/** Avro for a type that was generated from the `.avsc` (`millrace types`): the generator keeps both equal. */
export const avroAs = <T>(schema: object): Codec<T> => described<T>({ codec: 'avro', schema: schema as unknown as AvroSchema })
/** JSON text, without a registry. */
export const json = <T>(parse: (value: unknown) => T): Codec<T> => described<T>({ codec: 'json', parse })
