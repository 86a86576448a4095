import type { Key } from '../../model/key.ts'
import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { notAvailable } from '../not-available.ts'
import type { Late } from './windowing.ts'

/**
 * One window per record: the key's records in `[t − size, t]`, both ends inclusive (S3.7). Not in this version.
 * @throws STAGE_NOT_AVAILABLE when a flow is piped through it
 */
export const sliding = <T, K extends Key>(
  name: string,
  _o: { size: Duration; grace: Duration; late: Late<T, K> },
): Stage<Flow<T, K>, Windowed<T, K>> => notAvailable('sliding', `sliding '${name}'`)
