import { MillraceError } from '../../model/errors.ts'
import type { Key } from '../../model/key.ts'
import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import type { Target } from '../../model/topic.ts'
import { applied, flowOf, WindowedNode } from '../flow.ts'
import type { LateOrCorrect, LateTarget, Timed } from './windowing.ts'

/**
 * Windows of `size` side by side, `[start, end)`, aligned to the epoch plus `offset`; each closes when stream time reaches its end plus `grace`.
 * @param name names the state for ever (S5.1)
 */
export function tumbling<T, K extends Key>(name: string, o: Timed<T, K> & { size: Duration }): Stage<Flow<T, K>, Windowed<T, K>> {
  if (!(o.size > 0)) throw new MillraceError('PLAN_INVALID', `window '${name}' has a size of ${o.size} ms: more than 0 is needed`)
  const late = lateTarget(name, o.late as LateOrCorrect<unknown, unknown>)
  return applied(
    'tumbling',
    shape =>
      new WindowedNode(flowOf(shape, 'tumbling').node, {
        kind: 'tumbling',
        name,
        sizeMs: o.size,
        offsetMs: o.offset ?? 0,
        graceMs: o.grace,
        late,
      }),
  )
}

function lateTarget(name: string, late: LateOrCorrect<unknown, unknown>): LateTarget {
  if (late === 'count-and-drop') return { kind: 'count-and-drop' }
  if ('correct' in late)
    throw new MillraceError('STAGE_NOT_AVAILABLE', `window '${name}': late: { correct } is not available in this version`)
  if (typeof late.to === 'string') return { kind: 'record', target: late as Target<never> }
  return { kind: 'described', target: late.to as Target<never> }
}
