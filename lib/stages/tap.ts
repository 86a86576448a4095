import type { Meta } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { appended } from './flow.ts'
import { synchronous } from './synchronous.ts'

/** Looks, never changes; runs at least once per record (S7). */
export function tap<T, K>(f: (value: T, meta: Meta) => void): Stage<Flow<T, K>, Flow<T, K>> {
  synchronous('tap()', f)
  return appended({
    step: 'tap',
    reads: { by: [f], passes: 'same' },
    open: { does: 'tap', f },
  })
}
