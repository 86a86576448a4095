import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EXACT } from '#lib/codec/avro-model.ts'
import { compileReader } from '#lib/codec/avro-read.ts'
import { MOST_EMPTY_ITEMS } from '#lib/codec/avro-read-cursor.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { Decimal } from '#lib/model/decimal.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { double, float, long, text } from './hand-encoded.ts'

const record = (...fields: [name: string, type: AvroSchema][]): AvroSchema => ({
  type: 'record',
  name: 'R',
  fields: fields.map(([name, type]) => ({ name, type })),
})
const read = (schema: AvroSchema, bytes: readonly number[], fields: ReadonlySet<string> | 'all' = 'all'): unknown =>
  compileReader(schema, schema, fields).read(Buffer.from(bytes), 0, bytes.length)
/** As a single field `x`, so that errors have a path. */
const readX = (type: AvroSchema, bytes: readonly number[]): unknown => (read(record(['x', type]), bytes) as { x: unknown }).x
const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(isMillraceError(error), String(error))
    return `${error.code}: ${error.message}`
  }
  return assert.fail('it was accepted')
}
const array = (items: AvroSchema): AvroSchema => ({ type: 'array', items })
const map = (values: AvroSchema): AvroSchema => ({ type: 'map', values })
const decimal = (precision: number, scale: number): AvroSchema => ({ type: 'bytes', logicalType: 'decimal', precision, scale })

