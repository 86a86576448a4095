import { MillraceError } from '../../model/errors.ts'
import { synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'
import { finite } from './given.ts'
import { addToSketch, bucketsFor, copyOfSketch, emptySketch, FINEST, mergedSketch, quantileOf, type Sketch } from './quantile-sketch.ts'

/**
 * The value that a share `p` of the values does not exceed, to a relative error that holds for every set of values: of n sorted values about the one
 * at place ⌊p·(n−1)⌋, counted from 0, without interpolation. The smallest and the largest are exact.
 * Costs memory for each bucket in use: values between 1 and 1,000,000 have at most 692 of them at 0.01.
 * @param o `p`: 0 … 1, 0.99 is the 99th percentile; may be changed over stored state. `relativeError`: 0.000001 up to, but not including, 1
 * @throws PLAN_INVALID for other settings, ASYNC_FUNCTION; VALUE_REFUSED (as a dead letter) unless `f` gives a finite number
 * @example percentile(o => o.total, { p: 0.99, relativeError: 0.01 })
 */
export function percentile<T>(f: (v: T) => number, o: { p: number; relativeError: number }): Fold<T, number> {
  const { p, relativeError } = o
  if (!(p >= 0 && p <= 1)) throw new MillraceError('PLAN_INVALID', `percentile() has p: ${p}, which is a share from 0 to 1: 0.99, not 99`)
  if (!(relativeError >= FINEST && relativeError < 1))
    throw new MillraceError('PLAN_INVALID', `percentile() has a relative error of ${relativeError}: 0.000001 or more, and less than 1`)
  const buckets = bucketsFor(relativeError)
  return fold<T, number, Sketch, number>({
    fold: 'percentile',
    version: 1,
    state: { relativeError },
    tuning: { p },
    reads: synchronous('percentile()', f),
    initial: emptySketch,
    measure: value => finite('percentile', f(value as T)),
    add: (state, n) => {
      addToSketch(state, buckets.keyOf(n), n)
      return state
    },
    merge: mergedSketch,
    result: state => quantileOf(state, buckets, p),
    copy: copyOfSketch,
  })
}
