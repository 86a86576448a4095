import type { Key } from '../../model/key.ts'
import type { Meta } from '../../model/record.ts'
import type { Flow, Stage, TableView } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { notAvailable } from '../not-available.ts'
import type { Right } from './sides.ts'

/**
 * Joins each record with the newest version of its key's row that is not younger than the record (S8). Not in this version.
 * @param _o `notOlderThan`: how old that version may be, `'any'` for no bound
 * @throws STAGE_NOT_AVAILABLE when a flow is piped through it
 */
export const joinAsOf = <T, K extends Key, O, const J extends 'inner' | 'left', U>(
  _table: TableView<O, K, 'versioned'>,
  _o: { kind: J; notOlderThan: Duration | 'any'; with: (value: T, row: Right<O, J>, meta: Meta) => U },
): Stage<Flow<T, K>, Flow<U, K>> => notAvailable('join-as-of', 'joinAsOf()')
