import { compareDecimals, Decimal } from '../../model/decimal.ts'
import { synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'
import { refused } from './given.ts'

type Comparable = number | string | Decimal

const checked = (v: Comparable, name: string): Comparable => {
  if (typeof v === 'string' || (typeof v === 'number' && v === v) || v instanceof Decimal) return v
  throw refused(name, v)
}
const below = (a: Comparable, b: Comparable): boolean => (a instanceof Decimal && b instanceof Decimal ? compareDecimals(a, b) < 0 : a < b)

const extreme = <T, V extends Comparable>(
  name: 'min' | 'max',
  f: (v: T) => V,
  replaces: (measured: Comparable, state: Comparable) => boolean,
): Fold<T, V> => {
  const better = (state: Comparable | null, measured: Comparable): Comparable =>
    state === null || replaces(measured, state) ? measured : state
  return fold<T, V, Comparable | null, Comparable>({
    fold: name,
    version: 1,
    reads: synchronous(`${name}()`, f),
    initial: () => null,
    measure: value => checked(f(value as T), name),
    add: better,
    merge: (a, b) => (b === null ? a : better(a, b)),
    result: state => state,
  })
}

/** The smallest; strings by UTF-16 code unit. */
export const min = <T, V extends number | string | Decimal>(f: (v: T) => V): Fold<T, V> =>
  extreme('min', f, (measured, state) => below(measured, state))
/** The largest. */
export const max = <T, V extends number | string | Decimal>(f: (v: T) => V): Fold<T, V> =>
  extreme('max', f, (measured, state) => below(state, measured))
