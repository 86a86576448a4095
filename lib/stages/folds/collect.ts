import { MillraceError } from '../../model/errors.ts'
import { synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'
import { plainData } from './given.ts'
import { byArrival, type Held, hold, valueOf } from './held.ts'

type Beyond = 'drop-oldest' | 'drop-newest' | 'fail'
const WORDS: readonly string[] = ['drop-oldest', 'drop-newest', 'fail'] satisfies readonly Beyond[]

const isAfter = (a: Held, b: Held): boolean => byArrival(a[0], a[1], b) > 0

/** Both in one order; of two that it cannot tell apart, `a`'s comes first. */
function interleaved(a: readonly Held[], b: readonly Held[]): Held[] {
  const all: Held[] = []
  let i = 0
  for (const held of b) {
    while (i < a.length && !isAfter(a[i]!, held)) all.push(a[i++]!)
    all.push(held)
  }
  while (i < a.length) all.push(a[i++]!)
  return all
}

/**
 * The values in the order in which they arrived, whatever their event times. Any plain data.
 * @param o `atMost`: how many are kept, a positive whole number. `beyond`: what becomes of more: `'drop-oldest'` keeps those that arrived last,
 * `'drop-newest'` those that arrived first, `'fail'` refuses the record that would be one too many (RESULT_OVERFLOW) and changes nothing. Where a
 * window is put together from parts that hold more only together (hopping, cumulating), no record is to blame: its result is refused, which stops the
 * task unless `onFailure.produce` says otherwise (S6.1).
 * @throws PLAN_INVALID for other settings, ASYNC_FUNCTION; as dead letters RESULT_OVERFLOW, and STATE_NOT_PLAIN when `f` gives what is no plain data, as a Date
 * @example collect(o => o.order_id, { atMost: 100, beyond: 'drop-oldest' })
 */
export function collect<T, V>(f: (v: T) => V, o: { atMost: number; beyond: Beyond }): Fold<T, readonly V[]> {
  const { atMost, beyond } = o
  if (!(Number.isSafeInteger(atMost) && atMost > 0))
    throw new MillraceError('PLAN_INVALID', `collect() keeps at most ${atMost}: a positive whole number`)
  if (!WORDS.includes(beyond))
    throw new MillraceError('PLAN_INVALID', `collect() has beyond: '${String(beyond)}', which is none of ${WORDS.join(', ')}`)
  const overflow = (): MillraceError => new MillraceError('RESULT_OVERFLOW', `collect() holds at most ${atMost} values`)
  const bounded = (all: Held[]): Held[] => {
    if (all.length <= atMost) return all
    if (beyond === 'drop-oldest') return all.slice(-atMost)
    // One more than the result may hold says that it may not be; those that arrived first, so that the order of merging does not matter.
    return all.slice(0, beyond === 'fail' ? atMost + 1 : atMost)
  }
  return fold<T, readonly V[], Held[], Held | null>({
    fold: 'collect',
    version: 1,
    state: { atMost, beyond },
    reads: synchronous('collect()', f),
    initial: () => [],
    measure: (value, moment, state) => {
      const given = plainData('collect', f(value as T)) // also one that is not kept: what is refused must not depend on what came before
      if (state.length >= atMost) {
        if (beyond === 'fail') throw overflow()
        if (beyond === 'drop-newest' && byArrival(moment.ordinal, moment.at, state.at(-1)!) >= 0) return null
      }
      return hold(moment, given)
    },
    add: (state, held) => {
      if (held === null) return state
      let place = state.length
      while (place > 0 && isAfter(state[place - 1]!, held)) place-- // a record's own values may be stamped out of order
      if (place === state.length) state.push(held)
      else state.splice(place, 0, held)
      if (state.length > atMost) {
        if (beyond === 'drop-oldest') state.shift()
        else state.pop()
      }
      return state
    },
    merge: (a, b) => bounded(interleaved(a, b)),
    result: state => {
      if (state.length > atMost) throw overflow()
      return state.map(valueOf)
    },
    copy: state => state.slice(),
  })
}
