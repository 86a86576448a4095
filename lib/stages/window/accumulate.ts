// The folds of a window taken together: what measures, adds, merges and gives a result.
import { messageOf } from '../../model/errors.ts'
import type { FoldSpec, Moment } from '../folds/fold.ts'

/** The states of all folds of one window, in their order. */
export type States = unknown[]

export interface Accumulate {
  /** Runs the author's functions on the first value; may throw, and then nothing has changed (S5.4). The same array at every call. */
  measureFirst(value: unknown, moment: Moment): readonly unknown[]
  /** The states of the first value, which was measured last. Cannot fail. */
  begun(measured: readonly unknown[]): States
  /** As `measureFirst`, of a further value. */
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

/**
 * Written out fold by fold: so each call has a place of its own and the compiler sees one function there, which it can put in line. In a loop over the folds
 * it sees all of them, and calls (bench/windows.ts). States are born with the first value in them: where all are numbers the engine keeps them as an array
 * of doubles, 48 bytes less and nothing to allocate at an add, which a null before the first value would spoil for ever.
 */
export function accumulate(names: readonly string[], folds: readonly FoldSpec[]): Accumulate {
  const each = (line: (i: number) => string, between = '\n'): string => folds.map((_, i) => line(i)).join(between)
  const calls = (member: 'initial' | 'measure' | 'add' | 'merge' | 'result', args: string): string =>
    each(i => `const ${member}${i} = (${args}) => f${i}.${member}(${args})`)
  const source = `
    ${each(i => `const f${i} = folds[${i}]`)}
    ${calls('initial', '')}
    ${calls('measure', 'value, moment, state')}
    ${calls('add', 'state, m')}
    ${calls('merge', 'a, b')}
    ${calls('result', 'state')}
    const measured = [${each(() => '0', ', ')}]
    const none = [${each(() => 'null', ', ')}]
    return {
      measureFirst(value, moment) {
        ${each(i => `measured[${i}] = measure${i}(value, moment, none[${i}] = initial${i}())`)}
        return measured
      },
      begun: measured => [${each(i => `add${i}(none[${i}], measured[${i}])`, ', ')}],
      measure(value, moment, states) {
        ${each(i => `measured[${i}] = measure${i}(value, moment, states[${i}])`)}
        return measured
      },
      add(states, measured) {
        ${each(i => `states[${i}] = add${i}(states[${i}], measured[${i}])`)}
      },
      copied: states => [${each(i => (folds[i]!.copy === undefined ? `states[${i}]` : `f${i}.copy(states[${i}])`), ', ')}],
      merge(states, more) {
        ${each(i => `states[${i}] = merge${i}(states[${i}], more[${i}])`)}
      },
      result: states => ({ ${each(i => `${named(names[i]!)}: result${i}(states[${i}])`, ', ')} }),
    }`
  const written = new Function('folds', source)(folds) as Omit<Accumulate, 'shown'>
  return { ...written, shown: states => Object.fromEntries(folds.map((fold, i) => [names[i]!, shownResult(fold, states[i])])) }
}

/** A field of an object literal; written plainly one name would set the prototype. */
const named = (name: string): string => (name === '__proto__' ? '["__proto__"]' : JSON.stringify(name))

function shownResult(fold: FoldSpec, state: unknown): unknown {
  try {
    return fold.result(state)
  } catch (error) {
    return `refused: ${messageOf(error)}`
  }
}
