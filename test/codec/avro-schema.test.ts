import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import avsc from 'avsc'
import type { RecordType, UnionType } from '#lib/codec/avro-model.ts'
import { leastBytes } from '#lib/codec/avro-model.ts'
import { parseSchema } from '#lib/codec/avro-schema.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { isMillraceError } from '#lib/model/errors.ts'

const record = (name: string, ...fields: object[]): AvroSchema => ({ type: 'record', name, fields })
const field = (type: unknown, more: object = {}): AvroSchema => record('R', { name: 'x', type, ...more })
const refusal = (schema: unknown): string => {
  try {
    parseSchema(schema as AvroSchema)
  } catch (error) {
    assert.ok(isMillraceError(error) && error.code === 'SCHEMA_INVALID', String(error))
    return error.message
  }
  return assert.fail(`accepted: ${JSON.stringify(schema)}`)
}
const decimal = (more: object): AvroSchema => field({ type: 'bytes', logicalType: 'decimal', ...more })
let deep: AvroSchema = 'int'
for (let i = 0; i < 150; i++) deep = { type: 'array', items: deep }

/** Refused by us and by avsc alike, unless it says that avsc is laxer. */
const REFUSED: readonly (readonly [what: string, schema: unknown, message: string, peer?: 'avsc is laxer'])[] = [
  ['nothing', undefined, 'the Avro schema is missing, not a schema'],
  ['a number', 5, 'the Avro schema is a number, not a schema'],
  ['null', null, 'the Avro schema is null, not a schema'],
  ['an unknown name', 'strings', "the Avro schema refers to 'strings', which is not defined before it"],
  [
    'a reference before its definition',
    record('R', { name: 'a', type: 'E' }, { name: 'b', type: { type: 'enum', name: 'E', symbols: ['A'] } }),
    "the Avro schema at 'R.a' refers to 'E', which is not defined before it",
  ],
  ['a record without fields', { type: 'record', name: 'R' }, "the Avro schema at 'R' is a record without a list of fields"],
  ['a field that is no object', record('R', 'int' as never), "the Avro schema at 'R' has a field 0 that is a string, not an object"],
  ['a field without a name', record('R', { type: 'int' }), "the Avro schema at 'R' has a field 0 without a valid name: missing"],
  [
    'a field with a bad name',
    record('R', { name: 'a-b', type: 'int' }),
    "the Avro schema at 'R' has a field 0 without a valid name: 'a-b'",
  ],
  [
    'two fields of one name',
    record('R', { name: 'a', type: 'int' }, { name: 'a', type: 'int' }),
    "the Avro schema at 'R' has two fields 'a'",
  ],
  ['a field without a type', record('R', { name: 'a' }), "the Avro schema at 'R.a' is missing, not a schema"],
  ['a name that is none', { type: 'enum', name: '1', symbols: ['A'] }, "the Avro schema has no valid name: '1'"],
  [
    'a namespace that is none',
    { type: 'enum', name: 'E', namespace: 'a..b', symbols: ['A'] },
    "the Avro schema at 'E' has a namespace that is not one: 'a..b'",
  ],
  [
    'a name that Avro uses',
    { type: 'fixed', name: 'string', size: 1 },
    "the Avro schema cannot be named 'string': Avro uses the word itself",
  ],
  [
    'a name defined twice',
    record('R', { name: 'a', type: { type: 'fixed', name: 'F', size: 1 } }, { name: 'b', type: { type: 'fixed', name: 'F', size: 2 } }),
    "the Avro schema at 'R.b' defines 'F' a second time",
  ],
  [
    'aliases that are no names',
    { type: 'record', name: 'R', aliases: ['a-b'], fields: [] },
    "the Avro schema at 'R' has aliases that are not a list of names",
  ],
  [
    'aliases of a field that are no list',
    field('int', { aliases: 'y' }),
    "the Avro schema at 'R.x' has aliases that are not a list of names",
    'avsc is laxer',
  ],
  ['an enum without symbols', { type: 'enum', name: 'E', symbols: [] }, "the Avro schema at 'E' is an enum without a list of symbols"],
  [
    'a symbol that is no name',
    { type: 'enum', name: 'E', symbols: ['a b'] },
    "the Avro schema at 'E' has a symbol that is not a name: 'a b'",
  ],
  ['a symbol twice', { type: 'enum', name: 'E', symbols: ['A', 'A'] }, "the Avro schema at 'E' has the symbol 'A' twice"],
  [
    'an enum default that is no symbol',
    { type: 'enum', name: 'E', symbols: ['A'], default: 'B' },
    "the Avro schema at 'E' has a default that is not one of its symbols: 'B'",
  ],
  ['a fixed without a size', { type: 'fixed', name: 'F' }, "the Avro schema at 'F' is a fixed without a size from 0 to 2147483647"],
  [
    'a fixed of a negative size',
    field({ type: 'fixed', name: 'F', size: -1 }),
    "the Avro schema at 'R.x' is a fixed without a size from 0 to 2147483647",
  ],
  ['an array without items', field({ type: 'array' }), "the Avro schema at 'R.x[]' is missing, not a schema"],
  [
    'a map of nothing known',
    field({ type: 'map', values: 'nothing' }),
    "the Avro schema at 'R.x{}' refers to 'nothing', which is not defined before it",
  ],
  ['an empty union', field([]), "the Avro schema at 'R.x' is a union without branches"],
  ['a union within a union', field(['null', ['int']]), "the Avro schema at 'R.x' is a union directly within a union"],
  ['a union with a type twice', field(['int', 'int']), "the Avro schema at 'R.x' is a union with two branches of 'int'"],
  [
    'a union with two arrays',
    field([
      { type: 'array', items: 'int' },
      { type: 'array', items: 'long' },
    ]),
    "the Avro schema at 'R.x' is a union with two branches of 'array'",
  ],
  ['a default of another type', field('int', { default: 'a' }), "the Avro schema at 'R.x' has a default that is not a value of its type"],
  [
    'an int default beyond 32 bits',
    field('int', { default: 2 ** 31 }),
    "the Avro schema at 'R.x' has a default that is not a value of its type",
  ],
  [
    'a long default that JSON has rounded',
    field('long', { default: 2 ** 53 }),
    "the Avro schema at 'R.x' has a default that is not a value of its type",
  ],
  [
    'a bytes default beyond one byte a character',
    field('bytes', { default: 'Ā' }),
    "the Avro schema at 'R.x' has a default that is not a value of its type",
    'avsc is laxer',
  ],
  [
    'a fixed default of another size',
    field({ type: 'fixed', name: 'F', size: 2 }, { default: 'a' }),
    "the Avro schema at 'R.x' has a default that is not a value of its type",
  ],
  [
    'a null default where null is none',
    field(['int', 'string'], { default: null }),
    "the Avro schema at 'R.x' has a default that is not a value of its type",
  ],
  [
    'a record default that lacks a field',
    field(record('S', { name: 'y', type: 'int' }), { default: {} }),
    "the Avro schema at 'R.x' has a default that is not a value of its type",
  ],
  [
    'a default without end',
    record('R', { name: 'x', type: 'R', default: {} }),
    'a default of the Avro schema holds itself, more than 10000 values or 100 levels',
  ],
  ['a schema nested without reason', deep, `the Avro schema at '${'[]'.repeat(101)}' is nested deeper than 100 levels`, 'avsc is laxer'],
]

