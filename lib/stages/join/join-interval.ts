import type { Key } from '../../model/key.ts'
import type { Meta } from '../../model/record.ts'
import type { Flow, Stage } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { notAvailable } from '../not-available.ts'
import type { Late } from '../window/windowing.ts'
import type { Left, Right } from './sides.ts'

/**
 * Joins each record with those of the same key in the other flow whose times are at most `before` earlier and `after` later; one that never finds a partner
 * comes out once, when it is due (S8). Not in this version.
 * @throws STAGE_NOT_AVAILABLE when a flow is piped through it
 */
export const joinInterval = <T, K extends Key, O, const J extends 'inner' | 'left' | 'outer', U>(
  name: string,
  _other: Flow<O, K>,
  _o: {
    version: number
    kind: J
    before: Duration
    after: Duration
    grace: Duration
    late: Late<T | O, K>
    with: (left: Left<T, J>, right: Right<O, J>, meta: Meta) => U
  },
): Stage<Flow<T, K>, Flow<U, K>> => notAvailable('join-interval', `joinInterval '${name}'`)
