import type { Key } from '../../model/key.ts'
import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { cumulatingAssigner } from './assigner.ts'
import { windowed } from './windowed.ts'
import { checkedOptions, checkedSpan, refused, type Timed, timedWords } from './windowing.ts'

/**
 * Windows that grow by `step` up to `size`: "today so far, every hour". From a key's first record on, every step up to the full size has a result, also
 * those without new records (S3.7). Each step closes when stream time reaches its end plus `grace`.
 * @param name names the state for ever (S5.1)
 * @param o `size` is a multiple of `step`; both are aligned to the epoch plus `offset`
 * @throws PLAN_INVALID
 */
export function cumulating<T, K extends Key>(
  name: string,
  o: Timed<T, K> & { size: Duration; step: Duration },
): Stage<Flow<T, K>, Windowed<T, K>> {
  checkedOptions(name, o)
  checkedSpan(name, 'size', o.size)
  checkedSpan(name, 'step', o.step)
  if (o.size % o.step !== 0) refused(name, `has a size of ${o.size} ms, which is no multiple of its step of ${o.step} ms`)
  const { offsetMs, ...words } = timedWords(name, o)
  return windowed({
    form: 'aligned',
    kind: 'cumulating',
    name,
    state: { sizeMs: o.size, stepMs: o.step, offsetMs },
    assigner: cumulatingAssigner(o.size, o.step, offsetMs),
    ...words,
  })
}
