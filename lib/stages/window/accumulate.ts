// The folds of a window taken together: what measures, adds, merges and gives a result.
import { messageOf } from '../../model/errors.ts'
import type { FoldSpec, Moment } from '../folds/fold.ts'

/** The states of all folds of one window, in their order. */
export type States = unknown[]
/** Where states lie: an array of their own, or the rows of a pane (lib/state/rows.ts). They begin at `at`. */
export type Cells = unknown[]

export interface Accumulate {
  /** How many states there are. */
  readonly states: number
  /** Runs the author's functions on the first value; may throw, and then nothing has changed (S5.4). The same array at every call. */
  measureFirst(value: unknown, moment: Moment): readonly unknown[]
  /** The states of the first value, which was measured last. Cannot fail. */
  begun(measured: readonly unknown[]): States
  /** As `begun`, in cells that may be the next of `cells`. */
  begin(cells: Cells, at: number, measured: readonly unknown[]): void
  /** As `measureFirst`, of a further value. */
  measure(value: unknown, moment: Moment, cells: Cells, at: number): readonly unknown[]
  /** Cannot fail; `measured` must be of these states. */
  add(cells: Cells, at: number, measured: readonly unknown[]): void
  /** States that later adds and merges do not reach. */
  copied(cells: Cells, at: number): States
  /** As `copied`, in cells that may be the next of `into`. */
  copy(into: Cells, to: number, cells: Cells, at: number): void
  /** Merges `more` into `cells`, which must be a copy. Cannot fail. */
  merge(cells: Cells, at: number, more: Cells, from: number): void
  /** @throws when a fold refuses its result */
  result(cells: Cells, at: number): Record<string, unknown>
  /** The result for people to look at: a refused one is its reason. */
  shown(cells: Cells, at: number): Record<string, unknown>
}

/**
 * Written out fold by fold: so each call has a place of its own and the compiler sees one function there, which it can put in line. In a loop over the folds
 * it sees all of them, and calls (bench/windows.ts). States are born with the first value in them: where all are numbers the engine keeps them as doubles
 * side by side, with nothing to allocate at an add, which a null before the first value would spoil for ever.
 */
export function accumulate(names: readonly string[], folds: readonly FoldSpec[]): Accumulate {
  const each = (line: (i: number) => string, between = '\n'): string => folds.map((_, i) => line(i)).join(between)
  const list = (item: (i: number) => string): string => each(item, ', ')
  const calls = (member: 'initial' | 'measure' | 'add' | 'merge' | 'result', args: string): string =>
    each(i => `const ${member}${i} = (${args}) => f${i}.${member}(${args})`)
  const first = (i: number): string => `add${i}(none[${i}], measured[${i}])`
  const copy = (i: number): string => (folds[i]!.copy === undefined ? `cells[at + ${i}]` : `f${i}.copy(cells[at + ${i}])`)
  const source = `
    ${each(i => `const f${i} = folds[${i}]`)}
    ${calls('initial', '')}
    ${calls('measure', 'value, moment, state')}
    ${calls('add', 'state, m')}
    ${calls('merge', 'a, b')}
    ${calls('result', 'state')}
    const measured = [${list(() => '0')}]
    const none = [${list(() => 'null')}]
    return {
      states: folds.length,
      measureFirst(value, moment) {
        ${each(i => `measured[${i}] = measure${i}(value, moment, none[${i}] = initial${i}())`)}
        return measured
      },
      begun: measured => [${list(first)}],
      begin(cells, at, measured) {
        ${each(i => `cells[at + ${i}] = ${first(i)}`)}
      },
      measure(value, moment, cells, at) {
        ${each(i => `measured[${i}] = measure${i}(value, moment, cells[at + ${i}])`)}
        return measured
      },
      add(cells, at, measured) {
        ${each(i => `cells[at + ${i}] = add${i}(cells[at + ${i}], measured[${i}])`)}
      },
      copied: (cells, at) => [${list(copy)}],
      copy(into, to, cells, at) {
        ${each(i => `into[to + ${i}] = ${copy(i)}`)}
      },
      merge(cells, at, more, from) {
        ${each(i => `cells[at + ${i}] = merge${i}(cells[at + ${i}], more[from + ${i}])`)}
      },
      result: (cells, at) => ({ ${list(i => `${named(names[i]!)}: result${i}(cells[at + ${i}])`)} }),
    }`
  const written = new Function('folds', source)(folds) as Omit<Accumulate, 'shown'>
  return { ...written, shown: (cells, at) => Object.fromEntries(folds.map((fold, i) => [names[i]!, shownResult(fold, cells[at + i])])) }
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