describe('what each type becomes', () => {
  test('int and long are numbers from one end of their range to the other', () => {
    for (const value of [0, -1, 1, 63, -64, 64, 8191, 2 ** 31 - 1, -(2 ** 31)]) assert.equal(readX('int', long(value)), value)
    for (const value of [0, -65, 1_760_000_123_456, 2 ** 53 - 1, -(2 ** 53) + 1]) assert.equal(readX('long', long(value)), value)
  })
  test('a long that a number cannot hold is refused, never rounded', () => {
    for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      assert.match(
        refusal(() => readX('long', long(value))),
        new RegExp(`^AVRO_MALFORMED: field 'x' has the long ${value}, .*"as": "bigint"`),
      )
    }
  })
  test('"as": "bigint" makes a long a bigint, all 64 bits of it', () => {
    const schema = { type: 'long', as: 'bigint', logicalType: 'timestamp-micros' }
    for (const value of [0n, 5n, -70n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]) assert.equal(readX(schema, long(value)), value)
  })
  test('varints may be padded, as other readers allow, up to the length of their type', () => {
    assert.equal(readX('int', long(5, 5)), 5)
    assert.equal(readX('long', long(-5, 10)), -5)
    assert.equal(readX('string', [...long(2, 3), 65, 66]), 'AB')
  })
  test('float and double keep every value, also NaN, infinities and −0', () => {
    for (const value of [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Math.fround(0.1)])
      assert.ok(Object.is(readX('float', float(value)), value))
    for (const value of [-0, 0.1, Number.NaN, Number.NEGATIVE_INFINITY, Number.MIN_VALUE])
      assert.ok(Object.is(readX('double', double(value)), value))
  })
  test('strings of every length and of every script', () => {
    for (let n = 0; n < 70; n++) assert.equal(readX('string', text('x'.repeat(n))), 'x'.repeat(n))
    for (const value of ['Zürich', 'ключ', '東京', '😀', 'a\u0000b', '\uFFFD', '\uFEFFx', 'é'.repeat(40)])
      assert.equal(readX('string', text(value)), value)
  })
  test('bytes and fixed are copies, not views of what was fetched', () => {
    for (const n of [3, 100]) {
      const fetched = Buffer.from([...long(n), ...Array<number>(n).fill(7)])
      const value = compileReader('bytes', 'bytes', 'all').read(fetched, 0, fetched.length) as Uint8Array
      fetched.fill(0)
      assert.deepEqual(value, new Uint8Array(n).fill(7))
      assert.equal(value.constructor, Uint8Array)
      assert.equal(value.buffer.byteLength, n)
    }
    assert.deepEqual(readX({ type: 'fixed', name: 'F', size: 2 }, [1, 2]), new Uint8Array([1, 2]))
  })
  test('decimals are exact, sign extended or not, whatever their size', () => {
    const cases: [bytes: number[], units: bigint][] = [
      [[0], 0n],
      [[0xff], -1n],
      [[0x04, 0xd2], 1234n],
      [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80], -128n],
      [[0, 0, 0, 0, 0, 0, 0, 0x80], 128n],
      [[0x80, 0, 0, 0, 0, 0], -(2n ** 47n)],
      [[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 2n ** 55n - 1n],
      [[0x80, 0, 0, 0, 0, 0, 0, 0], -(2n ** 63n)],
      [[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 2n ** 64n - 1n],
    ]
    for (const [bytes, units] of cases) {
      assert.deepEqual(readX(decimal(30, 4), [...long(bytes.length), ...bytes]), new Decimal(units, 4))
      const fixed = { type: 'fixed', name: 'D', size: bytes.length, logicalType: 'decimal', precision: 1, scale: 0 }
      if (units < 10n && units > -10n) assert.deepEqual(readX(fixed, bytes), new Decimal(units, 0))
    }
  })
  test('dates, times, uuid, duration and unknown logical types are what is beneath them', () => {
    for (const logicalType of ['timestamp-millis', 'timestamp-micros', 'timestamp-nanos', 'local-timestamp-millis', 'time-micros', 'hue']) {
      assert.equal(readX({ type: 'long', logicalType }, long(86_399_999)), 86_399_999)
    }
    assert.equal(readX({ type: 'int', logicalType: 'date' }, long(-3)), -3)
    assert.equal(readX({ type: 'string', logicalType: 'uuid' }, text('x')), 'x')
    assert.deepEqual(readX({ type: 'fixed', name: 'D', size: 12, logicalType: 'duration' }, Array(12).fill(1)), new Uint8Array(12).fill(1))
  })
  test('enums are their symbols, unions plain values, null is null', () => {
    assert.equal(readX({ type: 'enum', name: 'E', symbols: ['A', 'B'] }, [2]), 'B')
    assert.deepEqual([readX(['null', 'string'], [0]), readX(['null', 'string'], [2, ...text('a')]), readX('null', [])], [null, 'a', null])
    assert.equal(readX('boolean', [1]), true)
  })
  test('blocks of arrays and maps may say their size in bytes', () => {
    const sized = [...long(-2), ...long(4), ...text('a'), ...text('b'), ...long(1), ...text('c'), 0]
    assert.deepEqual(readX(array('string'), sized), ['a', 'b', 'c'])
    assert.deepEqual(readX(map('int'), [...long(-1), ...long(3), ...text('k'), 4, 0]), { k: 2 })
  })
  test('keys like __proto__ and constructor are data, in maps and in records', () => {
    const value = readX(map('int'), [...long(2), ...text('__proto__'), 2, ...text('constructor'), 4, 0]) as object
    assert.deepEqual(Object.entries(value), [
      ['__proto__', 1],
      ['constructor', 2],
    ])
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    const whole = read(record(['__proto__', 'int'], ['constructor', 'int'], ['toString', 'int']), [2, 4, 6]) as object
    assert.deepEqual(Object.entries(whole), [
      ['__proto__', 1],
      ['constructor', 2],
      ['toString', 3],
    ])
    assert.equal(Object.getPrototypeOf(whole), Object.prototype)
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  })
  test('of a key that a map holds twice the last value counts', () => {
    assert.deepEqual(readX(map('int'), [...long(2), ...text('k'), 2, ...text('k'), 4, 0]), { k: 2 })
  })
  test('the exact form keeps what plain values cannot tell: bigint longs, raw decimals, branches', () => {
    const schema = record(['a', ['null', 'long', 'string']], ['d', decimal(4, 2)], ['n', ['null', 'long']])
    const bytes = Buffer.from([2, ...long(7), ...long(1), 9, 2, ...long(8)])
    const value = compileReader(schema, schema, 'all', EXACT).read(bytes, 0, bytes.length)
    assert.deepEqual(value, { a: { long: 7n }, d: new Uint8Array([9]), n: 8n })
  })
})

