// What a join's function is given of each side: a side that may be without a partner is undefined then.

/** The left side: missing only in an outer join. */
export type Left<T, J> = J extends 'outer' ? T | undefined : T
/** The right side: there for certain only in an inner join. */
export type Right<T, J> = J extends 'inner' ? T : T | undefined
