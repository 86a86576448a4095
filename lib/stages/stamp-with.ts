import { MillraceError } from '../model/errors.ts'
import type { Meta } from '../model/record.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { appended } from './flow.ts'
import { promised, synchronous } from './synchronous.ts'

/**
 * The event time of what follows; the default is the topic's. Stream time stays the task's: a stamp in its past may be late for a window.
 * @throws EVENT_TIME_INVALID (as a dead letter) unless `f` gives whole non-negative milliseconds
 */
export function stampWith<T, K>(f: (value: T, meta: Meta) => number): Stage<Flow<T, K>, Flow<T, K>> {
  synchronous('stampWith()', f)
  return appended({
    step: 'stamp-with',
    reads: { by: [f], passes: 'same' },
    open:
      ({ cursor }, down) =>
      value => {
        const before = cursor.at
        const at: unknown = f(value as T, cursor)
        if (at instanceof Promise) throw promised('stampWith()', at)
        if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0)
          throw new MillraceError('EVENT_TIME_INVALID', `stampWith() gave ${String(at)}: whole milliseconds since 1970 are needed`)
        cursor.at = at
        down(value)
        cursor.at = before
      },
  })
}
