// What windows must give, written from the rules S3 and S4 alone: every record is looked at again and again, nothing is fast, no code of ours is used.
// A record carries a weight of its own, so that the sum of a window says exactly which records are in it.

export type Key = string | number
export interface Timed {
  readonly key: Key
  readonly at: number
  readonly weight: bigint
}
export type Emit = 'on-close' | 'on-update' | { readonly every: number }
interface Words {
  readonly grace: number
  readonly emit: Emit
}
export interface AlignedWords extends Words {
  readonly kind: 'tumbling' | 'hopping' | 'cumulating'
  readonly size: number
  /** Between starts of hopping windows; between ends of cumulating ones. */
  readonly hop: number
  readonly offset: number
  /** `late: { correct }`; 0 without. */
  readonly keep: number
}
export interface SessionWords extends Words {
  readonly kind: 'session'
  readonly gap: number
  readonly longest: number
}
export type WindowWords = AlignedWords | SessionWords

export type Cause = 'close' | 'idle' | 'drain' | 'update' | 'tick' | 'late' | 'merged'
export interface Result {
  readonly key: Key
  readonly start: number
  readonly end: number
  readonly revision: number
  readonly cause: Cause
  readonly final: boolean
  /** Null takes back. */
  readonly value: { readonly n: number; readonly sum: bigint } | null
  /** Event time (S3.8). */
  readonly at: number
}
export interface Bounds {
  readonly start: number
  readonly end: number
}
export interface LateCall extends Timed {
  readonly missed: readonly Bounds[]
  readonly lateBy: number
  /** Whether it counts in other windows. */
  readonly share: 'some' | 'all'
}
export type Taken = { readonly results: readonly Result[]; readonly late: LateCall | null }

/** One window stage of one task. */
export interface WindowStage {
  /** By how much results may come behind stream time (S2.6). */
  readonly lag: number
  /** Whether the record would count in a window, or missed all of its windows, or is in none (S3.1). */
  looksAt(record: Timed): 'counts' | 'late' | 'in none'
  /** S3.3 to S3.6. Stream time does not move. */
  take(record: Timed): Taken
  /** Stream time goes on: closings (S3.9) and ticks (S4.3). */
  advance(to: number, cause: Cause): readonly Result[]
  /** S4.2. */
  turnEnd(): readonly Result[]
  /** Stream time at which everything that is open now would be closed; −∞ when nothing is. */
  horizon(): number
}

// ---- what both kinds share

export interface Sum {
  n: number
  sum: bigint
}
export const seen = ({ n, sum }: Sum): { n: number; sum: bigint } => ({ n, sum })
/** Numbers stand before texts. */
const kindOf = (key: Key): number => (typeof key === 'number' ? 0 : 1)
const byKey = (a: Key, b: Key): number => kindOf(a) - kindOf(b) || (a < b ? -1 : a > b ? 1 : 0)
export const byEndAndKey = (a: { end: number; key: Key }, b: { end: number; key: Key }): number => a.end - b.end || byKey(a.key, b.key)
/** The first tick after `time`; before stream time has begun there is none. */
export const tickAfter = ({ emit }: Words, time: number): number =>
  typeof emit === 'object' && time !== -Infinity ? (Math.floor(time / emit.every) + 1) * emit.every : Infinity
