// Rows that are there against rows that should be.

/** Prints how they differ. @returns how many are missing or too many */
export function difference(what: string, have: readonly string[], want: readonly string[]): number {
  const [h, w] = [new Map<string, number>(), new Map<string, number>()]
  for (const line of have) h.set(line, (h.get(line) ?? 0) + 1)
  for (const line of want) w.set(line, (w.get(line) ?? 0) + 1)
  const missing = want.filter(line => !h.has(line))
  const extra = have.filter(line => (h.get(line) ?? 0) > (w.get(line) ?? 0))
  console.log(`${what}: ${have.length} rows, expected ${want.length}; ${missing.length} missing, ${extra.length} too many`)
  for (const line of [...missing.slice(0, 5).map(l => `  missing ${l}`), ...extra.slice(0, 5).map(l => `  extra   ${l}`)]) console.log(line)
  return missing.length + extra.length
}
