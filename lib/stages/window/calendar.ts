import type { Key } from '../../model/key.ts'
import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { notAvailable } from '../not-available.ts'
import type { LateOrCorrect } from './windowing.ts'

/**
 * Local hours, days, weeks or months of an IANA time zone; days of 23 and 25 hours are right. Not in this version.
 * @throws STAGE_NOT_AVAILABLE when a flow is piped through it
 */
export const calendar = <T, K extends Key>(
  name: string,
  _o: { unit: 'hour' | 'day' | 'week' | 'month'; timeZone: string; grace: Duration; late: LateOrCorrect<T, K> },
): Stage<Flow<T, K>, Windowed<T, K>> => notAvailable('calendar', `calendar '${name}'`)