describe('bounds on what bytes can ask for', () => {
  const EMPTY: readonly [what: string, items: AvroSchema][] = [
    ['null', 'null'],
    ['empty records', { type: 'record', name: 'Empty', fields: [] }],
    ['records of null', { type: 'record', name: 'Nulls', fields: [{ name: 'a', type: 'null' }] }],
    ['fixed of no bytes', { type: 'fixed', name: 'Zero', size: 0 }],
  ]
  for (const [what, items] of EMPTY) {
    test(`items that take no bytes (${what}) are counted over the whole value, read or skipped`, () => {
      const most = readX(array(items), [...long(MOST_EMPTY_ITEMS), 0]) as unknown[]
      assert.equal(most.length, MOST_EMPTY_ITEMS)
      const refused = /^AVRO_MALFORMED: field 'x(\[\])?' has more than 65536 items that take no bytes/
      assert.match(
        refusal(() => readX(array(items), [...long(2 ** 31), 0])),
        refused,
      )
      assert.match(
        refusal(() => readX(array(items), [...long(2n ** 52n), 0])),
        refused,
      )
      const half = [...long(MOST_EMPTY_ITEMS / 2), 0]
      assert.match(
        refusal(() => readX(array(array(items)), [...long(3), ...half, ...half, ...half, 0])),
        refused,
      )
      assert.match(
        refusal(() => read(record(['x', array(items)]), [...long(2 ** 31), 0], new Set())),
        refused,
      )
      // and the next value starts from nothing
      const reader = compileReader(array(items), array(items), 'all')
      const bytes = Buffer.from([...long(MOST_EMPTY_ITEMS), 0])
      for (let i = 0; i < 2; i++) assert.equal((reader.read(bytes, 0, bytes.length) as unknown[]).length, MOST_EMPTY_ITEMS)
    })
  }
  const list: AvroSchema = {
    type: 'record',
    name: 'Node',
    fields: [
      { name: 'value', type: 'int' },
      { name: 'next', type: ['null', 'Node'] },
    ],
  }
  const nested = (depth: number): Buffer =>
    Buffer.concat([...Array.from({ length: depth - 1 }, () => Buffer.from([2, 2])), Buffer.from([2, 0])])
  test('records may nest 1,000 deep, not deeper; neither read nor skipped do they end the stack', () => {
    const reader = compileReader(list, list, 'all')
    let node = reader.read(nested(1000), 0, 2000) as { next: never } | null
    let depth = 0
    for (; node !== null; node = node.next) depth++
    assert.equal(depth, 1000)
    const outer: AvroSchema = { type: 'record', name: 'Outer', fields: [{ name: 'list', type: list }] }
    const skipping = compileReader(outer, outer, new Set())
    assert.deepEqual(skipping.read(nested(1000), 0, 2000), {})
    for (const deep of [1001, 200_000]) {
      for (const r of [reader, skipping]) {
        assert.match(
          refusal(() => r.read(nested(deep), 0, deep * 2)),
          /^AVRO_MALFORMED: field 'Node' has records nested too deeply/,
        )
      }
    }
  })
  test('a value that was too deep leaves nothing behind', () => {
    const reader = compileReader(list, list, 'all')
    for (let i = 0; i < 3; i++) {
      assert.match(
        refusal(() => reader.read(nested(1001), 0, 2002)),
        /nested too deeply/,
      )
      assert.notEqual(reader.read(nested(1000), 0, 2000), null)
    }
  })
  test('a record that must contain itself has no values', () => {
    const endless: AvroSchema = { type: 'record', name: 'Endless', fields: [{ name: 'self', type: 'Endless' }] }
    assert.match(
      refusal(() => read(endless, [])),
      /^AVRO_MALFORMED: field 'Endless' has records nested too deeply/,
    )
  })
  test('a deep call stack of the caller is no crash either', () => {
    const reader = compileReader(list, list, 'all')
    const bytes = nested(1000)
    const outcomes = new Set<string>()
    const dive = (): void => {
      try {
        reader.read(bytes, 0, bytes.length)
        outcomes.add('read')
      } catch (error) {
        outcomes.add(isMillraceError(error) ? error.code : String(error))
      }
    }
    const down = (left: number): void => {
      if (left > 0) down(left - 1)
      dive()
    }
    for (const frames of [100, 3000, 5000, 6000, 7000]) {
      try {
        down(frames)
      } catch (error) {
        // our own recursion ended the stack before the reader was called
        assert.ok(error instanceof RangeError)
      }
    }
    assert.deepEqual(
      [...outcomes].filter(outcome => outcome !== 'read' && outcome !== 'AVRO_MALFORMED'),
      [],
    )
    assert.ok(outcomes.has('read'))
  })
})

