import { fold, type Fold } from './fold.ts'

/** Number of records. */
export const count = (): Fold<unknown, number> =>
  fold<unknown, number, number, number>({
    fold: 'count',
    version: 1,
    reads: null,
    initial: () => 0,
    measure: () => 1,
    add: (state, n) => state + n,
    merge: (a, b) => a + b,
    result: state => state,
  })
