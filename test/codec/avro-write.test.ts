import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EXACT } from '#lib/codec/avro-model.ts'
import { compileReader } from '#lib/codec/avro-read.ts'
import { compileWriter } from '#lib/codec/avro-write.ts'
import { Arena } from '#lib/model/arena.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { Decimal } from '#lib/model/decimal.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { double, float, long, text } from './hand-encoded.ts'

const record = (name: string, ...fields: object[]): AvroSchema => ({ type: 'record', name, fields })
const x = (type: unknown, more: object = {}): AvroSchema => record('R', { name: 'x', type, ...more })
const write = (schema: AvroSchema, value: unknown): number[] => {
  const arena = new Arena(1)
  compileWriter(schema).write(value, arena)
  return [...arena.copy()]
}
const refusal = (schema: AvroSchema, value: unknown): string => {
  try {
    write(schema, value)
  } catch (error) {
    assert.ok(isMillraceError(error) && error.code === 'VALUE_REFUSED', String(error))
    return error.message
  }
  return assert.fail('it was accepted')
}
const decimal = (precision: number, scale: number): AvroSchema => ({ type: 'bytes', logicalType: 'decimal', precision, scale })
const fixedDecimal = (size: number): AvroSchema => ({ type: 'fixed', name: 'D', size, logicalType: 'decimal', precision: 4, scale: 2 })

