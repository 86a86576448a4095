import type { Key } from '../../model/key.ts'
import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { hoppingAssigner } from './assigner.ts'
import { windowed } from './windowed.ts'
import { checkedOptions, checkedSpan, refused, type Timed, timedWords } from './windowing.ts'

/**
 * Windows of `size` that start every `hop`, `[start, end)`, aligned to the epoch plus `offset`: a record counts in every one that holds its time. Each
 * closes when stream time reaches its end plus `grace`; a record that is late for some of them still counts in the others (S3.6).
 * @param name names the state for ever (S5.1)
 * @param o `size` need not be a multiple of `hop`; records are folded once per common divisor of both, so round numbers cost less
 * @throws PLAN_INVALID
 */
export function hopping<T, K extends Key>(
  name: string,
  o: Timed<T, K> & { size: Duration; hop: Duration },
): Stage<Flow<T, K>, Windowed<T, K>> {
  checkedOptions(name, o)
  checkedSpan(name, 'size', o.size)
  checkedSpan(name, 'hop', o.hop)
  if (o.hop > o.size) refused(name, `hops ${o.hop} ms, more than its size of ${o.size} ms: records between two windows would be in none`)
  const { offsetMs, ...words } = timedWords(name, o)
  return windowed({
    form: 'aligned',
    kind: 'hopping',
    name,
    state: { sizeMs: o.size, hopMs: o.hop, offsetMs },
    assigner: hoppingAssigner(o.size, o.hop, offsetMs),
    ...words,
  })
}
