import type { Key } from '../../model/key.ts'
import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { tumblingAssigner } from './assigner.ts'
import { windowed } from './windowed.ts'
import { checkedOptions, checkedSpan, type Timed, timedWords } from './windowing.ts'

/**
 * Windows of `size` side by side, `[start, end)`, aligned to the epoch plus `offset`; each closes when stream time reaches its end plus `grace`.
 * @param name names the state for ever (S5.1)
 * @throws PLAN_INVALID
 */
export function tumbling<T, K extends Key>(name: string, o: Timed<T, K> & { size: Duration }): Stage<Flow<T, K>, Windowed<T, K>> {
  checkedOptions(name, o)
  checkedSpan(name, 'size', o.size)
  const { offsetMs, ...words } = timedWords(name, o)
  return windowed({
    form: 'aligned',
    kind: 'tumbling',
    name,
    state: { sizeMs: o.size, offsetMs },
    assigner: tumblingAssigner(o.size, offsetMs),
    ...words,
  })
}
