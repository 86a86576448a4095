import { MillraceError } from '../../model/errors.ts'
import { addExactly, nearest } from './exact-sum.ts'
import { synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'
import { finite } from './given.ts'

/** Count, then the partials of the sum. */
type State = number[]
const SUM = 1

/**
 * The mean of doubles. Their sum is exact and rounded once, the division once more: neither the order of the values nor how a window was put together
 * shows in the result. For money, divide an exact `sum()` by a `count()`: a double is not exact to begin with.
 * @throws ASYNC_FUNCTION; VALUE_REFUSED (as a dead letter) unless `f` gives a finite number; RESULT_OVERFLOW (of the result) when the sum leaves the doubles, ±1.8e308
 */
export const mean = <T>(f: (v: T) => number): Fold<T, number> =>
  fold<T, number, State, number>({
    fold: 'mean',
    version: 1,
    reads: synchronous('mean()', f),
    initial: () => [0],
    measure: value => finite('mean', f(value as T)),
    add: (state, n) => {
      state[0]!++
      addExactly(state, n, SUM)
      return state
    },
    merge: (a, b) => {
      a[0]! += b[0]!
      for (let i = SUM; i < b.length; i++) addExactly(a, b[i]!, SUM)
      return a
    },
    result: state => {
      const sum = nearest(state, SUM)
      if (!Number.isFinite(sum)) throw new MillraceError('RESULT_OVERFLOW', 'the sum of a mean() is larger than a double can be')
      return sum / state[0]!
    },
    copy: state => state.slice(),
  })
