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
  const { measure, add } = unrolled(folds)
  return {
    initial: () => folds.map(f => f.initial()),
    measure,
    add,
    copied: states => states.map((state, i) => folds[i]!.copy?.(state) ?? state),
    merge(states, more) {
      for (let i = 0; i < folds.length; i++) states[i] = folds[i]!.merge(states[i], more[i])
    },
    result(states) {
      const result: Record<string, unknown> = {}
      for (let i = 0; i < folds.length; i++) result[names[i]!] = folds[i]!.result(states[i])
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

/**
 * What runs for every record, written out fold by fold: so each call has a place of its own and the compiler sees one function there, which it can put in
 * line. In a loop over the folds it sees all of them, and calls (bench/windows.ts: a third of the whole window).
 */
function unrolled(folds: readonly FoldSpec[]): Pick<Accumulate, 'measure' | 'add'> {
  const each = (line: (i: number) => string): string => folds.map((_, i) => line(i)).join('\n')
  const source = `
    ${each(i => `const f${i} = folds[${i}], measure${i} = (value, moment, state) => f${i}.measure(value, moment, state), add${i} = (state, m) => f${i}.add(state, m)`)}
    const measured = [${folds.map(() => 'null').join()}]
    return {
      measure(value, moment, states) {
        ${each(i => `measured[${i}] = measure${i}(value, moment, states[${i}])`)}
        return measured
      },
      add(states, measured) {
        ${each(i => `states[${i}] = add${i}(states[${i}], measured[${i}])`)}
      },
    }`
  return new Function('folds', source)(folds) as Pick<Accumulate, 'measure' | 'add'>
}