describe('projection', () => {
  const item = {
    type: 'record',
    name: 'Item',
    fields: [
      { name: 'sku', type: 'string' },
      { name: 'price', type: 'double' },
    ],
  }
  const whole = record(
    ['id', 'string'],
    ['flag', 'boolean'],
    ['at', 'long'],
    ['kind', { type: 'enum', name: 'K', symbols: ['A', 'B'] }],
    ['note', ['null', 'string', 'int']],
    ['items', array(item)],
    ['tags', map('bytes')],
    ['total', 'double'],
  )
  const bytes = [
    ...text('o-1'),
    1,
    ...long(1_760_000_000_000),
    2,
    2,
    ...text('hi'),
    ...long(-1),
    ...long(10),
    ...text('s'),
    ...double(9.5),
    ...long(1),
    ...text('t'),
    ...double(1.5),
    0,
    ...long(1),
    ...text('k'),
    ...long(2),
    1,
    2,
    0,
    ...double(11),
  ]
  test('only the fields that were asked for are properties, in the order of the schema', () => {
    assert.deepEqual(read(whole, bytes, new Set(['total', 'id'])), { id: 'o-1', total: 11 })
    assert.deepEqual(Object.keys(read(whole, bytes, new Set(['total', 'at', 'id'])) as object), ['id', 'at', 'total'])
    assert.deepEqual(read(whole, bytes, new Set()), {})
  })
  test('what is left out is still checked for its bounds: every cut and every byte more is refused', () => {
    const reader = compileReader(whole, whole, new Set(['id']))
    for (let end = 0; end < bytes.length; end++) {
      assert.match(
        refusal(() => reader.read(Buffer.from(bytes), 0, end)),
        /^AVRO_MALFORMED/,
        `cut to ${end}`,
      )
    }
    assert.match(
      refusal(() => read(whole, [...bytes, 0], new Set(['id']))),
      /1 byte too many/,
    )
  })
  test('indices, counts and lengths of what is left out are checked', () => {
    const skip = (type: AvroSchema, b: readonly number[]): string => refusal(() => read(record(['x', type]), b, new Set()))
    assert.match(skip({ type: 'enum', name: 'E', symbols: ['A'] }, [1]), /symbol index -1/)
    assert.match(skip(['null', 'int'], [4]), /branch index 2/)
    assert.match(skip('string', [...long(-1)]), /negative length/)
    assert.match(skip(array('int'), [...long(9), 0]), /count of 9 items/)
    assert.match(skip('int', [...Array(5).fill(0x80), 0]), /a varint of more than 5 bytes/)
    assert.match(skip('long', [...Array(10).fill(0x80), 0]), /a varint of more than 10 bytes/)
  })
  test('a field that the schema does not have cannot be asked for; nor any of what is no record', () => {
    assert.equal(
      refusal(() => read(whole, bytes, new Set(['ids']))),
      "SCHEMA_INVALID: the Avro schema 'R' has no field 'ids'",
    )
    assert.match(
      refusal(() => read('string', text('a'), new Set(['a']))),
      /^SCHEMA_INVALID: .* is no record/,
    )
  })
  test('a record within itself is whole inside a projection', () => {
    const tree: AvroSchema = {
      type: 'record',
      name: 'T',
      fields: [
        { name: 'n', type: 'int' },
        { name: 'sub', type: array('T') },
      ],
    }
    assert.deepEqual(read(tree, [2, 2, 4, 0, 0], new Set(['sub'])), { sub: [{ n: 2, sub: [] }] })
  })
})

test('text from a schema never becomes code', () => {
  const names = ["a'];globalThis.__broken=1;//", 'a\u2028b', '`${1}`', '"']
  for (const doc of names) {
    const schema: AvroSchema = {
      type: 'record',
      name: 'R',
      doc,
      fields: [
        { name: 'a', type: 'string', default: doc },
        { name: 'b', type: 'int', doc },
      ],
    }
    const writer: AvroSchema = { type: 'record', name: 'R', fields: [{ name: 'b', type: 'int' }] }
    assert.deepEqual(compileReader(writer, schema, 'all').read(Buffer.from([2]), 0, 1), { a: doc, b: 1 })
  }
  assert.equal((globalThis as { __broken?: unknown }).__broken, undefined)
})
