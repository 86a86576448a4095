// A value that an accumulator keeps, with the moment at which it came.
import { copyOf } from '../../state/plain.ts'
import type { Moment } from './fold.ts'

/** Never changed, only replaced: accumulators may share it. */
export type Held = readonly [ordinal: number, at: number, value: unknown]

/** @param value plain data, of which a copy is kept */
export const hold = ({ ordinal, at }: Moment, value: unknown): Held => [ordinal, at, copyOf(value)]
export const valueOf = (held: Held): unknown => held[2]

/** Below 0: the moment comes before. 0: both are of one record and of one time; what is added later is later. */
export type Order = (ordinal: number, at: number, than: Held) => number
/** By arrival; the values of one record by event time. */
export const byArrival: Order = (ordinal, at, than) => ordinal - than[0] || at - than[1]
/** By event time, then by arrival. */
export const byTime: Order = (ordinal, at, than) => at - than[1] || ordinal - than[0]
