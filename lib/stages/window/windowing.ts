// How records are put into windows, before a fold makes a stage of it: the words that windows share and the assigner's description.
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

/** What `late` says: where records go, and how long closed windows are corrected. */
export function lateWords(late: LateOrCorrect<unknown, unknown>): { readonly late: LateTarget; readonly keepMs: number } {
  if (late === 'count-and-drop') return { late: { kind: 'count-and-drop' }, keepMs: 0 }
  if ('correct' in late) return { late: { kind: 'count-and-drop' }, keepMs: late.correct }
  if (typeof late.to === 'string') return { late: { kind: 'record', target: late as Target<never> }, keepMs: 0 }
  return { late: { kind: 'described', target: late.to as Target<never> }, keepMs: 0 }
}

/** @throws PLAN_INVALID unless it is a whole number of milliseconds above 0 */
export function checkedSpan(window: string, what: string, ms: number): void {
  if (!Number.isSafeInteger(ms) || ms <= 0)
    throw new MillraceError('PLAN_INVALID', `window '${window}' has a ${what} of ${String(ms)} ms: a whole number above 0 is needed`)
}

/** The grace of a window. @throws PLAN_INVALID */
export function checkedGrace(window: string, ms: number): void {
  if (!Number.isSafeInteger(ms) || ms < 0)
    throw new MillraceError('PLAN_INVALID', `window '${window}' has a grace of ${String(ms)} ms: a whole number from 0 is needed`)
}
