// A fold in two halves: measuring runs the author's function and may throw; adding is ours and does not. All folds of a window measure before
// one of them adds, so that a throwing function leaves no accumulator half changed (S5.4).

/** What an author sees of a fold. */
export interface Fold<in T, out R> {
  readonly fold: string
  readonly version: number
  readonly add: (value: T) => void
  readonly result: () => R
}

/** What the engine sees of it. `S` is plain data. */
export interface FoldSpec<S = unknown, M = unknown> {
  readonly fold: string
  readonly version: number
  /** Settings that make stored states readable; part of the fingerprint. */
  readonly state?: Readonly<Record<string, unknown>>
  readonly reads: ((value: never) => unknown) | null
  initial(): S
  measure(value: unknown, state: S): M
  /** May reuse `state`; returns the next one. */
  add(state: S, measured: M): S
  merge(a: S, b: S): S
  result(state: S): unknown
  /** A copy that later adds do not reach; needed only of folds whose `add` reuses its state. */
  copy?(state: S): S
}

export const fold = <T, R, S, M>(spec: FoldSpec<S, M>): Fold<T, R> => Object.freeze(spec) as unknown as Fold<T, R>
export const foldSpecOf = (f: Fold<never, unknown>): FoldSpec => f as unknown as FoldSpec
