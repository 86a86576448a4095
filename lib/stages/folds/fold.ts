// A fold in two halves: measuring runs the author's function and may throw; adding is ours and does not. All folds of a window measure before
// one of them adds, so that a throwing function leaves no accumulator half changed (S5.4).
import type { Reading } from '../../model/stage.ts'

/** What an author sees of a fold. */
export interface Fold<in T, out R> {
  readonly fold: string
  readonly version: number
  readonly add: (value: T) => void
  readonly result: () => R
}

/** When a value came; the task's cursor is one, so whoever keeps it copies its numbers. */
export interface Moment {
  /** Event time, ms since epoch. */
  readonly at: number
  /**
   * Which record of the task brought it, counted from 1: the order of arrival, also between accumulators that are merged later and across
   * restarts. Values that one record expands into share it.
   */
  readonly ordinal: number
}

/** What the engine sees of it. `S` is plain data. */
export interface FoldSpec<S = unknown, M = unknown> {
  readonly fold: string
  readonly version: number
  /** Settings that make stored states readable; part of the fingerprint. */
  readonly state?: Readonly<Record<string, unknown>>
  /** Printed, may change freely. */
  readonly tuning?: Readonly<Record<string, unknown>>
  /** The author's function that is given the value. */
  readonly reads: Reading | null
  initial(): S
  /**
   * Runs the author's function; throws when the record is to be refused, and then nothing has changed. What it gives may be added to `state`
   * and to no other.
   */
  measure(value: unknown, moment: Moment, state: S): M
  /** May reuse `state`; returns the next one. */
  add(state: S, measured: M): S
  /**
   * Both as one. May reuse `a`, which must be the caller's alone; neither changes `b` nor keeps a part of it that an add would change. Cannot fail:
   * windows are put together where no record is in hand that could be refused. What cannot be merged gives a state whose result is refused, and to
   * which nothing can be added.
   */
  merge(a: S, b: S): S
  /** What the author sees; throws when the result is to be refused, and changes nothing. */
  result(state: S): unknown
  /** A copy that later adds do not reach; needed only of folds whose `add` or `merge` reuses its state. */
  copy?(state: S): S
}

/** Folds by name, as the fingerprint knows them. */
export const formsOf = (names: readonly string[], folds: readonly FoldSpec[]): Readonly<Record<string, object>> =>
  Object.fromEntries(names.map((name, i) => [name, { fold: folds[i]!.fold, version: folds[i]!.version, ...folds[i]!.state }]))
/** Folds by name, as they are printed; null when their forms say all. */
export const tuningsOf = (names: readonly string[], folds: readonly FoldSpec[]): Readonly<Record<string, object>> | null =>
  folds.some(f => f.tuning !== undefined)
    ? Object.fromEntries(Object.entries(formsOf(names, folds)).map(([name, form], i) => [name, { ...form, ...folds[i]!.tuning }]))
    : null

export const fold = <T, R, S, M>(spec: FoldSpec<S, M>): Fold<T, R> => Object.freeze(spec) as unknown as Fold<T, R>
export const foldSpecOf = (f: Fold<never, unknown>): FoldSpec => f as unknown as FoldSpec
