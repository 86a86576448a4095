// How records are put into windows, before a fold makes a stage of it: the assigner's description.
import type { LateRecord } from '../../model/record.ts'
import type { Duration } from '../../model/time.ts'
import type { Target } from '../../model/topic.ts'

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

export interface Windowing {
  readonly kind: 'tumbling'
  readonly name: string
  readonly sizeMs: number
  readonly offsetMs: number
  readonly graceMs: number
  readonly late: LateTarget
}

export type LateTarget =
  | { readonly kind: 'count-and-drop' }
  | { readonly kind: 'record'; readonly target: Target<never> }
  | { readonly kind: 'described'; readonly target: Target<never> }

/** The start of the tumbling window that holds `at`. */
export const windowStart = (at: number, sizeMs: number, offsetMs: number): number =>
  Math.floor((at - offsetMs) / sizeMs) * sizeMs + offsetMs
