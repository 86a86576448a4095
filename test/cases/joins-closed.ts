// Kafka Streams remembers closed sessions for a while, and lets a record that is not late join one. Which record does so first, by its own rule.
import type { Case } from './recorded.ts'

interface Span {
  readonly first: number
  readonly last: number
}
/** Index of the first record that joins a closed session; null when none does. */
export function firstToJoinClosed({ input, options: { gapMs = 0, graceMs = 0 } }: Case): number | null {
  const clocks = new Map<number, number>()
  const sessions = new Map<string, readonly Span[]>()
  for (const [i, { key, ts, partition }] of input.entries()) {
    const clock = clocks.get(partition) ?? -Infinity
    const isOver = ({ last }: Span): boolean => last + gapMs + graceMs < clock
    const id = `${partition} ${key}`
    const all = sessions.get(id) ?? []
    const touched = all.filter(s => ts <= s.last + gapMs && ts + gapMs >= s.first)
    const merged = { first: Math.min(ts, ...touched.map(s => s.first)), last: Math.max(ts, ...touched.map(s => s.last)) }
    if (!isOver(merged)) {
      if (touched.some(isOver)) return i
      sessions.set(id, [...all.filter(s => !touched.includes(s)), merged])
    }
    clocks.set(partition, Math.max(clock, ts))
  }
  return null
}
