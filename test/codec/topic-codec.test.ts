import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openReader, openWriter, type ValueReader } from '#lib/codec/topic-codec.ts'
import { Arena } from '#lib/model/arena.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { avroAs, type Codec, json } from '#lib/model/codec.ts'
import { isMillraceError, MillraceError } from '#lib/model/errors.ts'

const record = (...fields: object[]): object => ({ type: 'record', name: 'R', fields })
const avro = (schema: object): Codec<unknown> => avroAs<unknown>(schema)
const v1 = record({ name: 'id', type: 'int' }, { name: 'old', type: 'string' })
const v2 = record({ name: 'id', type: 'long' }, { name: 'note', type: 'string', default: '-' })
const codec = avro(v2)

function written(schema: object, id: number, value: unknown): Buffer {
  const arena = new Arena(1)
  openWriter(avro(schema), id).write(value, arena)
  return arena.copy()
}
const read = (reader: ValueReader, bytes: Buffer): unknown => reader.read(bytes, 0, bytes.length)
const missing = (reader: ValueReader, bytes: Buffer): number | null => reader.missing(bytes, 0, bytes.length)
const code = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(isMillraceError(error), String(error))
    return `${error.code}: ${error.message}`
  }
  return assert.fail('it was accepted')
}

describe('Avro', () => {
  test('an id is missing until it is learned, then values are read to the reader schema, old and new ones in any order', () => {
    const reader = openReader(codec, 'all')
    const [a, b] = [written(v1, 7, { id: 1, old: 'x' }), written(v2, 8, { id: 2, note: 'n' })]
    assert.deepEqual([missing(reader, a), missing(reader, b)], [7, 8])
    reader.learn(7, v1 as AvroSchema)
    assert.deepEqual([missing(reader, a), missing(reader, b)], [null, 8])
    assert.deepEqual(read(reader, a), { id: 1, note: '-' })
    reader.learn(8, v2 as AvroSchema)
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(read(reader, b), { id: 2, note: 'n' })
      assert.deepEqual(read(reader, a), { id: 1, note: '-' })
      assert.deepEqual([missing(reader, a), missing(reader, b)], [null, null])
    }
  })
  test('only the fields that were asked for are read', () => {
    const reader = openReader(codec, new Set(['note']))
    reader.learn(8, v2 as AvroSchema)
    assert.deepEqual(read(reader, written(v2, 8, { id: 2, note: 'n' })), { note: 'n' })
  })
  test('a value lies anywhere in a buffer', () => {
    const reader = openReader(codec, 'all')
    const bytes = Buffer.concat([Buffer.from([0, 0, 0]), written(v2, 8, { id: 2, note: 'n' }), Buffer.from([1, 2])])
    assert.equal(reader.missing(bytes, 3, bytes.length - 2), 8)
    reader.learn(8, v2 as AvroSchema)
    assert.equal(reader.missing(bytes, 3, bytes.length - 2), null)
    assert.deepEqual(reader.read(bytes, 3, bytes.length - 2), { id: 2, note: 'n' })
  })
  test('SCHEMA_UNKNOWN: an id that the registry does not know is final for its records, not for others, and can be learned later', () => {
    const reader = openReader(codec, 'all')
    const bytes = written(v2, 9, { id: 2, note: 'n' })
    reader.learn(9, null)
    assert.equal(missing(reader, bytes), null)
    assert.equal(
      code(() => read(reader, bytes)),
      'SCHEMA_UNKNOWN: the registry has no schema with id 9',
    )
    assert.equal(missing(reader, written(v2, 10, { id: 2 })), 10)
    reader.learn(9, v2 as AvroSchema)
    assert.deepEqual(read(reader, bytes), { id: 2, note: 'n' })
  })
  test('a schema that cannot be used is told by read, with its id; learn never throws', () => {
    const reader = openReader(codec, 'all')
    reader.learn(3, record({ name: 'id', type: 'string' }) as AvroSchema)
    reader.learn(4, 'nothing')
    reader.learn(5, 5 as never)
    const header = (id: number): Buffer => Buffer.from([0, 0, 0, 0, id, 2])
    assert.match(
      code(() => read(reader, header(3))),
      /^SCHEMA_INCOMPATIBLE: schema 3: field 'id' cannot be read: string is not read as long/,
    )
    assert.match(
      code(() => read(reader, header(4))),
      /^SCHEMA_INVALID: schema 4: the Avro schema refers to 'nothing'/,
    )
    assert.match(
      code(() => read(reader, header(5))),
      /^SCHEMA_INVALID: schema 5/,
    )
    for (const id of [3, 4, 5]) assert.equal(missing(reader, header(id)), null)
  })
  test('WIRE_MALFORMED is told by read; nothing is missing then', () => {
    const reader = openReader(codec, 'all')
    reader.learn(8, v2 as AvroSchema)
    read(reader, written(v2, 8, { id: 1 }))
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 0]), Buffer.from('{"id":1}'), Buffer.from([0, 255, 255, 255, 255, 2])]) {
      assert.equal(missing(reader, bytes), null)
      assert.match(
        code(() => read(reader, bytes)),
        /^WIRE_MALFORMED/,
      )
    }
    assert.match(
      code(() => read(reader, Buffer.from([0, 0, 0, 0, 8]))),
      /^AVRO_MALFORMED/,
    )
    assert.deepEqual(read(reader, written(v2, 8, { id: 1 })), { id: 1, note: '-' }, 'errors leave nothing behind')
  })
  test('also of the first value that a reader sees', () => {
    assert.match(
      code(() => read(openReader(codec, 'all'), Buffer.from('{}'))),
      /^WIRE_MALFORMED/,
    )
  })
  test('a value read before its schema was learned is our own mistake', () => {
    assert.match(
      code(() => read(openReader(codec, 'all'), written(v2, 8, { id: 1 }))),
      /^INTERNAL/,
    )
  })
  test('ids that nobody registered do not fill the memory', () => {
    const reader = openReader(codec, 'all')
    for (let id = 100; id < 30_100; id++) reader.learn(id, null)
    const known = Array.from({ length: 30_000 }, (_, i) => i + 100).filter(id => {
      const bytes = Buffer.alloc(5)
      bytes.writeInt32BE(id, 1)
      return missing(reader, bytes) === null
    })
    assert.ok(known.length > 0 && known.length <= 10_000, `${known.length} are remembered`)
  })
  test('tasks of one topic share compiled code; topics and projections do not mix', () => {
    const bytes = written(v2, 8, { id: 2, note: 'n' })
    const open = (c: Codec<unknown>, fields: ReadonlySet<string> | 'all'): ValueReader => {
      const reader = openReader(c, fields)
      reader.learn(8, v2 as AvroSchema)
      return reader
    }
    const readers = [
      open(codec, 'all'),
      open(codec, new Set(['id'])),
      open(avro(record({ name: 'id', type: 'double' })), 'all'),
      open(codec, 'all'),
    ]
    assert.deepEqual(
      readers.map(r => read(r, bytes)),
      [{ id: 2, note: 'n' }, { id: 2 }, { id: 2 }, { id: 2, note: 'n' }],
    )
  })
  test('a schema that is only a name works as well', () => {
    const text = avro('string' as never)
    const reader = openReader(text, 'all')
    reader.learn(1, 'string')
    const arena = new Arena()
    openWriter(text, 1).write('hi', arena)
    assert.equal(read(reader, arena.copy()), 'hi')
  })
  test('opening refuses a schema of ours that is not valid, lacks a field or has no id', () => {
    assert.match(
      code(() => openReader(avro(record({ name: 'a' })), 'all')),
      /^SCHEMA_INVALID/,
    )
    assert.match(
      code(() => openWriter(avro(record({ name: 'a' })), 1)),
      /^SCHEMA_INVALID/,
    )
    assert.match(
      code(() => openReader(codec, new Set(['nope']))),
      /^SCHEMA_INVALID: .* no field 'nope'/,
    )
    assert.match(
      code(() => openWriter(codec, null)),
      /^INTERNAL/,
    )
  })
  test('a refused value is VALUE_REFUSED, and what was written before stays', () => {
    const arena = new Arena()
    const writer = openWriter(codec, 8)
    writer.write({ id: 1 }, arena)
    const mark = arena.at
    assert.match(
      code(() => writer.write({ id: 1, extra: 2 }, arena)),
      /^VALUE_REFUSED: field 'extra'/,
    )
    arena.at = mark
    writer.write({ id: 2 }, arena)
    const reader = openReader(codec, 'all')
    reader.learn(8, v2 as AvroSchema)
    assert.deepEqual(reader.read(arena.bytes, mark, arena.at), { id: 2, note: '-' })
  })
})

