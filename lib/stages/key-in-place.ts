import { MillraceError } from '../model/errors.ts'
import { isKey, type Key } from '../model/key.ts'
import type { Flow, Stage } from '../model/stage.ts'
import { appended } from './flow.ts'
import { promised, synchronous } from './synchronous.ts'

/** Claims that the new key lives in the partition the record is in already; checked on every new key (KEY_IN_WRONG_PARTITION). */
export function keyInPlace<T, K2 extends Key>(f: (value: T) => K2): Stage<Flow<T, unknown>, Flow<T, K2>> {
  synchronous('keyInPlace()', f)
  return appended({
    step: 'key-in-place',
    reads: { by: [f], passes: 'same' },
    open: (context, down) => {
      const { cursor } = context
      const seen = new Set<Key>()
      return value => {
        const key: unknown = f(value as T)
        if (key instanceof Promise) throw promised('keyInPlace()', key)
        if (!isKey(key)) throw new MillraceError('KEY_MISSING', `keyInPlace() gave ${String(key)}: a key is a string or a number`)
        if (!seen.has(key)) {
          const home = context.homeOf(key)
          if (home !== context.partition) {
            throw new MillraceError(
              'KEY_IN_WRONG_PARTITION',
              `key '${key}' lives in partition ${home}, this record is in ${context.partition}: use keyBy() through a topic`,
            )
          }
          if (seen.size >= REMEMBERED) seen.clear()
          seen.add(key)
        }
        const before = cursor.key
        cursor.key = key
        down(value)
        cursor.key = before
      }
    },
  })
}

/** Checked keys that are remembered; forgetting them only costs checks. */
const REMEMBERED = 100_000
