// Durations carry their unit in the type: a bare number is refused by the compiler.
import { MillraceError } from './errors.ts'

declare const milliseconds: unique symbol
/** A span of time in whole milliseconds, 0 … 2^53 − 1. */
export type Duration = number & { readonly [milliseconds]: true }

const duration = (n: number, unit: number, name: string): Duration => {
  const ms = n * unit
  if (!Number.isSafeInteger(ms) || ms < 0) {
    throw new MillraceError('DURATION_INVALID', `${name}(${n}) is not a whole, non-negative number of milliseconds`)
  }
  return ms as Duration
}

/** `n` milliseconds. @throws DURATION_INVALID when it is negative or not a whole number of milliseconds (as all five). */
export const millis = (n: number): Duration => duration(n, 1, 'millis')
export const seconds = (n: number): Duration => duration(n, 1_000, 'seconds')
export const minutes = (n: number): Duration => duration(n, 60_000, 'minutes')
export const hours = (n: number): Duration => duration(n, 3_600_000, 'hours')
export const days = (n: number): Duration => duration(n, 86_400_000, 'days')
