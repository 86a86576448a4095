// When a window's results come out (S4).
import type { Cause, WindowResult } from '../../model/record.ts'
import type { Key } from '../../model/key.ts'
import type { Duration } from '../../model/time.ts'
import type { Push, StageContext } from '../context.ts'
import type { Accumulate } from './accumulate.ts'
import { refused, shown } from './windowing.ts'

/**
 * `'on-close'`: one result per key and window, when it closes. `'on-update'`: also one per turn in which records came. `{ every }`: also one per tick of
 * stream time, at multiples of `every`, if records came since the last. How many updates there are hangs on the turns: whatever counts or sums results behind
 * `'on-update'` should look at the final ones alone.
 */
export type Emit = 'on-close' | 'on-update' | { readonly every: Duration }

/** @throws PLAN_INVALID for a word that is none */
export function checkedEmit(window: string, emit: unknown): Emit {
  if (emit === 'on-close' || emit === 'on-update') return emit
  const every = typeof emit === 'object' && emit !== null ? (emit as { every?: unknown }).every : undefined
  if (Number.isSafeInteger(every) && (every as number) > 0) return emit as Emit
  return refused(window, `says emit: ${shown(emit)}, which is none of 'on-close', 'on-update' or { every: a duration above 0 }`)
}

export const emitWords = (emit: Emit): string => (typeof emit === 'string' ? emit : `every ${emit.every} ms`)

/**
 * The revision of the result that ends a window: one above its last possible update, whatever the batches were (S4.2); 1 when it has none, which is no
 * longer so if it was told of before `emit` was changed (S5.7).
 */
export const closingRevision = (emit: Emit, { folded, told }: { readonly folded: number; readonly told: number }): number =>
  emit === 'on-close' && told === 0 ? 1 : folded + 1

/**
 * Sends results on, each for itself: a refused one is its own dead letter, and so is one whose fold refuses to give it; the record that made it due is
 * innocent (S6.1).
 */
export class Emitter {
  readonly #context: StageContext
  readonly #name: string
  readonly #complete: () => void
  #result: WindowResult<unknown, Key> | null = null
  #states: readonly unknown[] | null = null
  constructor(context: StageContext, down: Push, name: string, folds: Accumulate) {
    this.#context = context
    this.#name = name
    this.#complete = () => {
      const result = this.#result as { value: unknown }
      if (this.#states !== null) result.value = folds.result(this.#states)
      down(result)
    }
  }
  /** @param states null: a retraction */
  send(window: Bounds, revision: number, cause: Cause, final: boolean, states: readonly unknown[] | null, at: number): void {
    const { key, start, end } = window
    const result = { key, start, end, revision, cause, final, value: null }
    this.#result = result
    this.#states = states
    this.#context.result(this.#complete, result, key, at, this.#name)
  }
}
interface Bounds {
  readonly key: Key
  readonly start: number
  readonly end: number
}

/** The event time of an unfinished result: never ahead of its window's end (S3.8). */
export const unfinishedAt = (start: number, end: number, streamTime: number): number =>
  streamTime === -Infinity ? start : Math.min(end - 1, streamTime)