describe('SCHEMA_INVALID says where and what', () => {
  for (const [what, schema, message] of REFUSED) test(what, () => assert.equal(refusal(schema), message))

  test('another implementation refuses the same ones, but for those where it is laxer', () => {
    for (const [what, schema, , peer] of REFUSED) {
      const parse = (): unknown => avsc.Type.forSchema(structuredClone(schema) as avsc.Schema)
      if (peer === undefined) assert.throws(parse, new RegExp(''), what)
      else assert.doesNotThrow(parse, what)
    }
  })
})

const parsed = (schema: AvroSchema): RecordType => parseSchema(schema) as RecordType
describe('names', () => {
  test('a namespace is inherited, given, part of the name, or taken away', () => {
    const fixed = (name: string, more: object = {}): object => ({ type: 'fixed', name, size: 1, ...more })
    const schema = {
      type: 'record',
      name: 'a.b.Outer',
      aliases: ['Old', 'c.Older'],
      fields: [
        { name: 'i', type: fixed('Inherited') },
        { name: 'g', type: fixed('Given', { namespace: 'g' }) },
        { name: 'f', type: fixed('full.Name', { namespace: 'not.this' }) },
        { name: 'n', type: fixed('None', { namespace: '' }) },
        { name: 'r', type: 'Inherited' },
        { name: 's', type: 'a.b.Inherited' },
        { name: 'none', type: 'None' },
        { name: 'self', type: ['null', 'Outer'] },
      ],
    }
    const type = parsed(schema)
    assert.deepEqual([type.name, type.aliases], ['a.b.Outer', ['a.b.Old', 'c.Older']])
    const names = type.fields.slice(0, 7).map(f => (f.type as unknown as { name: string }).name)
    assert.deepEqual(names, ['a.b.Inherited', 'g.Given', 'full.Name', 'None', 'a.b.Inherited', 'a.b.Inherited', 'None'])
    assert.equal((type.fields[7]!.type as UnionType).branches[1], type)
  })
  test('types called like properties of JavaScript objects are types', () => {
    const type = parsed(
      record(
        'constructor',
        { name: '__proto__', type: { type: 'enum', name: 'toString', symbols: ['valueOf'] } },
        { name: 'x', type: 'toString' },
      ),
    )
    assert.equal(type.fields[0]!.name, '__proto__')
    assert.equal(type.fields[1]!.type, type.fields[0]!.type)
    assert.match(refusal('hasOwnProperty'), /refers to 'hasOwnProperty'/)
  })
})

