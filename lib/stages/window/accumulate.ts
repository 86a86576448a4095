// The folds of a window taken together: what measures, adds, merges and gives a result.
import { messageOf } from '../../model/errors.ts'
import type { FoldSpec, Moment } from '../folds/fold.ts'

/** The states of all folds of one window, in their order. */
export type States = unknown[]

export interface Accumulate {
  initial(): States
  /** Runs the author's functions; may throw, and then nothing has changed (S5.4). The same array at every call. */
  measure(value: unknown, moment: Moment, states: readonly unknown[]): readonly unknown[]
  /** Cannot fail; `measured` must be of these states. */
  add(states: States, measured: readonly unknown[]): void
  /** States that later adds and merges do not reach. */
  copied(states: readonly unknown[]): States
  /** Merges `more` into `states`, which must be a copy. Cannot fail. */
  merge(states: States, more: readonly unknown[]): void
  /** @throws when a fold refuses its result */
  result(states: readonly unknown[]): Record<string, unknown>
  /** The result for people to look at: a refused one is its reason. */
  shown(states: readonly unknown[]): Record<string, unknown>
}

export function accumulate(names: readonly string[], folds: readonly FoldSpec[]): Accumulate {
  const n = folds.length
  const measured: unknown[] = new Array(n).fill(null)
  return {
    initial: () => folds.map(f => f.initial()),
    measure(value, moment, states) {
      for (let i = 0; i < n; i++) measured[i] = folds[i]!.measure(value, moment, states[i])
      return measured
    },
    add(states, m) {
      for (let i = 0; i < n; i++) states[i] = folds[i]!.add(states[i], m[i])
    },
    copied: states => states.map((state, i) => folds[i]!.copy?.(state) ?? state),
    merge(states, more) {
      for (let i = 0; i < n; i++) states[i] = folds[i]!.merge(states[i], more[i])
    },
    result(states) {
      const result: Record<string, unknown> = {}
      for (let i = 0; i < n; i++) result[names[i]!] = folds[i]!.result(states[i])
      return result
    },
    shown(states) {
      const result: Record<string, unknown> = {}
      for (let i = 0; i < n; i++) {
        try {
          result[names[i]!] = folds[i]!.result(states[i])
        } catch (error) {
          result[names[i]!] = `refused: ${messageOf(error)}`
        }
      }
      return result
    },
  }
}
