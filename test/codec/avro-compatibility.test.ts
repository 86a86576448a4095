import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { checkCompatibility, checkNextVersion } from '#lib/codec/avro-compatibility.ts'
import { compileReader } from '#lib/codec/avro-read.ts'
import { compileWriter } from '#lib/codec/avro-write.ts'
import { identityOf } from '#lib/codec/schema-identity.ts'
import { Arena } from '#lib/model/arena.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { schemaWithValues, sampleOf } from './arbitrary-schemas.ts'

const record = (name: string, ...fields: object[]): AvroSchema => ({ type: 'record', name, fields })
const x = (type: unknown, more: object = {}): AvroSchema => record('R', { name: 'x', type, ...more })
const enumOf = (symbols: string[], more: object = {}): AvroSchema => ({ type: 'enum', name: 'E', symbols, ...more })
const decimal = (precision: number, scale: number): AvroSchema => ({ type: 'bytes', logicalType: 'decimal', precision, scale })
const told = (reader: AvroSchema, writer: AvroSchema): string[] =>
  checkCompatibility(reader, writer).map(({ path, why }) => `${path}: ${why}`)

/** Reader, writer, and what keeps the one from reading the other. */
const PAIRS: readonly (readonly [what: string, reader: AvroSchema, writer: AvroSchema, found: readonly string[]])[] = [
  ['the same', x('int'), x('int'), []],
  ['a promotion', x('double'), x('int'), []],
  ['a promotion the wrong way', x('int'), x('double'), ['x: double is not read as int']],
  ['a field with a default added', record('R', { name: 'x', type: 'int' }, { name: 'y', type: 'int', default: 1 }), x('int'), []],
  [
    'a field without one added',
    record('R', { name: 'x', type: 'int' }, { name: 'y', type: 'int' }),
    x('int'),
    ["y: the writer's 'R' has no such field and there is no default"],
  ],
  ['a field removed', record('R'), x('int'), []],
  ['a field renamed with an alias', record('R', { name: 'y', type: 'int', aliases: ['x'] }), x('int'), []],
  [
    'two fields of one alias',
    record('R', { name: 'y', type: 'int', aliases: ['x'] }, { name: 'z', type: 'int', aliases: ['x'] }),
    x('int'),
    ["z: it would take the writer's field 'x', which 'y' takes"],
  ],
  ['a record of another name', record('S', { name: 'x', type: 'int' }), x('int'), [": record 'R' is not read as record 'S'"]],
  [
    'a record renamed with an alias',
    { ...(record('S', { name: 'x', type: 'int' }) as object), aliases: ['R'] } as AvroSchema,
    x('int'),
    [],
  ],
  ['a record of another namespace', record('n.R', { name: 'x', type: 'int' }), x('int'), []],
  ['made optional', x(['null', 'int']), x('int'), []],
  ['made required', x('int'), x(['null', 'int']), ['x: null is not read as int']],
  ['a union grown', x(['null', 'int', 'string']), x(['null', 'int']), []],
  [
    'a union shrunk',
    x(['null', 'int']),
    x(['null', 'int', 'string', 'boolean']),
    ["x: [null, int] has no branch for the writer's string", "x: [null, int] has no branch for the writer's boolean"],
  ],
  ['a union of promoted branches', x(['null', 'double']), x(['int', 'null', 'float']), []],
  ['a symbol added for the reader', x(enumOf(['A', 'B'])), x(enumOf(['A'])), []],
  ['symbols lost', x(enumOf(['A'])), x(enumOf(['A', 'B', 'C'])), ["x: the enum 'E' has no symbol 'B', 'C' and no default"]],
  ['a symbol lost, with a default', x(enumOf(['A'], { default: 'A' })), x(enumOf(['A', 'B'])), []],
  [
    'a fixed of another size',
    x({ type: 'fixed', name: 'F', size: 3 }),
    x({ type: 'fixed', name: 'F', size: 2 }),
    ['x: 2 bytes are not read as 3'],
  ],
  [
    'items and values',
    record('R', { name: 'a', type: { type: 'array', items: 'int' } }, { name: 'm', type: { type: 'map', values: 'int' } }),
    record('R', { name: 'a', type: { type: 'array', items: 'long' } }, { name: 'm', type: { type: 'map', values: 'string' } }),
    ['a[]: long is not read as int', 'm{}: string is not read as int'],
  ],
  ['an array made a map', x({ type: 'map', values: 'int' }), x({ type: 'array', items: 'int' }), ['x: array is not read as map']],
  ['another scale of a decimal', x(decimal(8, 3)), x(decimal(8, 2)), ['x: a decimal of scale 2 is not read as one of scale 3']],
  ['more digits of a decimal', x(decimal(9, 2)), x(decimal(8, 2)), []],
  [
    'another unit of time',
    x({ type: 'long', logicalType: 'timestamp-micros' }),
    x({ type: 'long', logicalType: 'timestamp-millis' }),
    ["x: 'timestamp-millis' is not read as 'timestamp-micros'"],
  ],
  ['text made bytes', x('bytes'), x('string'), []],
]

