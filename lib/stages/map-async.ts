import type { Meta } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import type { Duration } from '../model/time.ts'
import { notAvailable } from './not-available.ts'

/**
 * Asynchronous work, before the first stage with memory: it runs before the epoch computes, and again after a crash (S5.5). Not in this version.
 * @param _o `order`: results in offset order, or in that of each key only; `timeout` per attempt
 * @throws STAGE_NOT_AVAILABLE when a flow is piped through it
 */
export const mapAsync = <T, K, U>(
  _f: (value: T, meta: Meta, signal: AbortSignal) => Promise<U>,
  _o: { concurrency: number; order: 'offset' | 'key'; timeout: Duration; retry: { attempts: number; backoff: Duration } | 'none' },
): Stage<Flow<T, K>, Flow<U, K>> => notAvailable('map-async', 'mapAsync()')
