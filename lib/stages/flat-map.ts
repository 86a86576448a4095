import type { Meta } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { appended } from './flow.ts'

/** Any number of values for one; if one of them is refused, the record is refused as a whole. */
export function flatMap<T, K, U>(f: (value: T, meta: Meta) => Iterable<U>): Stage<Flow<T, K>, Flow<U, K>> {
  return appended({
    step: 'flat-map',
    reads: { by: [f], passes: 'new' },
    expands: 'expands',
    open:
      ({ cursor }, down) =>
      value => {
        for (const each of f(value as T, cursor)) down(each)
      },
  })
}