describe('JSON', () => {
  const shape = (value: unknown): { n: number } => {
    const { n } = value as { n: unknown }
    if (typeof n !== 'number') throw new TypeError('n is no number')
    return { n }
  }
  const codec = json(shape) as unknown as Codec<unknown>
  test('needs no schema and goes through parse', () => {
    const reader = openReader(codec, new Set(['whatever']))
    const arena = new Arena()
    openWriter(codec, null).write({ n: 1 }, arena)
    const bytes = arena.copy()
    assert.equal(bytes.toString(), '{"n":1}')
    assert.equal(missing(reader, bytes), null)
    reader.learn(1, null)
    assert.deepEqual(read(reader, Buffer.from('{"n":1,"more":2}')), { n: 1 })
  })
  test('what parse throws is JSON_MALFORMED, unless it has a code of its own', () => {
    const reader = openReader(codec, 'all')
    assert.equal(
      code(() => read(reader, Buffer.from('{}'))),
      'JSON_MALFORMED: the value does not have the expected shape: n is no number',
    )
    assert.match(
      code(() => read(reader, Buffer.from('null'))),
      /^JSON_MALFORMED/,
    )
    assert.match(
      code(() => read(reader, Buffer.from('{'))),
      /^JSON_MALFORMED/,
    )
    const coded = json(() => {
      throw new MillraceError('ORDER_INVALID', 'not so')
    }) as unknown as Codec<unknown>
    assert.equal(
      code(() => read(openReader(coded, 'all'), Buffer.from('1'))),
      'ORDER_INVALID: not so',
    )
  })
})
