// What was recorded and what was played, as lines that are equal when both mean the same (differences.ts says how they may differ).
import assert from 'node:assert/strict'
import { type DifferenceName, differencesOf } from './differences.ts'
import { firstToJoinClosed } from './joins-closed.ts'
import type { Played, PlayedCase } from './play.ts'
import { type Case, type Expected, peerOf } from './recorded.ts'

const sorted = (lines: readonly string[]): readonly string[] => [...lines].sort()
const line = (r: { after: unknown; key: string; start: number; end: number; value: unknown }): string =>
  `${String(r.after)} ${r.key} [${r.start},${r.end}) ${JSON.stringify(r.value)}`

/** @throws AssertionError */
export function compare(c: Case, { results, late }: PlayedCase): void {
  const differs = (name: DifferenceName): boolean => differencesOf(c).includes(name)
  const recorded = c.expected
    .filter(e => e.start >= 0)
    .map(e => ({ ...e, after: e.after ?? 'end', end: ourEnd(c, e), value: valueOf(c, e) }))
  const inOrder = (v: unknown): unknown => (differs('lists by time') && Array.isArray(v) ? [...(v as number[])].sort((a, b) => a - b) : v)
  let ours = results.map(r => ({ ...r, value: inOrder(r.value) }))
  // The end of the input closes windows in Flink only.
  if (peerOf(c) !== 'flink') ours = ours.filter(r => r.after !== 'end')

  if (differs('changed sessions are retracted')) assert.deepEqual(rowsAfter(c, ours), rowsAfter(c, recorded))
  else {
    if (differs('last result')) ours = ours.filter(r => r.cause === 'update')
    if (differs('last correction')) ours = ours.filter(r => !r.final)
    const exact = !differs('only the set counts') && !(differs('closes at equality') && (c.options.outOfOrdernessMs ?? 0) === 0)
    const lines = (rs: readonly (typeof recorded)[number][]): readonly string[] =>
      sorted(rs.map(r => line(exact ? r : { ...r, after: '' })))
    assert.deepEqual(lines(ours as never), lines(recorded.map(r => ({ ...r, value: inOrder(r.value) }) as (typeof recorded)[number])))
    if (!exact) return
  }
  compareLast(c, results)
  if (differs('late though it touches') || differs('joins a closed session')) return
  if (c.dropped !== undefined)
    assert.deepEqual(
      late.map(l => [l.input, l.windows]),
      c.dropped.map(d => [d.input, d.count]),
    )
  else if (peerOf(c) === 'quix')
    assert.deepEqual(
      sorted(late.flatMap(l => l.missed.map(m => `${l.input} [${m.start},${m.end})`))),
      sorted((c.late ?? []).map(l => `${l.input} [${l.start},${l.end})`)),
    )
  else if (c.late !== undefined)
    assert.deepEqual(
      late.filter(l => l.share === 'all').map(l => l.input),
      c.late.map(l => l.input),
    )
}

function ourEnd({ options: { endConvention, gapMs = 0 } }: Case, { end }: Expected): number {
  return end + (endConvention === 'lastEvent' ? gapMs : endConvention === 'lastEvent+1' ? gapMs - 1 : 0)
}
const valueOf = ({ options }: Case, { value, count, sum, min, max }: Expected): unknown =>
  options.agg === 'all' ? { count, sum, min, max } : value

type Change = Pick<Played, 'after' | 'key' | 'start' | 'end'> & { readonly value?: unknown }
/** What holds by (key, start) after every record; what is taken back goes first. */
function rowsAfter(c: Case, changes: readonly Change[]): readonly (readonly string[])[] {
  const rows = new Map<string, string>()
  return c.input.slice(0, firstToJoinClosed(c) ?? c.input.length).map(({ partition }, i) => {
    const now = changes.filter(r => r.after === i)
    const id = (r: Change): string => `${partition} ${r.key} ${r.start}`
    for (const r of now) if (r.value === null) rows.delete(id(r))
    for (const r of now) if (r.value !== null) rows.set(id(r), `${id(r)} to ${r.end}: ${JSON.stringify(r.value)}`)
    return sorted([...rows.values()])
  })
}
/** S4.2, S3.4: of every window the last result is final, says what the one before said, and has the next revision. */
function compareLast({ operator }: Case, results: readonly Played[]): void {
  const windows = Map.groupBy(results, r => `${r.partition} ${r.key} ${r.start}${operator === 'session' ? '' : ` ${r.end}`}`)
  for (const [window, of] of windows) {
    const [before, last] = [of.at(-2), of.at(-1)!]
    assert.equal(last.final, true, window)
    if (before === undefined || last.cause === 'merged') continue
    assert.deepEqual([last.value, last.end, last.revision], [before.value, before.end, before.revision + 1], window)
  }
}
