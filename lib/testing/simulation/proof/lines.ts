// Comparing what two sides say, line by line, in whatever order. After every epoch: only a difference is worth sorting and showing.

/** Whether both hold the same lines, equally often. */
export function sameLines(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  const left = new Map<string, number>()
  for (const line of a) left.set(line, (left.get(line) ?? 0) + 1)
  for (const line of b) {
    const n = left.get(line) ?? 0
    if (n === 0) return false
    left.set(line, n - 1)
  }
  return true
}
