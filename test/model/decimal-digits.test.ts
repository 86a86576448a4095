// The digits of lib/model/decimal.ts against a calculation on text: shortest texts, rounding, fast path.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compareDecimals, Decimal, decimal, divide, divideHalfAway, scaledExactly, unitsOf } from '#lib/model/decimal.ts'
import { isMillraceError } from '#lib/model/errors.ts'

/** Rounding written down again: text, digit by digit, half away from zero. */
function roundedText(text: string, decimals: number): bigint {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text)!
  const shift = Number(exponent)
  const digits = whole! + fraction
  const point = whole!.length + shift + decimals
  const kept = point <= 0 ? '0' : (digits.slice(0, point) || '0').padEnd(point, '0')
  const next = point < 0 ? '0' : (digits[point] ?? '0')
  const units = BigInt(kept) + (next >= '5' ? 1n : 0n)
  return sign === '-' ? -units : units
}

describe('a double counts as its shortest text', () => {
  test('whatever the double, its units are those of String(value)', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e40, max: 1e40 }), fc.nat(22), (value, decimals) => {
        assert.equal(unitsOf(value, decimals), roundedText(String(value), decimals))
      }),
      { numRuns: 2000 },
    )
  })
  test('prices and totals as people write them', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 11), max: 10 ** 11 }), fc.nat(4), fc.nat(6), (units, places, decimals) => {
        const value = units / 10 ** places
        assert.equal(unitsOf(value, decimals), roundedText(String(value), decimals))
      }),
      { numRuns: 2000 },
    )
  })
  test('scaledExactly is the number of units of the shortest text, or NaN: never a neighbour', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.integer().map(n => n / 100),
          fc.integer().map(n => n / 10_000),
        ),
        fc.nat(22),
        (value, decimals) => {
          const units = scaledExactly(value, decimals)
          const text = String(value)
          if (Number.isNaN(units)) return
          assert.ok(Number.isSafeInteger(units))
          assert.equal(BigInt(units), roundedText(text, decimals))
          assert.ok(new Decimal(BigInt(units), decimals).toNumber() === value, 'and nothing was rounded away')
        },
      ),
      { numRuns: 3000 },
    )
  })
  test('scaledExactly gives what fits, and NaN for what does not', () => {
    assert.equal(scaledExactly(12.34, 2), 1234)
    assert.equal(scaledExactly(-0.1, 4), -1000)
    assert.equal(scaledExactly(1.005, 3), 1005)
    assert.equal(scaledExactly(0, 4), 0)
    for (const [value, decimals] of [
      [1.005, 2],
      [0.1, 0],
      [1e15, 0],
      [1e11, 4],
      [Number.NaN, 2],
      [Number.POSITIVE_INFINITY, 2],
      [1, 23],
      [0.1 + 0.2, 2],
    ] as const) {
      assert.ok(Number.isNaN(scaledExactly(value, decimals)), `${value} with ${decimals} decimals`)
    }
  })
})

describe('rounding is half away from zero', () => {
  const ROUNDED: readonly (readonly [value: number | string | bigint, decimals: number, text: string])[] = [
    [12.345, 2, '12.35'],
    [-12.345, 2, '-12.35'],
    [1.005, 2, '1.01'],
    ['0.5', 0, '1'],
    ['-0.5', 0, '-1'],
    ['0.49999999999999999999', 0, '0'],
    ['-0.0049', 2, '0.00'],
    [2.5, 0, '3'],
    [-2.5, 0, '-3'],
    ['1e-3', 2, '0.00'],
    ['5e-3', 2, '0.01'],
    ['1.5E+3', 1, '1500.0'],
    ['  +7. ', 1, '7.0'],
    ['.5', 1, '0.5'],
    [7n, 3, '7.000'],
    [0.1, 22, '0.1000000000000000000000'],
    [1e21, 1, '1000000000000000000000.0'],
    [5e-324, 4, '0.0000'],
  ]
  for (const [value, decimals, text] of ROUNDED) {
    test(`${typeof value} ${value} with ${decimals} decimals is ${text}`, () => assert.equal(decimal(value, decimals).toString(), text))
  }
  test('also from one number of decimals to another, and back without loss', () => {
    assert.equal(decimal(new Decimal(-12_345n, 3), 2).toString(), '-12.35')
    fc.assert(
      fc.property(fc.bigInt(), fc.nat(10), fc.nat(10), (units, decimals, more) => {
        const value = new Decimal(units, decimals)
        assert.equal(unitsOf(decimal(value, decimals + more), decimals), units)
      }),
    )
  })
  test('division of integers', () => {
    fc.assert(
      fc.property(
        fc.bigInt(),
        fc.bigInt().filter(d => d !== 0n),
        (n, d) => {
          const q = divideHalfAway(n, d)
          const abs = (v: bigint): bigint => (v < 0n ? -v : v)
          const rest = abs(n) - abs(q) * abs(d)
          assert.ok(2n * abs(rest) <= abs(d), 'the nearest')
          assert.ok(2n * rest !== abs(d), 'a half goes away from zero')
          assert.ok(q === 0n || q < 0n === (n < 0n !== d < 0n))
        },
      ),
    )
    assert.deepEqual([divideHalfAway(5n, 2n), divideHalfAway(-5n, 2n), divideHalfAway(5n, -2n), divideHalfAway(1n, 3n)], [3n, -3n, -3n, 0n])
  })
  test('quotients of decimals', () => {
    assert.equal(divide(decimal('10.00', 2), 3, 4).toString(), '3.3333')
    assert.equal(divide(decimal('-20.00', 2), decimal('0.3', 1), 4).toString(), '-66.6667')
    assert.equal(divide(decimal('0.01', 2), 2n, 2).toString(), '0.01')
    assert.throws(
      () => divide(decimal(1, 0), 0, 2),
      error => isMillraceError(error) && error.code === 'DECIMAL_INVALID',
    )
  })
})

test('the text has all its decimals, a sign only when it is negative, and is what JSON holds', () => {
  assert.deepEqual([new Decimal(-3n, 1), new Decimal(-3000n, 4), new Decimal(0n, 4), new Decimal(5n, 0)].map(String), [
    '-0.3',
    '-0.3000',
    '0.0000',
    '5',
  ])
  assert.equal(JSON.stringify({ d: new Decimal(1234n, 2) }), '{"d":"12.34"}')
  fc.assert(
    fc.property(fc.bigInt(), fc.nat(22), (units, decimals) => {
      const value = new Decimal(units, decimals)
      assert.equal(unitsOf(value.toString(), decimals), units)
      assert.match(value.toString(), decimals === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${decimals}}$`))
    }),
  )
})

test('decimals are compared by value, whatever their number of decimals', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -1000n, max: 1000n }), fc.nat(3), fc.bigInt({ min: -1000n, max: 1000n }), fc.nat(3), (a, i, b, j) => {
      const expected = Math.sign(Number(a * 10n ** BigInt(3 - i) - b * 10n ** BigInt(3 - j)))
      assert.equal(Math.sign(compareDecimals(new Decimal(a, i), new Decimal(b, j))), expected)
    }),
  )
})

test('DECIMAL_INVALID: what is not a finite decimal number', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '', ' ', '.', '1,5', '1.2.3', '0x10', 'Infinity', '1e', '1e99999', '--1']) {
    assert.throws(
      () => decimal(value, 2),
      error => isMillraceError(error) && error.code === 'DECIMAL_INVALID',
      String(value),
    )
  }
})
