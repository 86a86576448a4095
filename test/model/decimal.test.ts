import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareDecimals, Decimal, decimal, divide, exact, isMillraceError, plus, times } from '#lib/index.ts'

const refused = (code: string) => (error: unknown) => isMillraceError(error) && error.code === code
/** Any decimal: its digits and where the point stands. */
const someDecimal = fc
  .record({ units: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), decimals: fc.integer({ min: 0, max: 12 }) })
  .map(({ units, decimals }) => new Decimal(units, decimals))
const someDouble = fc.double({ noNaN: true, noDefaultInfinity: true })

test('a double counts as its shortest text, not as its binary value', () => {
  for (const [value, text] of [
    [0.1, '0.1'],
    [2.55, '2.55'],
    [1.005, '1.005'],
    [-0, '0'],
    [100, '100'],
    [0.00001, '0.00001'],
    [1e21, '1000000000000000000000'],
    [1.5e-7, '0.00000015'],
    [-11062.06, '-11062.06'],
  ] as const)
    assert.equal(exact(value).toString(), text)
})
test('exact() keeps every digit of any double: read back, it is the same double', () => {
  fc.assert(fc.property(someDouble, value => exact(value).toNumber() === value))
})
test('a text keeps the digits it is written with', () => {
  assert.equal(exact(' -12.3400 ').toString(), '-12.3400')
  assert.equal(exact('12e3').toString(), '12000')
  assert.equal(exact('.5').toString(), '0.5')
})
test('decimal() rounds half away from zero, each way', () => {
  assert.deepEqual(
    [0.00005, -0.00005, 0.00004, 2.34565, '1.00005', 7n].map(v => decimal(v, 4).toString()),
    ['0.0001', '-0.0001', '0.0000', '2.3457', '1.0001', '7.0000'],
  )
})
test('plus() and times() are exact: sums and products of digits, whatever the points', () => {
  assert.equal(plus(0.1, 0.2).toNumber(), 0.3)
  assert.equal(times(1.1, 1.1).toNumber(), 1.21)
  assert.equal(times(0.00125, 3).toNumber(), 0.00375)
  assert.equal(times(decimal(2.55, 4), -6).toString(), '-15.3000')
  fc.assert(
    fc.property(someDecimal, someDecimal, (a, b) => {
      const scale = 10n ** 24n
      const asInteger = (d: Decimal): bigint => (d.units * scale) / 10n ** BigInt(d.decimals)
      assert.equal(asInteger(plus(a, b)), asInteger(a) + asInteger(b))
      assert.equal(asInteger(times(a, b)) * scale, asInteger(a) * asInteger(b))
    }),
  )
})
test('a sum does not depend on the order of what is summed', () => {
  fc.assert(
    fc.property(fc.array(someDouble, { maxLength: 8 }), values => {
      const sum = (all: readonly number[]): Decimal => all.reduce<Decimal>(plus, exact(0))
      assert.equal(compareDecimals(sum(values), sum(values.toReversed())), 0)
    }),
  )
})
test('divide() rounds once, half away from zero, and takes a divisor with digits after the point', () => {
  assert.equal(divide(decimal('10', 4), 3, 4).toString(), '3.3333')
  assert.equal(divide(decimal('-0.0001', 4), 2, 4).toString(), '-0.0001')
  assert.equal(divide(decimal('10', 4), 2.5, 4).toString(), '4.0000')
  assert.throws(() => divide(decimal(1, 4), 0, 4), refused('DECIMAL_INVALID'))
})
test('what is no finite decimal number is refused', () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    assert.throws(() => exact(value), refused('DECIMAL_INVALID'))
    assert.throws(() => decimal(value, 4), refused('DECIMAL_INVALID'))
    assert.throws(() => times(value, 1), refused('DECIMAL_INVALID'))
    assert.throws(() => plus(1, value), refused('DECIMAL_INVALID'))
  }
  for (const value of ['', '.', '1,5', '0x10', '1e', 'NaN']) assert.throws(() => exact(value), refused('DECIMAL_INVALID'))
})
