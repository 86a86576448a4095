// Distinct values: exact up to a limit, then a HyperLogLog sketch (Flajolet et al. 2007; 64-bit hashes, so no large-range correction is needed).
import { Arena } from '../../model/arena.ts'
import { MillraceError } from '../../model/errors.ts'
import { murmur2 } from '../../model/key.ts'
import { synchronous } from '../synchronous.ts'
import { fold, type Fold } from './fold.ts'
import { refused } from './given.ts'

type Distinct = { readonly exact: string[] } | { readonly registers: Uint8Array }

/** Exact sets that were looked into since they were loaded; a cache beside the plain state, never stored. */
const SETS = new WeakMap<string[], Set<string>>()
const setOf = (exact: string[]): Set<string> => {
  let set = SETS.get(exact)
  if (set === undefined) SETS.set(exact, (set = new Set(exact)))
  return set
}

/** The registers' number as a power of two: relative error is 1.04 / √m. */
const precisionFor = (relativeError: number): number => Math.ceil(Math.log2((1.04 / relativeError) ** 2))

const TEXT = new Arena(256)
const SALT = 1
function sketchAdd(registers: Uint8Array, precision: number, value: string): void {
  TEXT.clear()
  TEXT.utf8(value)
  const length = TEXT.at
  TEXT.byte(SALT)
  const high = murmur2(TEXT.bytes, 0, length) >>> 0
  const low = murmur2(TEXT.bytes, 0, length + 1) >>> 0
  const index = high >>> (32 - precision)
  const rest = ((high << precision) | (low >>> (32 - precision))) >>> 0
  const rank = Math.clz32(rest) + 1
  if (rank > registers[index]!) registers[index] = rank
}

function estimate(registers: Uint8Array): number {
  const m = registers.length
  let sum = 0
  let zeros = 0
  for (const r of registers) {
    sum += 2 ** -r
    if (r === 0) zeros++
  }
  const raw = ((0.7213 / (1 + 1.079 / m)) * m * m) / sum
  return Math.round(raw <= 2.5 * m && zeros > 0 ? m * Math.log(m / zeros) : raw)
}

/**
 * The number of distinct values.
 * @param o `exactUpTo`: exact while there are at most so many (0 … 100,000); beyond it a sketch with about `relativeError` (0.005 … 0.2, one standard deviation)
 */
export function approxDistinct<T>(f: (v: T) => string | number, o: { exactUpTo: number; relativeError: number }): Fold<T, number> {
  const { exactUpTo, relativeError } = o
  if (!(relativeError >= 0.005 && relativeError <= 0.2))
    throw new MillraceError('PLAN_INVALID', `approxDistinct() has a relative error of ${relativeError}: 0.005 to 0.2`)
  if (!(Number.isInteger(exactUpTo) && exactUpTo >= 0 && exactUpTo <= 100_000))
    throw new MillraceError('PLAN_INVALID', `approxDistinct() is exact up to ${exactUpTo}: a whole number from 0 to 100,000`)
  const precision = precisionFor(relativeError)
  const sketchOf = (values: Iterable<string>): Uint8Array => {
    const registers = new Uint8Array(2 ** precision)
    for (const v of values) sketchAdd(registers, precision, v)
    return registers
  }
  const add = (state: Distinct, value: string): Distinct => {
    if ('registers' in state) {
      sketchAdd(state.registers, precision, value)
      return state
    }
    const set = setOf(state.exact)
    if (set.has(value)) return state
    if (set.size >= exactUpTo) return { registers: sketchOf([...state.exact, value]) }
    set.add(value)
    state.exact.push(value)
    return state
  }
  return fold<T, number, Distinct, string>({
    fold: 'approx-distinct',
    version: 1,
    state: { exactUpTo, relativeError },
    reads: synchronous('approxDistinct()', f),
    initial: () => ({ exact: [] }),
    measure: value => {
      const v = f(value as T)
      if (typeof v !== 'string' && typeof v !== 'number') throw refused('approxDistinct', v)
      return typeof v === 'number' ? `#${v}` : v.startsWith('#') ? `#${v}"` : v
    },
    add,
    merge: (a, b) => {
      if ('exact' in b) return b.exact.reduce(add, a)
      const registers = 'registers' in a ? Uint8Array.from(a.registers) : sketchOf(a.exact)
      for (let i = 0; i < registers.length; i++) registers[i] = Math.max(registers[i]!, b.registers[i]!)
      return { registers }
    },
    result: state => ('exact' in state ? state.exact.length : estimate(state.registers)),
    copy: state => ('exact' in state ? { exact: [...state.exact] } : { registers: Uint8Array.from(state.registers) }),
  })
}
