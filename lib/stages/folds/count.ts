import { fold, type Fold } from './fold.ts'

/** Number of records. */
export const count = (): Fold<unknown, number> =>
  fold<unknown, number, number, null>({
    fold: 'count',
    version: 1,
    reads: null,
    initial: () => 0,
    measure: () => null,
    add: state => state + 1,
    merge: (a, b) => a + b,
    result: state => state,
  })