describe('bytes of values', () => {
  const WRITTEN: readonly (readonly [type: AvroSchema, value: unknown, bytes: readonly number[]])[] = [
    ['null', null, []],
    ['boolean', true, [1]],
    ['int', -(2 ** 31), long(-(2 ** 31))],
    ['int', -0, [0]],
    ['long', 2 ** 53 - 1, long(2 ** 53 - 1)],
    ['long', -(2 ** 53) + 1, long(-(2 ** 53) + 1)],
    ['long', 2 ** 27, long(2 ** 27)],
    ['long', -(2 ** 27) - 1, long(-(2 ** 27) - 1)],
    [{ type: 'long', as: 'bigint' }, 2n ** 63n - 1n, long(2n ** 63n - 1n)],
    [{ type: 'long', as: 'bigint' }, -(2n ** 63n), long(-(2n ** 63n))],
    ['float', 0.1, float(0.1)],
    ['float', Number.POSITIVE_INFINITY, float(Number.POSITIVE_INFINITY)],
    ['double', -0, double(-0)],
    ['string', '', [0]],
    ['string', 'x'.repeat(39), text('x'.repeat(39))],
    ['string', 'x'.repeat(64), text('x'.repeat(64))],
    ['string', `${'x'.repeat(30)}é`, text(`${'x'.repeat(30)}é`)],
    ['string', '東京😀', text('東京😀')],
    ['bytes', new Uint8Array([1, 2]), [4, 1, 2]],
    ['bytes', Buffer.alloc(100, 7), [...long(100), ...Array(100).fill(7)]],
    [{ type: 'fixed', name: 'F', size: 2 }, new Uint8Array([1, 2]), [1, 2]],
    [{ type: 'enum', name: 'E', symbols: ['A', 'B'] }, 'B', [2]],
    [{ type: 'array', items: 'int' }, [1, -1], [4, 2, 1, 0]],
    [{ type: 'array', items: 'int' }, [], [0]],
    [{ type: 'map', values: 'int' }, JSON.parse('{"__proto__":1}'), [2, ...text('__proto__'), 2, 0]],
    [{ type: 'map', values: 'int' }, {}, [0]],
    [['null', 'string'], null, [0]],
    [['null', 'string'], 'a', [2, 2, 97]],
    [['string', 'null'], null, [2]],
    [['null', { type: 'array', items: 'int' }], [3], [2, 2, 6, 0]],
    [['null', { type: 'enum', name: 'E', symbols: ['A'] }], 'A', [2, 0]],
    [decimal(10, 2), new Decimal(0n, 2), [2, 0]],
    [decimal(10, 2), new Decimal(127n, 2), [2, 0x7f]],
    [decimal(10, 2), new Decimal(128n, 2), [4, 0, 0x80]],
    [decimal(10, 2), new Decimal(-128n, 2), [2, 0x80]],
    [decimal(10, 2), new Decimal(-129n, 2), [4, 0xff, 0x7f]],
    [decimal(30, 2), new Decimal(2n ** 63n, 2), [18, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    [decimal(30, 2), new Decimal(-(2n ** 63n), 2), [16, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    [fixedDecimal(3), new Decimal(-2n, 2), [0xff, 0xff, 0xfe]],
    [fixedDecimal(12), new Decimal(1234n, 2), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0xd2]],
  ]
  for (const [type, value, bytes] of WRITTEN) {
    test(`${JSON.stringify(type)} ${value instanceof Decimal ? value.units : String(value).slice(0, 20)}`, () => {
      assert.deepEqual(write(type, value), bytes)
      assert.deepEqual(write(x(type), { x: value }), bytes)
    })
  }
  test('strings of every length, ASCII or not', () => {
    for (let n = 0; n < 140; n++) {
      assert.deepEqual(write('string', 'a'.repeat(n)), text('a'.repeat(n)))
      assert.deepEqual(write('string', 'é'.repeat(n)), text('é'.repeat(n)))
    }
    const large = 'aé'.repeat(100_000)
    assert.deepEqual(Buffer.from(write('string', large)), Buffer.from(text(large)))
  })
  test('a value is appended to what the arena holds, which grows as needed', () => {
    const arena = new Arena(1)
    const writer = compileWriter(
      record('R', { name: 'a', type: 'string' }, { name: 'b', type: 'double' }, { name: 'c', type: { type: 'array', items: 'string' } }),
    )
    for (let i = 0; i < 50; i++) writer.write({ a: 'x'.repeat(i), b: i, c: ['y', 'z'] }, arena)
    const expected = Array.from({ length: 50 }, (_, i) => [...text('x'.repeat(i)), ...double(i), 4, ...text('y'), ...text('z'), 0]).flat()
    assert.deepEqual([...arena.copy()], expected)
  })
})

describe('what is refused, by path and by what was there', () => {
  const REFUSED: readonly (readonly [type: AvroSchema, value: unknown, message: string])[] = [
    ['null', 0, "field 'x' needs null, not the integer 0"],
    ['boolean', 1, "field 'x' needs a boolean, not the integer 1"],
    ['int', 1.5, "field 'x' needs an integer of 32 bits, not a fraction"],
    ['int', 2 ** 31, "field 'x' needs an integer of 32 bits, not the integer 2147483648"],
    ['int', Number.NaN, "field 'x' needs an integer of 32 bits, not NaN"],
    ['int', '1', "field 'x' needs an integer of 32 bits, not a string"],
    ['long', 0.5, "field 'x' needs an integer from −(2^53 − 1) to 2^53 − 1, not a fraction"],
    ['long', Number.NaN, "field 'x' needs an integer from −(2^53 − 1) to 2^53 − 1, not NaN"],
    ['long', 2 ** 53, "field 'x' needs an integer from −(2^53 − 1) to 2^53 − 1, not the integer 9007199254740992"],
    ['long', 5n, "field 'x' needs an integer from −(2^53 − 1) to 2^53 − 1, not a bigint"],
    ['long', new Date(0), "field 'x' needs an integer from −(2^53 − 1) to 2^53 − 1, not a Date"],
    [{ type: 'long', as: 'bigint' }, 5, "field 'x' needs a bigint of 64 bits, not the integer 5"],
    [{ type: 'long', as: 'bigint' }, 2n ** 63n, "field 'x' needs a bigint of 64 bits, not a bigint"],
    ['float', 1e39, "field 'x' has a number beyond the range of a float"],
    ['float', '1', "field 'x' needs a number, not a string"],
    ['double', 5n, "field 'x' needs a number, not a bigint"],
    ['double', null, "field 'x' needs a number, not null"],
    ['string', 5, "field 'x' needs a string, not the integer 5"],
    ['string', 'a\ud800', "field 'x' has a string with half a surrogate pair, which UTF-8 cannot hold"],
    ['bytes', 'a', "field 'x' needs a Uint8Array, not a string"],
    ['bytes', [1], "field 'x' needs a Uint8Array, not an array"],
    [{ type: 'fixed', name: 'F', size: 2 }, new Uint8Array(3), "field 'x' needs a Uint8Array of 2 bytes, not a Uint8Array of 3 bytes"],
    [{ type: 'enum', name: 'E', symbols: ['A'] }, 'B', "field 'x' needs a symbol of the enum 'E', not a string"],
    [{ type: 'enum', name: 'E', symbols: ['A'] }, 'constructor', "field 'x' needs a symbol of the enum 'E', not a string"],
    [{ type: 'array', items: 'int' }, new Set([1]), "field 'x' needs an array, not a Set"],
    [{ type: 'array', items: 'int' }, new Float64Array(1), "field 'x' needs an array, not a Float64Array"],
    [{ type: 'array', items: 'int' }, [1, 'a'], "field 'x[]' needs an integer of 32 bits, not a string"],
    // biome-ignore lint/suspicious/noSparseArray: a hole is the point
    [{ type: 'array', items: 'int' }, [1, , 2], "field 'x[]' needs an integer of 32 bits, not undefined"],
    [{ type: 'map', values: 'int' }, new Map([['a', 1]]), "field 'x' needs a plain object, not a Map"],
    [{ type: 'map', values: 'int' }, [1], "field 'x' needs a plain object, not an array"],
    [{ type: 'map', values: 'int' }, { a: null }, "field 'x{}' needs an integer of 32 bits, not null"],
    [{ type: 'map', values: 'int' }, { 'a\udc00': 1 }, "field 'x{}' has a string with half a surrogate pair, which UTF-8 cannot hold"],
    [['null', 'string'], 5, "field 'x' needs a string, not the integer 5"],
    [['null', 'int', 'string'], true, "field 'x' needs a value of [null, int, string], not a boolean"],
    [['int', 'long'], 0.5, "field 'x' needs a value of [int, long], not a fraction"],
    [decimal(10, 2), 1.5, "field 'x' needs a Decimal of scale 2, not a fraction"],
    [decimal(10, 2), new Decimal(1n, 3), "field 'x' needs a Decimal of scale 2, not a Decimal of scale 3"],
    [decimal(3, 2), new Decimal(1000n, 2), "field 'x' has a Decimal of more than 3 digits"],
    [decimal(3, 2), new Decimal(-1000n, 2), "field 'x' has a Decimal of more than 3 digits"],
    [record('S', { name: 'y', type: 'int' }), { y: 'a' }, "field 'x.y' needs an integer of 32 bits, not a string"],
    [record('S', { name: 'y', type: 'int' }), null, "field 'x' needs record 'S', not null"],
    [record('S', { name: 'y', type: 'int', default: 1 }), [], "field 'x' needs record 'S', not an array"],
    [record('S', { name: 'y', type: 'int', default: 1 }), new Map(), "field 'x' needs record 'S', not a Map"],
  ]
  for (const [type, value, message] of REFUSED) test(message, () => assert.equal(refusal(x(type), { x: value }), message))

  test('at the top there is no path', () => {
    assert.equal(refusal('int', 'a'), 'the value needs an integer of 32 bits, not a string')
    assert.equal(refusal(x('int'), undefined), "the value needs record 'R', not undefined")
  })
  test('messages do not tell what a string holds', () => assert.ok(!refusal(x('int'), { x: 'secret' }).includes('secret')))
})

describe('fields', () => {
  const schema = record(
    'S',
    { name: 'a', type: 'int' },
    { name: 'b', type: 'string', default: 'dflt' },
    { name: 'c', type: ['null', 'int'] },
  )
  test('a field that is not there, or undefined, is written as its default; one without a default is refused', () => {
    const expected = [2, ...text('dflt'), 0]
    assert.deepEqual(write(schema, { a: 1, c: null }), expected)
    assert.deepEqual(write(schema, { a: 1, b: undefined, c: null }), expected)
    assert.equal(refusal(schema, { a: 1, b: 'x' }), "field 'c' is missing and has no default")
    assert.equal(refusal(schema, { a: undefined, c: null }), "field 'a' is missing and has no default")
  })
  test('a property that the schema does not have is refused, however many are missing beside it', () => {
    assert.equal(refusal(schema, { a: 1, b: 'x', c: null, d: 1 }), "field 'd' is not in the schema")
    assert.equal(refusal(schema, { a: 1, c: null, d: null }), "field 'd' is not in the schema")
    assert.equal(refusal(schema, { a: 1, c: null, B: 'x' }), "field 'B' is not in the schema")
    assert.equal(refusal(x(schema), { x: { a: 1, b: 'x', c: null, d: 1 } }), "field 'x.d' is not in the schema")
    assert.deepEqual(write(schema, { a: 1, b: 'x', c: null, d: undefined }), [2, 2, 120, 0], 'undefined counts as not there')
  })
  test('only own enumerable properties count', () => {
    const hidden = Object.defineProperty({ a: 1, b: 'x', c: null }, 'd', { value: 1, enumerable: false })
    assert.deepEqual(write(schema, hidden), [2, 2, 120, 0])
    assert.deepEqual(write(schema, Object.assign(Object.create(null), { a: 1, b: 'x', c: null })), [2, 2, 120, 0])
    assert.match(refusal(schema, Object.create({ a: 1, b: 'x', c: null })), /needs record 'S'/)
  })
  test('what every object inherits is no field of it', () => {
    const special = record('R', { name: 'constructor', type: 'int' }, { name: '__proto__', type: ['null', 'int'], default: null })
    assert.equal(refusal(special, {}), "field 'constructor' is missing and has no default")
    assert.deepEqual(write(special, { constructor: 1 }), [2, 0])
    assert.deepEqual(write(special, JSON.parse('{"constructor":1,"__proto__":2}')), [2, 2, 4])
  })
  test('instances of classes are not plain data', () => {
    class Row {
      a = 1
      b = 'x'
      c = null
    }
    assert.equal(refusal(schema, new Row()), "the value needs record 'S', not a Row")
  })
})

describe('values that contain values', () => {
  const list = record('L', { name: 'v', type: 'int' }, { name: 'next', type: ['null', 'L'] })
  const chain = (depth: number): object => {
    let value: object = { v: 1, next: null }
    for (let i = 1; i < depth; i++) value = { v: 1, next: value }
    return value
  }
  test('1,000 deep is written, deeper is refused as it would be when read', () => {
    const bytes = Buffer.from(write(list, chain(1000)))
    assert.deepEqual(compileReader(list, list, 'all').read(bytes, 0, bytes.length), chain(1000))
    assert.equal(refusal(list, chain(1001)), "field 'L' is nested too deeply, or contains itself")
    assert.equal(refusal(list, chain(100_000)), "field 'L' is nested too deeply, or contains itself")
    assert.equal(write(list, chain(10)).length, 20, 'and the next value starts from nothing')
  })
  test('a value that contains itself is refused', () => {
    const self: Record<string, unknown> = { v: 1 }
    self['next'] = self
    assert.match(refusal(list, self), /contains itself/)
    const u = { name: 'u', type: ['null', record('U', { name: 't', type: 'T' })] }
    const tree = record('T', u, { name: 'kids', type: ['int', { type: 'array', items: 'T' }, { type: 'map', values: ['T', 'int', 'U'] }] })
    const cyclic: Record<string, unknown> = { u: null }
    cyclic['kids'] = { k: cyclic }
    assert.match(refusal(tree, cyclic), /contains itself/)
  })
})

describe('how a plain value chooses its branch', () => {
  const branchOf = (union: AvroSchema, value: unknown): unknown => {
    const bytes = Buffer.from(write(union, value))
    const wrapped = compileReader(union, union, 'all', { ...EXACT, logicalTypes: 'applied' }).read(bytes, 0, bytes.length)
    return wrapped === null ? 'null' : Object.keys(wrapped as object)[0]
  }
  const a = record('A', { name: 'id', type: 'int' }, { name: 'by', type: 'string' })
  const b = record('B', { name: 'id', type: 'int' }, { name: 'at', type: 'long', default: 0 })
  const CHOSEN: readonly (readonly [union: AvroSchema, value: unknown, branch: string])[] = [
    [['null', 'int', 'long', 'double'], 5, 'int'],
    [['null', 'int', 'long', 'double'], 2 ** 40, 'long'],
    [['null', 'int', 'long', 'double'], 0.5, 'double'],
    [['null', 'int', 'long', 'double'], -0, 'double'],
    [['null', 'int', 'long', 'double'], 2 ** 60, 'double'],
    [['null', 'int', 'long', 'double'], null, 'null'],
    [['double', 'int'], 5, 'double'],
    [['float', 'double'], 0.5, 'float'],
    [['float', 'double'], 0.1, 'double'],
    [['float', 'double'], Number.NaN, 'float'],
    [['float', 'int'], 16_777_217, 'int'],
    [['float', 'int'], 0.1, 'float'],
    [['int', { type: 'long', as: 'bigint' }], 5n, 'long'],
    [['string', { type: 'enum', name: 'E', symbols: ['A'] }], 'A', 'string'],
    [[{ type: 'enum', name: 'E', symbols: ['A'] }, 'string'], 'A', 'E'],
    [[{ type: 'enum', name: 'E', symbols: ['A'] }, 'string'], 'B', 'string'],
    [[{ type: 'fixed', name: 'F', size: 2 }, 'bytes'], new Uint8Array(2), 'F'],
    [[{ type: 'fixed', name: 'F', size: 2 }, 'bytes'], new Uint8Array(3), 'bytes'],
    [[decimal(4, 2), { type: 'fixed', name: 'F', size: 2 }], new Decimal(1n, 2), 'bytes'],
    [[{ ...(decimal(4, 2) as object), type: 'fixed', name: 'F', size: 8 } as AvroSchema, decimal(8, 3)], new Decimal(1n, 3), 'bytes'],
    [[a, b], { id: 1, by: 'x' }, 'A'],
    [[a, b], { id: 1, at: 2 }, 'B'],
    [[a, b], { id: 1 }, 'B'],
    [[a, { type: 'map', values: 'int' }], { id: 1 }, 'map'],
    [[b, { type: 'map', values: 'int' }], { id: 1 }, 'map'],
    [[b, { type: 'map', values: 'int' }], { id: 1, at: 2 }, 'B'],
    [
      [
        { type: 'array', items: 'int' },
        { type: 'map', values: 'int' },
      ],
      [],
      'array',
    ],
    [[record('P', { name: 'v', type: ['null', 'string'] }), record('Q', { name: 'v', type: ['null', 'int'] })], { v: 3 }, 'Q'],
  ]
  for (const [union, value, branch] of CHOSEN) {
    test(`${value instanceof Decimal ? `${value} ` : ''}${JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))} of ${JSON.stringify(union).slice(0, 90)} is ${branch}`, () => {
      assert.equal(branchOf(union, value), branch)
    })
  }
  test('when only one branch can be meant, its own error is told', () => {
    assert.equal(refusal(['null', 'int', a], { id: 1 }), "field 'by' is missing and has no default")
    assert.equal(refusal([a, b], { id: 'x' }), 'the value needs a value of [A, B], not an object')
  })
  test('more branches than one byte can number', () => {
    const union = Array.from({ length: 200 }, (_, i) => ({ type: 'enum', name: `E${i}`, symbols: [`S${i}`] }))
    for (const i of [0, 63, 64, 199]) assert.deepEqual(write(union, `S${i}`), [...long(i), 0])
    const symbols = Array.from({ length: 200 }, (_, i) => `S${i}`)
    for (const i of [0, 63, 64, 199]) assert.deepEqual(write({ type: 'enum', name: 'E', symbols }, `S${i}`), long(i))
  })
  test('the exact form names the branch', () => {
    const arena = new Arena()
    const writer = compileWriter(['null', 'int', 'long'], EXACT)
    writer.write({ long: 5n }, arena)
    writer.write(null, arena)
    assert.deepEqual([...arena.copy()], [4, 10, 0])
    for (const wrong of [5n, { long: 5n, int: 1 }, { string: 'a' }, { null: null }, {}]) {
      assert.throws(() => writer.write(wrong, arena), { code: 'VALUE_REFUSED' })
    }
  })
})
