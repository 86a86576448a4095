import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { arrayLiteral, byteaArray, elementTextOf, textArray, timeText } from '#lib/adapters/postgres/column-text.ts'
import { EARLIEST_TIME, misfitOf } from '#lib/model/column-fit.ts'
import { Decimal, decimal } from '#lib/model/decimal.ts'
import type { SqlType } from '#lib/model/table.ts'

const TYPES: readonly SqlType[] = ['text', 'integer', 'bigint', 'float8', 'boolean', 'timestamptz', 'numeric(18,4)', 'numeric(3,0)']
const textOf = (sql: SqlType, value: unknown): string | null => elementTextOf({ sql, nullable: false })(value)

const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom('', 'NULL', '"', '\\', '\0', '\ud800', 'a,b{}'),
  fc.integer(),
  fc.double(),
  fc.constantFrom(2 ** 31, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53, 2 ** 53 - 1, -0, NaN, Infinity),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  fc.boolean(),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(EARLIEST_TIME, EARLIEST_TIME - 1, 8.64e15).map(ms => new Date(ms)),
  fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 8 })).map(([units, d]) => new Decimal(units, d)),
  fc.constantFrom(null, undefined, {}, []),
)

test('a value becomes text exactly when it fits its column', () => {
  fc.assert(
    fc.property(anything, fc.constantFrom(...TYPES), fc.boolean(), (value, sql, nullable) => {
      const column = { sql, nullable }
      assert.equal(elementTextOf(column)(value) === null, misfitOf(column, value) !== null)
    }),
    { numRuns: 5000 },
  )
})

/** Reads an array literal as PostgreSQL does (chapter 8.15.6), for one dimension. */
function elementsIn(literal: string): (string | null)[] {
  assert.equal(literal[0], '{')
  assert.equal(literal.at(-1), '}')
  const elements: (string | null)[] = []
  let at = 1
  while (literal[at] !== '}' || at < literal.length - 1) {
    let text = ''
    if (literal[at] === '"') {
      for (at++; literal[at] !== '"'; at++) {
        if (literal[at] === '\\') at++
        text += literal[at]
      }
      at++
      elements.push(text)
    } else {
      for (; literal[at] !== ',' && !(literal[at] === '}' && at === literal.length - 1); at++) {
        assert.ok(!'{}"\\ '.includes(literal[at]!), `${literal[at]} stands unquoted`)
        text += literal[at]
      }
      elements.push(text === 'NULL' ? null : text)
    }
    if (literal[at] === ',') at++
  }
  return elements
}

test('an array literal gives back its texts, whatever they hold', () => {
  const wellFormed = fc.string({ unit: 'binary' }).filter(s => s.isWellFormed() && !s.includes('\0'))
  fc.assert(
    fc.property(fc.array(fc.option(fc.oneof(wellFormed, fc.constantFrom('', 'NULL', '"', '\\', '{a,"b"}', ' ')))), values => {
      const text = elementTextOf({ sql: 'text', nullable: true })
      const elements = values.map(v => text(v)!)
      assert.deepEqual(
        elementsIn(
          arrayLiteral(
            elements,
            values.map((_, i) => i),
          ),
        ),
        values,
      )
      assert.deepEqual(elementsIn(textArray(values)), values)
    }),
  )
})

test('an array literal takes the asked places in their order', () => {
  assert.equal(arrayLiteral(['a', 'b', 'c'], [2, 0, 1]), '{c,a,b}')
  assert.equal(arrayLiteral(['a', 'b', 'c'], [2, 0, 1], 1, 2), '{a}')
  assert.equal(arrayLiteral([], []), '{}')
})

test('numbers keep every digit', () => {
  assert.equal(textOf('float8', 0.1), '0.1')
  assert.equal(textOf('float8', -0), '-0')
  assert.equal(textOf('float8', 1e21), '1e+21')
  assert.equal(textOf('float8', -Infinity), '-Infinity')
  assert.equal(textOf('bigint', 9007199254740991), '9007199254740991')
  assert.equal(textOf('bigint', -(2n ** 63n)), '-9223372036854775808')
  assert.equal(textOf('integer', -0), '0')
})

test('decimals get the digits of their column, rounded half away from zero', () => {
  assert.equal(textOf('numeric(18,4)', decimal(12, 0)), '12.0000')
  assert.equal(textOf('numeric(18,4)', decimal('0.00005', 5)), '0.0001')
  assert.equal(textOf('numeric(18,4)', decimal('-0.00005', 5)), '-0.0001')
  assert.equal(textOf('numeric(3,0)', decimal('999.4', 1)), '999')
  assert.equal(textOf('numeric(3,0)', decimal('999.5', 1)), null)
})

test('times are UTC to the millisecond, with years of any length and BC', () => {
  assert.equal(timeText(0), '1970-01-01 00:00:00.000+00')
  assert.equal(timeText(-1), '1969-12-31 23:59:59.999+00')
  assert.equal(timeText(Date.UTC(2011, 11, 9, 12, 50, 3, 7)), '2011-12-09 12:50:03.007+00')
  assert.equal(timeText(8.64e15), '275760-09-13 00:00:00.000+00')
  assert.equal(timeText(Date.parse('0001-01-01T00:00:00Z')), '0001-01-01 00:00:00.000+00')
  assert.equal(timeText(Date.parse('0000-12-31T00:00:00Z')), '0001-12-31 00:00:00.000+00 BC')
  assert.equal(timeText(EARLIEST_TIME), '4714-11-24 00:00:00.000+00 BC')
})

test('a run of equal times is written like each of them alone', () => {
  const element = elementTextOf({ sql: 'timestamptz', nullable: true })
  const texts = [5, 5, 6, 5].map(ms => element(new Date(ms)))
  assert.deepEqual(
    texts,
    [5, 5, 6, 5].map(ms => `"${timeText(ms)}"`),
  )
  assert.equal(element(null), 'NULL')
  assert.equal(element(new Date(NaN)), null)
})

test('bytes are written in hex, from views too', () => {
  const bytes = Uint8Array.from([9, 0, 255, 9]).subarray(1, 3)
  assert.deepEqual(elementsIn(byteaArray([bytes, null, new Uint8Array(0)])), ['\\x00ff', null, '\\x'])
})

test('texts that are no column replace what SQL text cannot hold', () => {
  assert.deepEqual(elementsIn(textArray(['a\0b', '\ud83d!'])), ['a\ufffdb', '\ufffd!'])
})
