import type { Key } from '../../model/key.ts'
import type { Meta } from '../../model/record.ts'
import type { Flow, Stage, TableView } from '../../model/stage.ts'
import { notAvailable } from '../not-available.ts'
import type { Right } from './sides.ts'

/**
 * Joins each record with the row of its key: as of the record's event time when the table is versioned, else by arrival (S8). Not in this version.
 * @throws STAGE_NOT_AVAILABLE when a flow is piped through it
 */
export const joinTable = <T, K extends Key, O, const J extends 'inner' | 'left', U>(
  _table: TableView<O, K>,
  _o: { kind: J; with: (value: T, row: Right<O, J>, meta: Meta) => U },
): Stage<Flow<T, K>, Flow<U, K>> => notAvailable('join-table', 'joinTable()')
