import type { Meta } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { appended } from './flow.ts'
import { synchronous } from './synchronous.ts'

/** One value for one value. `f` must be synchronous and pure (S5.5). */
export function map<T, K, U>(f: (value: T, meta: Meta) => U): Stage<Flow<T, K>, Flow<U, K>> {
  synchronous('map()', f)
  return appended({
    step: 'map',
    reads: { by: [f], passes: 'new' },
    open: { does: 'map', f },
  })
}
