// Exact decimals: money is never summed in floating point.
import { MillraceError } from './errors.ts'

/** An exact decimal, `units · 10^−decimals`. Never a float. */
export class Decimal<out D extends number = number> {
  readonly units: bigint
  readonly decimals: D
  constructor(units: bigint, decimals: D) {
    this.units = units
    this.decimals = decimals
  }
  /** Plain text with all its decimals, e.g. `-0.3000`. */
  toString(): string {
    const sign = this.units < 0n ? '-' : ''
    const digits = (this.units < 0n ? -this.units : this.units).toString().padStart(this.decimals + 1, '0')
    return this.decimals === 0 ? sign + digits : `${sign}${digits.slice(0, -this.decimals)}.${digits.slice(-this.decimals)}`
  }
  toJSON(): string {
    return this.toString()
  }
  /** The nearest double. */
  toNumber(): number {
    return Number(this.toString())
  }
}

const POWERS = Array.from({ length: 23 }, (_, i) => 10 ** i)
const SHORT = 1e15

/**
 * `value · 10^decimals` as a safe integer, or NaN when it is not exactly one of at most 15 digits.
 * A decimal of at most 15 digits is the only such decimal that reads as its double (IEEE 754 double: DBL_DIG = 15),
 * so the rounded product that divides back to `value` is the shortest text of `value`.
 */
export function scaledExactly(value: number, decimals: number): number {
  const power = POWERS[decimals]
  if (power === undefined) return NaN
  const units = Math.round(value * power)
  return units < SHORT && units > -SHORT && units / power === value ? units : NaN
}

const TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/

/** Digits beyond `decimals` are rounded half away from zero. @throws DECIMAL_INVALID */
export function unitsOf(value: number | string | bigint | Decimal, decimals: number): bigint {
  if (typeof value === 'bigint') return value * 10n ** BigInt(decimals)
  if (typeof value === 'number') {
    const units = scaledExactly(value, decimals)
    if (units === units) return BigInt(units)
  }
  if (value instanceof Decimal) return rescale(value.units, value.decimals, decimals)
  const { digits, scale } = written(String(value))
  return scale >= 0 ? rescale(digits, scale, decimals) : digits * 10n ** BigInt(decimals - scale)
}

/** A text as `digits · 10^−scale`. @throws DECIMAL_INVALID */
function written(text: string): { readonly digits: bigint; readonly scale: number } {
  const match = TEXT.exec(text.trim())
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (match === null || whole + fraction === '') throw new MillraceError('DECIMAL_INVALID', `'${text}' is not a finite decimal number`)
  const digits = BigInt(whole + fraction)
  return { digits: match[1] === '-' ? -digits : digits, scale: fraction.length - Number(match[4] ?? 0) }
}

const rescale = (units: bigint, from: number, to: number): bigint =>
  to >= from ? units * 10n ** BigInt(to - from) : divideHalfAway(units, 10n ** BigInt(from - to))

/** Integer division, half away from zero. */
export function divideHalfAway(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n
  const n = numerator < 0n ? -numerator : numerator
  const d = denominator < 0n ? -denominator : denominator
  const quotient = (2n * n + d) / (2n * d)
  return negative ? -quotient : quotient
}

/**
 * An exact decimal. A double counts as its shortest text (`0.1` is 0.1); digits beyond `decimals` round half away from zero.
 * @param decimals digits after the point, 0 … 22
 * @throws DECIMAL_INVALID when `value` is not a finite decimal number
 * @example decimal(12.345, 2).toString() // '12.35'
 */
export function decimal<D extends number>(value: number | string | bigint | Decimal, decimals: D): Decimal<D> {
  return new Decimal(unitsOf(value, decimals), decimals)
}

/**
 * The value as it is written, with as many digits after the point as its text has. A double counts as its shortest text.
 * @throws DECIMAL_INVALID when `value` is not a finite decimal number
 * @example exact(0.125).toString() // '0.125'
 */
export function exact(value: number | string | bigint | Decimal): Decimal {
  if (value instanceof Decimal) return value
  if (typeof value === 'bigint') return new Decimal(value, 0)
  if (typeof value === 'number') {
    for (let decimals = 0; decimals <= 4; decimals++) {
      const units = scaledExactly(value, decimals)
      if (units === units) return new Decimal(BigInt(units), decimals)
    }
  }
  const { digits, scale } = written(String(value))
  return scale >= 0 ? new Decimal(digits, scale) : new Decimal(digits * 10n ** BigInt(-scale), 0)
}
/** `a + b`, not rounded. @throws DECIMAL_INVALID when one of them is not a finite decimal number */
export function plus(a: number | bigint | Decimal, b: number | bigint | Decimal): Decimal {
  const [left, right] = [exact(a), exact(b)]
  const decimals = Math.max(left.decimals, right.decimals)
  return new Decimal(rescale(left.units, left.decimals, decimals) + rescale(right.units, right.decimals, decimals), decimals)
}

/**
 * `a · b`, not rounded: `decimal(times(price, quantity), 4)` rounds once.
 * @throws DECIMAL_INVALID when one of them is not a finite decimal number
 */
export function times(a: number | bigint | Decimal, b: number | bigint | Decimal): Decimal {
  const [left, right] = [exact(a), exact(b)]
  return new Decimal(left.units * right.units, left.decimals + right.decimals)
}

/** `dividend / divisor`, rounded half away from zero to `decimals` digits. @throws DECIMAL_INVALID when the divisor is 0 or no finite number */
export function divide<D extends number>(dividend: Decimal, divisor: number | bigint | Decimal, decimals: D): Decimal<D> {
  const by = exact(divisor)
  if (by.units === 0n) throw new MillraceError('DECIMAL_INVALID', `${dividend} cannot be divided by zero`)
  return new Decimal(
    divideHalfAway(dividend.units * 10n ** BigInt(decimals + by.decimals), by.units * 10n ** BigInt(dividend.decimals)),
    decimals,
  )
}

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const decimals = Math.max(a.decimals, b.decimals)
  const left = rescale(a.units, a.decimals, decimals)
  const right = rescale(b.units, b.decimals, decimals)
  return left < right ? -1 : left > right ? 1 : 0
}
