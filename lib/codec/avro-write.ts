// Writes Avro values: strict, compiled to JavaScript per schema.
//
// A record takes a plain object (prototype Object.prototype or null). Its own enumerable properties must be fields of the schema; a property
// that is undefined counts as not there, and a field that is not there takes its default or is refused. How a plain value chooses its branch
// of a union: avro-branch.ts.
import type { Arena } from '../model/arena.ts'
import type { AvroSchema } from '../model/avro-type.ts'
import { Decimal } from '../model/decimal.ts'
import { isPlainObject } from './avro-branch.ts'
import type { AvroType, Mapping } from './avro-model.ts'
import { PLAIN } from './avro-model.ts'
import { parseSchema } from './avro-schema.ts'
import { WriteCursor } from './avro-write-cursor.ts'
import { writeSourceOf } from './avro-write-source.ts'

export interface AvroWriter {
  /**
   * Appends the value. After an error `arena.at` may be anywhere.
   * @throws VALUE_REFUSED naming the field and what was there
   */
  write(value: unknown, arena: Arena): void
}

/** @throws SCHEMA_INVALID */
export const compileWriter = (schema: AvroSchema, mapping: Mapping = PLAIN): AvroWriter => writerOf(parseSchema(schema, 'own'), mapping)

/** As `compileWriter`, of a parsed schema. */
export function writerOf(type: AvroType, mapping: Mapping = PLAIN): AvroWriter {
  const { source, constants } = writeSourceOf(type, mapping)
  const scratch = new ArrayBuffer(8)
  const compile = new Function('c', 'k', 'plain', 'y', 'f4', 'f8', 'Decimal', `'use strict';${source}`)
  const write: AvroWriter['write'] = compile(
    new WriteCursor(),
    constants,
    isPlainObject,
    new Uint8Array(scratch),
    new Float32Array(scratch),
    new Float64Array(scratch),
    Decimal,
  )
  return { write }
}
