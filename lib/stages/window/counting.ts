import type { Key } from '../../model/key.ts'
import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { notAvailable } from '../not-available.ts'

/**
 * `n` consecutive records of a key in offset order, so that nothing is late; closed early after `timeout`. Not in this version.
 * @throws STAGE_NOT_AVAILABLE when a flow is piped through it
 */
export const counting = <T, K extends Key>(
  name: string,
  _o: { n: number; timeout: Duration | 'never' },
): Stage<Flow<T, K>, Windowed<T, K>> => notAvailable('counting', `counting '${name}'`)
