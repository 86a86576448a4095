import type { Flow, Stage } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { notAvailable } from '../not-available.ts'
import type { Right } from './sides.ts'

/** Something that can be asked for a value from outside: a table in a database. */
export interface Lookup<in Q, out V> {
  readonly lookup: string
  readonly ask: (q: Q) => V
}

/**
 * Joins each record with what a lookup has for it, through a cache (S8). Not in this version.
 * @param _o `cache`: so many rows, each for `ttl`, and that there is none for `missing`
 * @throws STAGE_NOT_AVAILABLE when a flow is piped through it
 */
export const lookup = <T, K, Q, V, const J extends 'inner' | 'left', U>(
  _source: Lookup<Q, V>,
  _o: {
    by: (value: T) => Q
    kind: J
    cache: { rows: number; ttl: Duration; missing: Duration }
    timeout: Duration
    with: (value: T, row: Right<V, J>) => U
  },
): Stage<Flow<T, K>, Flow<U, K>> => notAvailable('lookup', 'lookup()')
