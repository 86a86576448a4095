import assert from 'node:assert/strict'
import { constants } from 'node:buffer'
import { describe, test } from 'node:test'
import { compileReader } from '#lib/codec/avro-read.ts'
import type { AvroSchema } from '#lib/model/avro-type.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { double, long, text } from './hand-encoded.ts'

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

describe('what is refused', () => {
  const REFUSED: readonly (readonly [what: string, type: AvroSchema, bytes: readonly number[], message: string])[] = [
    ['no bytes at all', 'int', [], 'the end of the data (byte 0 of 0)'],
    ['an int cut short', 'int', [0x80], 'the end of the data (byte 1 of 1)'],
    ['an int of 33 bits', 'int', [0xff, 0xff, 0xff, 0xff, 0x1f], 'an int of more than 32 bits (byte 0 of 5)'],
    ['an int of six bytes', 'int', [0x80, 0x80, 0x80, 0x80, 0x80, 0], 'an int of more than 32 bits (byte 0 of 6)'],
    ['a long of 65 bits', 'long', [...Array(9).fill(0xff), 2], 'a long of more than 64 bits (byte 0 of 10)'],
    ['a long of eleven bytes', 'long', [...Array(10).fill(0x80), 0], 'a long of more than 64 bits (byte 0 of 11)'],
    ['a long cut short', 'long', Array(9).fill(0x80), 'the end of the data (byte 9 of 9)'],
    ['a boolean of 2', 'boolean', [2], 'a boolean that is neither 0 nor 1 (byte 0 of 1)'],
    ['a float cut short', 'float', [0, 0, 0], 'the end of the data (byte 0 of 3)'],
    ['a double cut short', 'double', [0, 0, 0, 0, 0, 0, 0], 'the end of the data (byte 0 of 7)'],
    ['a string cut short', 'string', [...long(3), 65], 'a length of 3 bytes where 1 are left (byte 1 of 2)'],
    ['a string of 2^40 bytes', 'string', long(2 ** 40), 'a length of 1099511627776 bytes where 0 are left (byte 6 of 6)'],
    ['a negative length', 'bytes', [...long(-1), 65], 'the negative length -1 (byte 1 of 2)'],
    ['a length of 64 bits', 'bytes', long(2n ** 62n), 'the length or count 4611686018427387904 (byte 0 of 10)'],
    ['invalid UTF-8', 'string', [...long(2), 0xc3, 0x28], 'a string that is not UTF-8 (byte 1 of 3)'],
    ['invalid UTF-8 beside a real U+FFFD', 'string', [...long(4), 0xef, 0xbf, 0xbd, 0xff], 'a string that is not UTF-8 (byte 1 of 5)'],
    ['a surrogate in UTF-8', 'string', [...long(3), 0xed, 0xa0, 0x80], 'a string that is not UTF-8 (byte 1 of 4)'],
    ['overlong UTF-8', 'string', [...long(2), 0xc0, 0x80], 'a string that is not UTF-8 (byte 1 of 3)'],
    ['invalid UTF-8 in a long string', 'string', [...long(50), ...Array(49).fill(65), 0xff], 'a string that is not UTF-8 (byte 1 of 51)'],
    ['a fixed cut short', { type: 'fixed', name: 'F', size: 4 }, [1, 2, 3], 'the end of the data (byte 0 of 3)'],
    [
      'an enum index too large',
      { type: 'enum', name: 'E', symbols: ['A'] },
      [2],
      'the symbol index 1, where 0 to 0 are known (byte 0 of 1)',
    ],
    [
      'a negative enum index',
      { type: 'enum', name: 'E', symbols: ['A'] },
      [1],
      'the symbol index -1, where 0 to 0 are known (byte 0 of 1)',
    ],
    ['a union index too large', ['null', 'int'], [4], 'the branch index 2, where 0 to 1 are known (byte 0 of 1)'],
    ['a negative union index', ['null', 'int'], [1], 'the branch index -1, where 0 to 1 are known (byte 0 of 1)'],
    ['an array without its end', array('int'), [2, 2], 'the end of the data (byte 2 of 2)'],
    [
      'a count that the bytes left cannot hold',
      array('int'),
      [...long(1000), 2, 0],
      'a count of 1000 items, more than the 2 bytes left can hold (byte 2 of 4)',
    ],
    [
      'a count of doubles beyond the bytes left',
      array('double'),
      [...long(2), ...double(1), 0],
      'a count of 2 items, more than the 9 bytes left can hold (byte 1 of 10)',
    ],
    ['a count of −2^63', array('int'), [...long(-(2n ** 63n)), 0], 'the length or count -9223372036854775808 (byte 0 of 11)'],
    [
      'a map count beyond the bytes left',
      map('null'),
      [...long(2 ** 40), 0],
      'a count of 1099511627776 items, more than the 1 bytes left can hold (byte 6 of 7)',
    ],
    ['a block larger than the data', array('int'), [...long(-1), ...long(50), 2, 0], 'a length of 50 bytes where 2 are left (byte 2 of 4)'],
    ['a block of a negative size', array('int'), [...long(-1), ...long(-1), 2, 0], 'the negative length -1 (byte 2 of 4)'],
    [
      'a block smaller than its items',
      array('int'),
      [...long(-2), ...long(1), 2, 2, 0],
      'a block that does not have the size it says (byte 4 of 5)',
    ],
    ['a decimal without bytes', decimal(4, 2), [0], 'a decimal without bytes (byte 1 of 1)'],
    ['a decimal beyond its precision', decimal(3, 0), [...long(2), 0x03, 0xe8], 'a decimal of more than 3 digits (byte 1 of 3)'],
    [
      'a decimal far beyond its precision',
      decimal(3, 0),
      [...long(50), 1, ...Array(49).fill(0)],
      'a decimal of more than 3 digits (byte 1 of 51)',
    ],
  ]
  for (const [what, type, bytes, message] of REFUSED) {
    test(what, () => {
      assert.equal(
        refusal(() => readX(type, bytes)),
        `AVRO_MALFORMED: field 'x' has ${message}`,
      )
    })
  }
  test('bytes after the value', () => {
    assert.equal(
      refusal(() => readX('int', [2, 0])),
      'AVRO_MALFORMED: the Avro value has 1 byte too many (byte 1 of 2)',
    )
  })
  test('the path leads through arrays, maps and records', () => {
    const fields = [
      { name: 'sku', type: 'string' },
      { name: 'price', type: 'double' },
    ]
    const item = { type: 'record', name: 'Item', fields }
    const cut = [...text('12345678'), 0]
    assert.match(
      refusal(() => readX(array(item), [2, ...cut])),
      /^AVRO_MALFORMED: field 'x\[\]\.price' has the end of the data/,
    )
    assert.match(
      refusal(() => readX(map(['null', item]), [2, ...text('k'), 2, ...cut])),
      /field 'x\{\}\.price'/,
    )
  })
  test('what lies before the start and after the end is not looked at', () => {
    const reader = compileReader('string', 'string', 'all')
    const bytes = Buffer.from([9, ...text('abc'), 100, 101])
    assert.equal(reader.read(bytes, 1, 5), 'abc')
    assert.equal(
      refusal(() => reader.read(bytes, 1, 4)),
      'AVRO_MALFORMED: the Avro value has a length of 3 bytes where 2 are left (byte 1 of 3)',
    )
  })
  test('a string longer than JavaScript can make', () => {
    const n = constants.MAX_STRING_LENGTH + 1
    const bytes = Buffer.alloc(n + 8)
    const header = long(n)
    bytes.set(header)
    assert.match(
      refusal(() => compileReader('string', 'string', 'all').read(bytes, 0, header.length + n)),
      /^AVRO_MALFORMED: the Avro value has a string of 536870889 bytes, longer than a string can be/,
    )
  })
})
