import { type ErrorCode, isMillraceError, messageOf, MillraceError } from '../../model/errors.ts'
import type { Stored } from '../../model/record.ts'
import { checkPlain, copyOf } from '../../state/plain.ts'
import { promised, synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'

/** The author's state, or why there is none: two states could not be merged. */
type State<S> = readonly [state: S] | readonly [code: ErrorCode, message: string]

/** @throws why there is no state */
function held<S>(state: State<S>): S {
  if (state.length === 1) return copyOf(state[0])
  throw new MillraceError(state[0], state[1])
}

/**
 * A fold of your own: a state, how a value changes it, how two states become one, and what is shown of it.
 * The functions are given copies and may change them. What `add` throws refuses the record and leaves no trace (S5.4); what `merge` or `result` throws
 * refuses the result, and where a session was to be merged the record between. They must be synchronous, and pure otherwise: no clock, no chance,
 * nothing remembered outside of the state.
 * @param name names the stored state for ever, as part of the processor's fingerprint
 * @param o `version`: a whole number from 1; raise it when the state's form or meaning changes. `initial`: the state before any value; plain data, never
 * undefined. `add`: gives the next state. `merge`: gives the state of all values of both, which windows that are put together from parts need
 * (sessions, hopping); the grouping must not matter. `result`: what the window's result holds.
 * @throws PLAN_INVALID for another name or version; VALUE_REFUSED when a function gives undefined for a state, STATE_NOT_PLAIN when it gives what is no
 * plain data, ASYNC_FUNCTION when it is async: of `initial` at once, of the others as dead letters
 * @example custom('spread', {
 *   version: 1,
 *   initial: () => ({ low: Infinity, high: -Infinity }),
 *   add: (s, o: Order) => ({ low: Math.min(s.low, o.total), high: Math.max(s.high, o.total) }),
 *   merge: (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }),
 *   result: s => s.high - s.low,
 * })
 */
export function custom<T, S, R>(
  name: string,
  o: { version: number; initial: () => S; add: (state: S, value: T) => S; merge: (a: S, b: S) => S; result: (state: S) => R } & Stored<S>,
): Fold<T, R> {
  const { version, initial, add, merge, result } = o as {
    version: number
    initial: () => S
    add: (state: S, value: T) => S
    merge: (a: S, b: S) => S
    result: (state: S) => R
  }
  if (name.trim() === '') throw new MillraceError('PLAN_INVALID', 'custom() needs a name: it is the address of stored state')
  if (!(Number.isSafeInteger(version) && version > 0))
    throw new MillraceError('PLAN_INVALID', `custom('${name}') has version ${version}: a positive whole number`)
  const called = (of: string): string => `${of}() of custom('${name}')`
  for (const [of, f] of Object.entries({ initial, add, merge, result })) synchronous(called(of), f)
  const stateFrom = (of: string, given: S): State<S> => {
    if (given === undefined) throw new MillraceError('VALUE_REFUSED', `${called(of)} gave undefined, which is no state`)
    if (given instanceof Promise) throw promised(called(of), given)
    checkPlain(given)
    return [given]
  }
  stateFrom('initial', initial())
  return fold<T, R, State<S>, State<S>>({
    fold: `custom '${name}'`,
    version,
    reads: { f: add, argument: 1 },
    initial: () => [initial()],
    // The author's functions see copies only: what one of them changed before it threw is nobody's, and states are replaced, never changed.
    measure: (value, _moment, before) => stateFrom('add', add(held(before), value as T)),
    add: (_before, after) => after,
    merge: (a, b) => {
      if (a.length > 1 || b.length > 1) return a.length > 1 ? a : b
      try {
        return stateFrom('merge', merge(held(a), held(b)))
      } catch (error) {
        return [isMillraceError(error) ? error.code : 'USER_FUNCTION_FAILED', `${called('merge')}: ${messageOf(error)}`]
      }
    },
    result: state => {
      const shown = result(held(state))
      if (shown instanceof Promise) throw promised(called('result'), shown)
      return shown
    },
  })
}
