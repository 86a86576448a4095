// When a window's results come out (S4).
import type { WindowResult } from '../../model/record.ts'
import type { Key } from '../../model/key.ts'
import type { Duration } from '../../model/time.ts'
import type { Push, StageContext } from '../context.ts'
import type { Accumulate, Cells } from './accumulate.ts'
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
export const closingRevision = (emit: Emit, folded: number, told: number): number => (emit === 'on-close' && told === 0 ? 1 : folded + 1)

/**
 * Sends results on, each for itself: a refused one is its own dead letter, and so is one whose fold refuses to give it; the record that made it due is
 * innocent (S6.1).
 */
export class Emitter {
  readonly #context: StageContext
  readonly #name: string
  readonly #complete: () => void
  #result: WindowResult<unknown, Key> | null = null
  #cells: Cells | null = null
  #at = 0
  constructor(context: StageContext, down: Push, name: string, folds: Accumulate) {
    this.#context = context
    this.#name = name
    this.#complete = () => {
      const result = this.#result as { value: unknown }
      if (this.#cells !== null) result.value = folds.result(this.#cells, this.#at)
      down(result)
    }
  }
  /**
   * @param time the result's event time
   * @param cells where the states are that give its value, from `at` on; null: a retraction
   */
  send(result: Unvalued, time: number, cells: Cells | null, at: number): void {
    this.#result = result
    this.#cells = cells
    this.#at = at
    this.#context.result(this.#complete, result, result.key, time, this.#name)
  }
}
/** A result whose value is still to come. */
type Unvalued = WindowResult<null, Key>

/** The event time of an unfinished result: never ahead of its window's end (S3.8). */
export const unfinishedAt = (start: number, end: number, streamTime: number): number =>
  streamTime === -Infinity ? start : Math.min(end - 1, streamTime)