describe('what one schema reads of another', () => {
  for (const [what, reader, writer, found] of PAIRS) test(what, () => assert.deepEqual(told(reader, writer), found))

  test('records that contain themselves are compared once, and to the bottom', () => {
    const list = (type: string): AvroSchema => record('L', { name: 'v', type }, { name: 'next', type: ['null', 'L'] })
    assert.deepEqual(told(list('long'), list('int')), [])
    assert.deepEqual(told(list('int'), list('long')), ['v: long is not read as int'])
  })
  test('everything is listed, not only the first', () => {
    const fields = (type: string): object[] => ['a', 'b', 'c'].map(name => ({ name, type }))
    assert.equal(told(record('R', ...fields('int')), record('R', ...fields('string'))).length, 3)
  })
  test('SCHEMA_INVALID when one of them is none', () => {
    for (const [r, w] of [
      ['int', 'nothing'],
      ['nothing', 'int'],
    ] as const) {
      assert.throws(
        () => checkCompatibility(r, w),
        error => isMillraceError(error) && error.code === 'SCHEMA_INVALID',
      )
    }
  })
})

test('what is called compatible has a place for every value that is written; and a schema is compatible with itself', () => {
  let compatible = 0
  fc.assert(
    fc.property(schemaWithValues('plain'), sampleOf('plain'), ({ schema: writer, values }, { schema: other }) => {
      assert.deepEqual(told(writer, writer), [])
      const reader = [writer, ['null', writer].flat(), other].findLast(r => {
        try {
          return checkCompatibility(r as AvroSchema, writer).length === 0
        } catch {
          // ['null', 'null', …] is no union
          return false
        }
      }) as AvroSchema
      if (reader !== writer) compatible++
      const compiled = compileReader(writer, reader, 'all')
      for (const value of values) {
        const arena = new Arena()
        compileWriter(writer).write(value, arena)
        try {
          compiled.read(arena.bytes, 0, arena.at)
        } catch (error) {
          // a value that the reader's type cannot hold: bytes that are no text, a long that is no exact number
          assert.ok(isMillraceError(error) && error.code === 'AVRO_MALFORMED', String(error))
        }
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(compatible > 20, `${compatible} pairs of different schemas`)
})

test('what no value can be read of is never called compatible', () => {
  for (const [, reader, writer, found] of PAIRS) {
    let refused = false
    try {
      compileReader(writer, reader, 'all')
    } catch (error) {
      assert.ok(isMillraceError(error) && error.code === 'SCHEMA_INCOMPATIBLE')
      refused = true
    }
    if (refused) assert.ok(found.length > 0)
  }
})

describe('levels', () => {
  const [v1, v2, v3] = [[], [{ name: 'n', type: 'int', default: 0 }], [{ name: 'n', type: 'int' }]].map(more =>
    record('R', { name: 'x', type: 'long' }, ...more),
  ) as [AvroSchema, AvroSchema, AvroSchema]
  const wider = record('R', { name: 'x', type: 'double' })
  const count = (level: Parameters<typeof checkNextVersion>[0], schema: AvroSchema, ...earlier: AvroSchema[]): number =>
    checkNextVersion(level, schema, earlier).length
  test('BACKWARD: the new one reads the latest; FORWARD: the latest reads the new one; FULL: both; NONE: neither', () => {
    assert.deepEqual(
      [count('BACKWARD', wider, v1), count('FORWARD', wider, v1), count('FULL', wider, v1), count('NONE', wider, v1)],
      [0, 1, 1, 0],
    )
    assert.deepEqual([count('BACKWARD', v1, wider), count('FORWARD', v1, wider), count('FULL', v1, wider)], [1, 0, 1])
    assert.deepEqual([count('BACKWARD', v2, v1), count('FORWARD', v2, v1), count('FULL', v2, v1)], [0, 0, 0])
  })
  test('only TRANSITIVE levels look at versions before the latest', () => {
    assert.deepEqual([count('BACKWARD', v3, v1, v2), count('BACKWARD_TRANSITIVE', v3, v1, v2)], [0, 1])
    assert.deepEqual([count('FORWARD', v1, v3, v2), count('FORWARD_TRANSITIVE', v1, v3, v2)], [0, 1])
    assert.deepEqual([count('FULL', v3, v1, v2), count('FULL_TRANSITIVE', v3, v1, v2)], [0, 1])
  })
  test('a first version is compatible with nothing before it', () => assert.equal(count('FULL_TRANSITIVE', v1), 0))
})

test('a schema is the same whatever its whitespace, order of properties, documentation and form of primitives; never with other defaults, aliases, names or logical types', () => {
  const schema = { type: 'record', name: 'R', fields: [{ name: 'doc', type: 'string', default: { doc: 1, a: 2 } }] }
  const same = [
    { fields: schema.fields, name: 'R', type: 'record' },
    { ...schema, doc: 'About R.' },
    { ...schema, fields: [{ ...schema.fields[0], doc: 'About doc.', type: { type: 'string' } }] },
    { ...schema, fields: [{ name: 'doc', default: { a: 2, doc: 1 }, type: 'string' }] },
  ]
  const others = [
    { ...schema, name: 'S' },
    { ...schema, aliases: ['Q'] },
    { ...schema, fields: [{ ...schema.fields[0], default: { doc: 2, a: 2 } }] },
    { ...schema, fields: [{ ...schema.fields[0], default: { a: 2 } }] },
    { ...schema, fields: [{ ...schema.fields[0], type: { type: 'string', logicalType: 'uuid' } }] },
    { ...schema, fields: [...schema.fields, { name: 'b', type: 'int' }] },
    JSON.parse(JSON.stringify(schema).replace('"name":"R"', '"name":"R","__proto__":1')),
  ]
  for (const s of same) assert.equal(identityOf(s), identityOf(schema))
  assert.equal(new Set([schema, ...others].map(s => identityOf(s))).size, others.length + 1)
  assert.equal(identityOf({ type: 'string' }), identityOf('string'))
  assert.notEqual(identityOf(['int', 'string']), identityOf(['string', 'int']))
})
