import type { Key } from '../../model/key.ts'
import type { Flow, Stage, Windowed } from '../../model/stage.ts'
import type { Duration } from '../../model/time.ts'
import { windowed } from './windowed.ts'
import { checkedOptions, checkedSpan, graceOf, type Late, lateTarget, refused } from './windowing.ts'

/**
 * Sessions: a key's records that are at most `gap` apart, `[first, last + gap)`; two that are exactly `gap` apart are one session. A session closes when
 * stream time has passed its end plus `grace`; a closed one is never opened again (S3.5), so there is no `correct`.
 *
 * In results a session is known by (key, start). With `emit: 'on-update'` or `{ every }` a session that was told may become part of an earlier one: then a
 * result with `value: null` and cause `merged` takes it back.
 * @param name names the state for ever (S5.1)
 * @param o `longest`: no session spans more than this, gap included; what would make it longer begins another one. Default: no bound
 * @throws PLAN_INVALID
 */
export function session<T, K extends Key>(
  name: string,
  o: { gap: Duration; grace: Duration; late: Late<T, K>; longest?: Duration },
): Stage<Flow<T, K>, Windowed<T, K, 'merging'>> {
  checkedOptions(name, o)
  checkedSpan(name, 'gap', o.gap)
  const graceMs = graceOf(name, o.grace)
  if (typeof o.late === 'object' && o.late !== null && 'correct' in o.late)
    refused(name, 'has sessions: a closed one is not opened again, so late: { correct } is not for it')
  const late = lateTarget(name, o.late, "'count-and-drop', a topic or { to: topic }")
  if (o.longest !== undefined) {
    checkedSpan(name, 'longest session', o.longest)
    if (o.longest < o.gap) refused(name, `has a longest session of ${o.longest} ms, which cannot be shorter than its gap of ${o.gap} ms`)
  }
  return windowed({
    form: 'session',
    kind: 'session',
    name,
    state: { gapMs: o.gap, ...(o.longest === undefined ? {} : { longestMs: o.longest }) },
    gapMs: o.gap,
    longestMs: o.longest ?? Infinity,
    graceMs,
    late,
  })
}
