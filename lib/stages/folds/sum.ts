import { Decimal, scaledExactly, unitsOf } from '../../model/decimal.ts'
import { synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'
import { refused } from './given.ts'

type Units = number | bigint

const added = (a: Units, b: Units): Units => {
  if (typeof a === 'number' && typeof b === 'number') {
    const total = a + b
    if (Number.isSafeInteger(total)) return total
  }
  return BigInt(a) + BigInt(b)
}

/** An exact sum in scaled integers: it does not depend on order. Digits beyond `decimals` round half away from zero, each value by itself. */
export function sum<T, D extends number>(f: (v: T) => number | string | Decimal, o: { decimals: D }): Fold<T, Decimal<D>>
/** A sum of doubles: fast, and only as exact as doubles are; whole numbers below 2^53 are exact. */
export function sum<T>(f: (v: T) => number): Fold<T, number>
export function sum<T>(f: (v: T) => number | string | Decimal, o?: { decimals: number }): Fold<T, unknown> {
  const reads = synchronous('sum()', f)
  if (o === undefined) {
    return fold<T, number, number, number>({
      fold: 'sum',
      version: 1,
      reads,
      initial: () => 0,
      measure: value => {
        const n = f(value as T)
        if (typeof n !== 'number' || n !== n) throw refused('sum', n)
        return n
      },
      add: (state, n) => state + n,
      merge: (a, b) => a + b,
      result: state => state,
    })
  }
  const { decimals } = o
  return fold<T, Decimal, Units, Units>({
    fold: 'sum',
    version: 1,
    state: { decimals },
    reads,
    initial: () => 0,
    measure: value => {
      const v = f(value as T)
      if (typeof v === 'number') {
        const units = scaledExactly(v, decimals)
        if (units === units) return units
      } else if (v instanceof Promise) throw refused('sum', v)
      return unitsOf(v, decimals)
    },
    add: added,
    merge: added,
    result: state => new Decimal(BigInt(state), decimals),
  })
}
