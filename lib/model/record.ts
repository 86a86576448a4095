// What a function may know about the record in hand, and what windows give.
import type { Decimal } from './decimal.ts'
import type { Headers } from './record-batch.ts'

export type { Headers }

declare const unkeyed: unique symbol
/** What the type of a flow says while it has no key. Its name is the compiler's advice. */
export interface Unkeyed {
  readonly [unkeyed]: 'add keyBy() first'
}

/** What a function may know about the record it is given. */
export interface Meta {
  /** Event time, ms since epoch. */
  readonly at: number
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly headers: Headers
}

/** Why a result came out: its window closed (by data, by idleness, by a drain), was updated, ticked, corrected or merged away. */
export type Cause = 'close' | 'idle' | 'update' | 'tick' | 'late' | 'merged' | 'drain'
/** S4.5 */
export interface WindowResult<R, K> {
  readonly key: K
  /** ms since epoch, inclusive. */
  readonly start: number
  /** ms since epoch, exclusive. */
  readonly end: number
  /** 1, 2, 3 … per (key, window); a table keeps the highest. */
  readonly revision: number
  readonly cause: Cause
  /** No higher revision follows. */
  readonly final: boolean
  readonly value: R
}
/** Bounds of a window that a record missed, ms since epoch. */
export interface Missed {
  readonly start: number
  readonly end: number
}
/** A record that missed windows, as `late: { to }` sends it (S3.4). */
export interface LateRecord<T, K> {
  readonly key: K
  readonly value: T
  readonly at: number
  /** ms between the last missed window's end plus grace and stream time. */
  readonly lateBy: number
  readonly missed: readonly Missed[]
}

/** What may be kept in state: plain data, nothing with behaviour (it must survive the ledger byte for byte). */
type Behaviour = Date | Map<unknown, unknown> | Set<unknown> | Promise<unknown> | RegExp | ((...a: never[]) => unknown)
export type Storable<S> = S extends string | number | bigint | boolean | null | undefined | Uint8Array | Decimal
  ? S
  : S extends Behaviour
    ? 'state must be plain data'
    : { readonly [P in keyof S]: Storable<S[P]> }
export type Stored<S> = [S] extends [Storable<S>] ? unknown : { readonly initial: 'state must be plain data' }
