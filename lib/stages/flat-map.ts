import type { Meta } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { appended } from './flow.ts'
import { promised, synchronous } from './synchronous.ts'

/** Any number of values for one; if one of them is refused, the record is refused as a whole. */
export function flatMap<T, K, U>(f: (value: T, meta: Meta) => Iterable<U>): Stage<Flow<T, K>, Flow<U, K>> {
  synchronous('flatMap()', f)
  return appended({
    step: 'flat-map',
    reads: { by: [f], passes: 'new' },
    expands: 'expands',
    open:
      ({ cursor }, down) =>
      value => {
        const all = f(value as T, cursor)
        if (all instanceof Promise) throw promised('flatMap()', all)
        for (const each of all) {
          if (each instanceof Promise) throw promised('flatMap()', each)
          down(each)
        }
      },
  })
}
