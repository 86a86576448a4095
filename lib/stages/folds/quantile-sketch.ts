// How values are spread, to a relative error: DDSketch (Masson, Rim, Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error
// Guarantees", PVLDB 12, 2019). Magnitudes fall into buckets (γ^(i−1), γ^i] with γ = (1+α)/(1−α), and 2γ^i/(γ+1) is within α of everything in one.
// Ours differs in three ways: buckets are kept sparse and none is ever collapsed, so that the guarantee holds for every value and the sketch depends on
// the values alone; both signs and zero share one row of keys; the extremes are exact.

/** Plain data; a function of the set of values, whatever their order. */
export interface Sketch {
  /** Buckets that hold something, ascending by value: 0 for zero, negative for negative values. */
  keys: number[]
  /** Values in each of them. */
  counts: number[]
  least: number
  most: number
}
export const emptySketch = (): Sketch => ({ keys: [], counts: [], least: Infinity, most: -Infinity })
export const copyOfSketch = ({ keys, counts, least, most }: Sketch): Sketch => ({ keys: keys.slice(), counts: counts.slice(), least, most })

/** What the doubles' own rounding may add to an error; negligible beside the smallest relative error there may be. */
const ROUNDING = 2 ** -18
export const FINEST = 1e-6
/** No positive double is smaller than e^−745. */
const SMALLEST = 745

/** Buckets of one relative error. */
export interface Buckets {
  /** The bucket of a finite value. */
  keyOf(value: number): number
  /** A value within the relative error of everything in the bucket. */
  valueOf(key: number): number
}
export function bucketsFor(relativeError: number): Buckets {
  const alpha = relativeError * (1 - ROUNDING)
  const width = 2 * Math.atanh(alpha) // ln γ
  const perUnit = 1 / width
  const center = Math.log1p(-alpha) // ln of 2/(γ+1), which is 1 − α
  const shift = Math.ceil(SMALLEST * perUnit) + 1 // so that the smallest magnitude has a key above 0
  const magnitude = (key: number): number => Math.exp((key - shift) * width + center)
  return {
    keyOf: value => {
      if (value === 0) return 0
      const key = Math.ceil(Math.log(value < 0 ? -value : value) * perUnit) + shift
      return value < 0 ? -key : key
    },
    valueOf: key => (key === 0 ? 0 : key < 0 ? -magnitude(-key) : magnitude(key)),
  }
}

/** Where `key` is in ascending `keys`, or where it belongs. */
function placeOf(keys: readonly number[], key: number): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Adds `value`, whose bucket is `key`, in place. */
export function addToSketch(sketch: Sketch, key: number, value: number): void {
  const { keys, counts } = sketch
  const place = placeOf(keys, key)
  if (keys[place] === key) counts[place]!++
  else if (place === keys.length) {
    keys.push(key)
    counts.push(1)
  } else {
    keys.splice(place, 0, key)
    counts.splice(place, 0, 1)
  }
  sketch.least = Math.min(sketch.least, value)
  sketch.most = Math.max(sketch.most, value)
}

/** A new sketch of the values of both. */
export function mergedSketch(a: Sketch, b: Sketch): Sketch {
  const keys: number[] = []
  const counts: number[] = []
  let i = 0
  for (let j = 0; j < b.keys.length; j++) {
    const key = b.keys[j]!
    for (; i < a.keys.length && a.keys[i]! < key; i++) {
      keys.push(a.keys[i]!)
      counts.push(a.counts[i]!)
    }
    const both = a.keys[i] === key ? a.counts[i++]! : 0
    keys.push(key)
    counts.push(both + b.counts[j]!)
  }
  for (; i < a.keys.length; i++) {
    keys.push(a.keys[i]!)
    counts.push(a.counts[i]!)
  }
  return { keys, counts, least: Math.min(a.least, b.least), most: Math.max(a.most, b.most) }
}

/** About the value that stands at place ⌊p·(n−1)⌋, counted from 0, when all n are sorted; the first and the last are exact. */
export function quantileOf({ keys, counts, least, most }: Sketch, buckets: Buckets, p: number): number {
  const n = counts.reduce((sum, each) => sum + each, 0)
  // As a double 0.29 is a little less than 0.29, and 29 of 100 must not become 28.
  const place = Math.floor(p * (n - 1) * (1 + 2 ** -51))
  if (place <= 0) return least
  if (place >= n - 1) return most
  let i = 0
  for (let before = counts[0]!; before <= place; before += counts[i]!) i++
  return Math.min(most, Math.max(least, buckets.valueOf(keys[i]!)))
}
