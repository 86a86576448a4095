// Folds by themselves, without windows: what a task does with them, in plain code.
import fc from 'fast-check'
import { Arena } from '#lib/model/arena.ts'
import { type Fold, isMillraceError } from '#lib/index.ts'
import { type FoldSpec, foldSpecOf } from '#lib/stages/folds/fold.ts'
import { readValue, writeValue } from '#lib/state/value-codec.ts'

export interface Given<V> {
  readonly value: V
  readonly at: number
  readonly ordinal: number
}
/** Values of records that arrive one after the other, a few of them at the same event time. */
export const arriving = <V>(value: fc.Arbitrary<V>, maxLength = 40): fc.Arbitrary<Given<V>[]> =>
  fc
    .array(fc.record({ value, at: fc.nat(12) }), { minLength: 1, maxLength })
    .map(records => records.map(({ value, at }, i) => ({ value, at, ordinal: i + 1 })))
/** Values that arrive in this order, a millisecond each. */
export const inOrder = <V>(...values: readonly V[]): Given<V>[] => values.map((value, i) => ({ value, at: i, ordinal: i + 1 }))

export const specOf = (f: Fold<never, unknown>): FoldSpec => foldSpecOf(f)
/** @throws what the fold refuses a value with */
export function folded(spec: FoldSpec, given: readonly Given<unknown>[], from = spec.initial()): unknown {
  let state = from
  for (const each of given) state = spec.add(state, spec.measure(each.value, each, state))
  return state
}
export const resultOf = <R>(f: Fold<never, R>, given: readonly Given<unknown>[]): R => specOf(f).result(folded(specOf(f), given)) as R

/** A copy that adds and merges do not reach, as the engine makes them. */
export const copyOf = (spec: FoldSpec, state: unknown): unknown => (spec.copy === undefined ? state : spec.copy(state))
export const bytesOf = (state: unknown): Buffer => {
  const arena = new Arena(64)
  writeValue(arena, state)
  return arena.copy()
}
export const throughBytes = (state: unknown): unknown => readValue(bytesOf(state))

/** Some way to take values apart and to put the accumulators of the parts together again. */
export interface Way {
  /** Which part the value in this place goes to. */
  readonly parts: readonly number[]
  /** Which two neighbours are merged next, and which of them is `a`. */
  readonly merges: readonly { readonly at: number; readonly a: 'left' | 'right' }[]
}
export const anyWay: fc.Arbitrary<Way> = fc.record({
  parts: fc.array(fc.nat(5), { minLength: 40, maxLength: 40 }),
  merges: fc.array(fc.record({ at: fc.nat(5), a: fc.constantFrom('left', 'right') }), { minLength: 6, maxLength: 6 }),
})
export function foldedApart(spec: FoldSpec, given: readonly Given<unknown>[], { parts, merges }: Way): unknown {
  const states = Array.from({ length: 6 }, (_, part) =>
    folded(
      spec,
      given.filter((_each, i) => parts[i] === part),
    ),
  )
  for (let i = 0; states.length > 1; i++) {
    const { at, a } = merges[i]!
    const place = at % (states.length - 1)
    const [left, right] = states.splice(place, 2)
    states.splice(place, 0, a === 'left' ? spec.merge(copyOf(spec, left), right) : spec.merge(copyOf(spec, right), left))
  }
  return states[0]
}

export const codeOf = (f: () => unknown): string => {
  try {
    f()
  } catch (error) {
    return isMillraceError(error) ? error.code : String(error)
  }
  return 'nothing'
}
