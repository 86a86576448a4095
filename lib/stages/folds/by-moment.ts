// Folds that keep one value of all, by when it came.
import { synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'
import { plainData } from './given.ts'
import { byArrival, byTime, type Held, hold, type Order, valueOf } from './held.ts'

/** @param side which end of the order is kept; of values that the order cannot tell apart, `'front'` is what was added first, `'back'` last */
const keeping = <T, V>(name: string, f: (v: T) => V, order: Order, side: 'front' | 'back'): Fold<T, V> => {
  const replaces = (ordinal: number, at: number, held: Held): boolean =>
    side === 'front' ? order(ordinal, at, held) < 0 : order(ordinal, at, held) >= 0
  return fold<T, V, Held | null, Held | null>({
    fold: name,
    version: 1,
    reads: synchronous(`${name}()`, f),
    initial: () => null,
    measure: (value, moment, state) => {
      const given = plainData(name, f(value as T)) // also one that is not kept: what is refused must not depend on what came before
      return state === null || replaces(moment.ordinal, moment.at, state) ? hold(moment, given) : null
    },
    add: (state, held) => held ?? state,
    merge: (a, b) => (a === null || (b !== null && replaces(b[0], b[1], a)) ? b : a),
    result: state => (state === null ? null : valueOf(state)),
  })
}

/**
 * The value that arrived first, whatever its event time. Any plain data, also null.
 * @throws ASYNC_FUNCTION; STATE_NOT_PLAIN (as a dead letter) when `f` gives what is no plain data, as a Date
 */
export const first = <T, V>(f: (v: T) => V): Fold<T, V> => keeping('first', f, byArrival, 'front')
/**
 * The value that arrived last, whatever its event time. Any plain data, also null.
 * @throws ASYNC_FUNCTION; STATE_NOT_PLAIN (as a dead letter) when `f` gives what is no plain data, as a Date
 */
export const last = <T, V>(f: (v: T) => V): Fold<T, V> => keeping('last', f, byArrival, 'back')
/**
 * The value with the smallest event time; of several at that time, the one that arrived first. Any plain data, also null.
 * @throws ASYNC_FUNCTION; STATE_NOT_PLAIN (as a dead letter) when `f` gives what is no plain data, as a Date
 */
export const earliest = <T, V>(f: (v: T) => V): Fold<T, V> => keeping('earliest', f, byTime, 'front')
/**
 * The value with the largest event time; of several at that time, the one that arrived last. Any plain data, also null.
 * @throws ASYNC_FUNCTION; STATE_NOT_PLAIN (as a dead letter) when `f` gives what is no plain data, as a Date
 */
export const latest = <T, V>(f: (v: T) => V): Fold<T, V> => keeping('latest', f, byTime, 'back')
