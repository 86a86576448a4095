// How records are put into windows, before a fold makes a stage of it: the words that windows share and the assigner's description.
import { inspect } from 'node:util'
import { MillraceError } from '../../model/errors.ts'
import type { LateRecord } from '../../model/record.ts'
import type { Duration } from '../../model/time.ts'
import type { Target } from '../../model/topic.ts'
import type { Assigner } from './assigner.ts'

/** Where a record goes that missed its windows (S3.4). */
export type Late<T, K> = 'count-and-drop' | Target<NoInfer<T>> | { readonly to: Target<LateRecord<NoInfer<T>, NoInfer<K>>> }
export type LateOrCorrect<T, K> = Late<T, K> | { readonly correct: Duration }
/** The words every timed window needs: grace and late have no default, because their defaults would be meanings (S3.2). */
export interface Timed<T, K> {
  grace: Duration
  late: LateOrCorrect<T, K>
  /** Alignment: windows start at the epoch plus this; default 0. */
  offset?: Duration
}

interface Windows {
  /** Printed as the step: tumbling, hopping, … */
  readonly kind: string
  readonly name: string
  /** What makes stored state readable, besides the folds (S5.7). */
  readonly state: Readonly<Record<string, unknown>>
  readonly graceMs: number
  readonly late: LateTarget
}
/** Windows whose bounds follow from the time alone. */
export interface AlignedWindowing extends Windows {
  readonly form: 'aligned'
  readonly assigner: Assigner
  /** How long a closed window can be corrected; 0: not at all. */
  readonly keepMs: number
}
/** Windows whose bounds follow from the key's records. */
export interface SessionWindowing extends Windows {
  readonly form: 'session'
  readonly gapMs: number
  readonly longestMs: number
}
export type Windowing = AlignedWindowing | SessionWindowing

export type LateTarget =
  | { readonly kind: 'count-and-drop' }
  | { readonly kind: 'record'; readonly target: Target<never> }
  | { readonly kind: 'described'; readonly target: Target<never> }

/** The options of a window that was written without a compiler to look at them. @throws PLAN_INVALID when there are none */
export function checkedOptions(window: string, o: unknown): void {
  if (typeof o !== 'object' || o === null) refused(window, `needs its options as an object, not ${shown(o)}`)
}
/** @throws PLAN_INVALID unless it is a whole number of milliseconds above 0 */
export function checkedSpan(window: string, what: string, ms: unknown): void {
  if (!Number.isSafeInteger(ms) || (ms as number) <= 0)
    refused(window, `has a ${what} of ${shown(ms)} ms: a whole number above 0 is needed`)
}
/** As checkedSpan, but 0 is one too. */
function checkedFromZero(window: string, what: string, ms: unknown): void {
  if (!Number.isSafeInteger(ms) || (ms as number) < 0) refused(window, `has ${what} of ${shown(ms)} ms: a whole number from 0 is needed`)
}

/** Grace, offset and late: what all aligned windows say. @throws PLAN_INVALID */
export function timedWords(
  window: string,
  o: Timed<never, never>,
): Pick<AlignedWindowing, 'graceMs' | 'late' | 'keepMs'> & { readonly offsetMs: number } {
  const { offset = 0 } = o
  checkedFromZero(window, 'an offset', offset)
  const late: unknown = o.late
  if (typeof late === 'object' && late !== null && 'correct' in late) {
    checkedSpan(window, 'time to be corrected', late.correct)
    return { graceMs: graceOf(window, o.grace), offsetMs: offset, late: { kind: 'count-and-drop' }, keepMs: late.correct as number }
  }
  return {
    graceMs: graceOf(window, o.grace),
    offsetMs: offset,
    late: lateTarget(window, late, "'count-and-drop', a topic, { to: topic } or { correct: duration }"),
    keepMs: 0,
  }
}
/** The grace of a window. @throws PLAN_INVALID */
export function graceOf(window: string, grace: unknown): number {
  checkedFromZero(window, 'a grace', grace)
  return grace as number
}
/** Where late records go. @throws PLAN_INVALID for none of `words` */
export function lateTarget(window: string, late: unknown, words: string): LateTarget {
  if (late === 'count-and-drop') return { kind: 'count-and-drop' }
  if (isTarget(late)) return { kind: 'record', target: late }
  if (typeof late === 'object' && late !== null && 'to' in late && isTarget(late.to)) return { kind: 'described', target: late.to }
  return refused(window, `says late: ${shown(late)}, which is none of ${words}`)
}
const isTarget = (t: unknown): t is Target<never> => typeof t === 'object' && t !== null && 'to' in t && typeof t.to === 'string'

export function refused(window: string, what: string): never {
  throw new MillraceError('PLAN_INVALID', `window '${window}' ${what}`)
}
/** As its author would write it, on one line. */
export const shown = (value: unknown): string => inspect(value, { depth: 1, breakLength: Infinity })
