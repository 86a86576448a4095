// Sums of doubles without error: a sum is kept as a few doubles that do not overlap and together are the very sum (Shewchuk, "Adaptive Precision
// Floating-Point Arithmetic and Fast Robust Geometric Predicates", 1997; Python's math.fsum). So neither order nor grouping matters.

/** Doubles of growing size whose exact sum is meant; one or two for most data. From index `from` on, so that something may stand before them. */
export type Partials = number[]

/** Adds a finite `x` in place. Beyond ±1.8e308 the sum is lost: one partial is then not finite, and stays so. */
export function addExactly(partials: Partials, x: number, from: number): void {
  let kept = from
  for (let i = from; i < partials.length; i++) {
    const y = partials[i]!
    const high = x + y
    // what rounding took away, exactly (Dekker): from the larger of the two
    const low = Math.abs(x) < Math.abs(y) ? x - (high - y) : y - (high - x)
    if (low !== 0 && low === low) partials[kept++] = low
    x = high
  }
  partials[kept++] = x
  if (partials.length > kept) partials.length = kept
  if (kept - from > FEW) compress(partials, from)
}
const FEW = 3

/** The same sum in as few doubles as it needs (Shewchuk's COMPRESS): adding to fewer is faster, and they are stored. */
function compress(partials: Partials, from: number): void {
  let sum = partials.at(-1)!
  let bottom = partials.length - 1
  for (let i = bottom - 1; i >= from; i--) {
    const y = partials[i]!
    const high = sum + y
    const low = y - (high - sum)
    if (low === 0) sum = high
    else {
      partials[bottom--] = high
      sum = low
    }
  }
  let kept = from
  for (let i = bottom + 1; i < partials.length; i++) {
    const high = partials[i]! + sum
    const low = sum - (high - partials[i]!)
    if (low !== 0) partials[kept++] = low
    sum = high
  }
  partials[kept++] = sum
  partials.length = kept
}

/** The double nearest to the sum, ties to even; not finite when the sum was lost. */
export function nearest(partials: Partials, from: number): number {
  let i = partials.length - 1
  if (i < from) return 0
  let sum = partials[i]!
  let rest = 0
  while (i > from && rest === 0) {
    const x = sum
    const y = partials[--i]!
    sum = x + y
    rest = y - (sum - x)
  }
  // A rest of half a unit was rounded to even; the partials below decide whether it was more than half.
  if (i > from && ((rest < 0 && partials[i - 1]! < 0) || (rest > 0 && partials[i - 1]! > 0))) {
    const twice = rest * 2
    const other = sum + twice
    if (other - sum === twice) sum = other
  }
  return sum
}