describe('logical types', () => {
  const WRONG: readonly (readonly [schema: AvroSchema, message: string])[] = [
    [decimal({}), 'is a decimal without a positive precision'],
    [decimal({ precision: 0 }), 'is a decimal without a positive precision'],
    [decimal({ precision: 1001, scale: 0 }), 'is a decimal of 1001 digits; at most 1000 are supported'],
    [decimal({ precision: 2, scale: 3 }), 'is a decimal with a scale that is not from 0 to its precision'],
    [decimal({ precision: 2, scale: -1 }), 'is a decimal with a scale that is not from 0 to its precision'],
    [
      field({ type: 'string', logicalType: 'decimal', precision: 4, scale: 2 }),
      "has the logical type 'decimal', which belongs on bytes or fixed, not on string",
    ],
    [
      field({ type: 'fixed', name: 'F', size: 2, logicalType: 'decimal', precision: 5, scale: 2 }),
      'is a decimal of 5 digits in 2 bytes, which hold 4',
    ],
    [field({ type: 'int', logicalType: 'timestamp-millis' }), "has the logical type 'timestamp-millis', which belongs on long, not on int"],
    [field({ type: 'fixed', name: 'F', size: 15, logicalType: 'uuid' }), "has the logical type 'uuid' on 15 bytes; it needs 16"],
    [field({ type: 'fixed', name: 'F', size: 11, logicalType: 'duration' }), "has the logical type 'duration' on 11 bytes; it needs 12"],
  ]
  test('a wrong one is refused in a schema of ours, and left out in a foreign one, as the specification asks', () => {
    for (const [schema, message] of WRONG) {
      assert.equal(refusal(schema), `the Avro schema at 'R.x' ${message}`)
      assert.equal(
        (parseSchema(schema, 'foreign') as RecordType).fields[0]!.type.kind,
        (schema as { fields: { type: { type: string } }[] }).fields[0]!.type.type,
      )
      assert.equal(((parseSchema(schema, 'foreign') as RecordType).fields[0]!.type as { logical: unknown }).logical, null)
    }
  })
  test('an unknown one is left out, a scale that is not given is 0', () => {
    assert.equal((parseSchema({ type: 'long', logicalType: 'toString' }) as { logical: unknown }).logical, null)
    assert.deepEqual(parsed(decimal({ precision: 3 })).fields[0]!.type, {
      kind: 'bytes',
      logical: { name: 'decimal', precision: 3, scale: 0 },
      bigint: false,
    })
  })
})

test('a wrong default in a foreign schema is none: nobody reads it', () => {
  assert.equal((parseSchema(field('int', { default: 'a' }), 'foreign') as RecordType).fields[0]!.default, null)
  assert.deepEqual((parseSchema(field('int', { default: 1 }), 'foreign') as RecordType).fields[0]!.default, { json: 1 })
})

test('what other tools write is understood: error records, types in types, extra properties, defaults of any branch', () => {
  const schemas: AvroSchema[] = [
    { type: 'error', name: 'E', fields: [] },
    { type: { type: 'record', name: 'R', fields: [] } },
    { type: { type: 'string', 'avro.java.string': 'String' } },
    field({ type: 'string', 'avro.java.string': 'String' }, { order: 'ignore', doc: 'd', custom: [1] }),
    field(['null', 'int'], { default: 5 }),
    field(['int', 'null'], { default: null }),
    field(record('S', { name: 'y', type: 'int', default: 3 }), { default: {} }),
  ]
  for (const schema of schemas) parseSchema(schema)
})

test('the fewest bytes of a value, also of records that contain themselves', () => {
  const list = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] }
  const samples: [AvroSchema, number][] = [
    ['null', 0],
    ['long', 1],
    ['double', 8],
    [{ type: 'fixed', name: 'F', size: 7 }, 7],
    [['double', 'float'], 5],
    [record('R', { name: 'a', type: 'float' }, { name: 'b', type: { type: 'array', items: 'double' } }), 5],
    [list, 1],
    [record('E', { name: 'e', type: 'E' }), 0],
  ]
  for (const [schema, bytes] of samples) assert.equal(leastBytes(parseSchema(schema)), bytes)
})

test('a schema that refers to one type many times stays small', () => {
  const doubling = Array.from({ length: 60 }, (_, i) => i).reduce<AvroSchema>(
    (inner, i) => record(`R${i}`, { name: 'a', type: inner }, { name: 'b', type: i === 0 ? 'int' : `R${i - 1}` }),
    'int',
  )
  assert.equal(leastBytes(parseSchema(doubling)), 2 ** 60)
})
