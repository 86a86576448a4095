import { compareDecimals, Decimal } from '../../model/decimal.ts'
import { synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'
import { refused } from './given.ts'

type Comparable = number | string | Decimal

const checked = (v: Comparable, name: string): Comparable => {
  if (typeof v === 'string' || (typeof v === 'number' && v === v) || v instanceof Decimal) return v
  throw refused(name, v)
}
const below = (a: Comparable, b: Comparable): boolean => {
  if (typeof a === 'number' && typeof b === 'number') return a < b
  return a instanceof Decimal && b instanceof Decimal ? compareDecimals(a, b) < 0 : a < b
}

/** @param better which of two is kept; each fold has a function of its own, so that the compiler sees one where it is called and can put it in line */
const extreme = <T, V extends Comparable>(
  name: 'min' | 'max',
  f: (v: T) => V,
  better: (state: Comparable | null, measured: Comparable | null) => Comparable | null,
): Fold<T, V> =>
  fold<T, V, Comparable | null, Comparable | null>({
    fold: name,
    version: 1,
    reads: synchronous(`${name}()`, f),
    initial: () => null,
    measure: value => checked(f(value as T), name),
    add: better,
    merge: better,
    result: state => state,
  })

/** The smallest; strings by UTF-16 code unit. */
export const min = <T, V extends number | string | Decimal>(f: (v: T) => V): Fold<T, V> =>
  extreme('min', f, (state, measured) => (state === null || (measured !== null && below(measured, state)) ? measured : state))
/** The largest. */
export const max = <T, V extends number | string | Decimal>(f: (v: T) => V): Fold<T, V> =>
  extreme('max', f, (state, measured) => (state === null || (measured !== null && below(state, measured)) ? measured : state))
