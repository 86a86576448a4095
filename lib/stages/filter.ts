import type { Meta } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { appended } from './flow.ts'
import { synchronous } from './synchronous.ts'

/** Lets pass what `f` says yes to; what it drops still moves stream time on (S2.6). */
export function filter<T, K, U extends T>(f: (value: T, meta: Meta) => value is U): Stage<Flow<T, K>, Flow<U, K>>
export function filter<T, K>(f: (value: T, meta: Meta) => boolean): Stage<Flow<T, K>, Flow<T, K>>
export function filter<T, K>(f: (value: T, meta: Meta) => boolean): Stage<Flow<T, K>, Flow<T, K>> {
  synchronous('filter()', f)
  return appended({
    step: 'filter',
    reads: { by: [f], passes: 'same' },
    open: { does: 'filter', f },
  })
}
