import { MillraceError } from '../model/errors.ts'
import { isKey, type Key } from '../model/key.ts'
import type { Flow, Stage } from '../model/stage.ts'
import type { Duration } from '../model/time.ts'
import { SeenStore } from '../state/seen-store.ts'
import { appended } from './flow.ts'
import { promised, synchronous } from './synchronous.ts'

/**
 * Of the records of a key that agree in `by` only the first passes, in offset order; those that come while stream time is not more than `within` beyond it
 * are dropped and counted (`millrace_dropped_records_total`). Those that are dropped do not prolong it. What is remembered stays in memory as a
 * whole: choose `within` as long as duplicates are apart, not longer.
 * @param name names the state for ever (S5.1)
 * @param o `version`: raise it when `by` means something else; `by`: text or a number (1 and '1' differ)
 * @throws KEY_MISSING (as a dead letter) without a key, or when `by` gives neither
 */
export function distinct<T, K extends Key>(
  name: string,
  o: { version: number; by: (value: T) => string | number; within: Duration },
): Stage<Flow<T, K>, Flow<T, K>> {
  const { by, within } = o
  synchronous(`distinct '${name}': by`, by)
  return appended({
    step: 'distinct',
    name,
    version: o.version,
    state: {},
    tuning: { withinMs: within },
    reads: { by: [by], passes: 'same' },
    open: (context, down) => {
      const { cursor, clock, undo } = context
      const store = new SeenStore(name, within)
      context.keep(store)
      return value => {
        const { key } = cursor
        if (key === null) throw new MillraceError('KEY_MISSING', `distinct '${name}' needs a key`)
        const what: unknown = by(value as T)
        if (what instanceof Promise) throw promised(`distinct '${name}': by`, what)
        if (!isKey(what)) throw new MillraceError('KEY_MISSING', `distinct '${name}': by gave ${String(what)}: text or a number is needed`)
        if (store.see(key, what, Math.max(clock.time, cursor.at), undo) === 'first') down(value)
        else context.dropped(name)
      }
    },
  })
}
