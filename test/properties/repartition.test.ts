// S2.5: through a repartition topic stream time is that of the slowest upstream task: what is in time where it comes from is in time where it goes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { from, keyBy, map, millis, type Output, processor, topic } from '#lib/index.ts'
import { partitionOf } from '#lib/model/key.ts'
import { drive } from '#lib/testing/driver.ts'
import { type Arrival, outcomeOf } from '../oracle/windows/task.ts'
import type { Key, Result, Timed, WindowWords } from '../oracle/windows/words.ts'
import { TRIES } from './check.ts'
import { checkIdentities } from './identities.ts'
import { aligned, anyWindows, deaths, type Death } from './window-inputs.ts'
import { type Event, eventCodec, eventOf, input, output, resultOf, windowed, windowResults } from './window-runs.ts'

const homeOf = ({ key }: Sent, partitions: number): number => partitionOf(Buffer.from(String(key)), partitions)
/** The smallest grace with which no record is late in the partition where it comes from. */
function graceOf(records: readonly Sent[], partitions: number): number {
  const clocks = new Map<number, number>()
  let grace = 0
  for (const record of records) {
    const { at } = record
    const partition = homeOf(record, partitions)
    const clock = Math.max(clocks.get(partition) ?? 0, at)
    clocks.set(partition, clock)
    grace = Math.max(grace, clock - at)
  }
  return grace
}
/** Records whose key says where they come from, and whose group says where they go. */
interface Sent extends Arrival {
  readonly group: string
}
const sent: fc.Arbitrary<readonly Sent[]> = fc
  .array(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      group: fc.constantFrom('x', 'y', 'z'),
      step: fc.integer({ min: 0, max: 12 }),
      back: fc.integer({ min: 0, max: 15 }),
      refused: fc.integer({ min: 0, max: 9 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map(drawn => {
    const times = new Map<string, number>() // every key has a pace of its own, so that partitions drift apart
    return drawn.map(({ key, group, step, back, refused }, i) => {
      const now = (times.get(key) ?? 0) + step
      times.set(key, now)
      const at = Math.max(0, now - back)
      return { key, group, at, sourceTime: at, weight: 2n ** BigInt(i), fate: refused === 0 ? 'refused' : 'taken' } as const
    })
  })

const lines = (results: readonly Result[]): readonly string[] =>
  results
    .filter(r => r.final && r.value !== null)
    .map(r => `${r.key} [${r.start},${r.end}) r${r.revision} at ${r.at}: ${r.value?.n} ${r.value?.sum}`)
    .sort()

interface World {
  readonly partitions: number
  readonly via: number
  readonly turn: number
  readonly deaths: readonly Death[]
}
const worlds: fc.Arbitrary<World> = fc.record({
  partitions: fc.integer({ min: 1, max: 3 }),
  via: fc.integer({ min: 1, max: 4 }),
  turn: fc.constantFrom(1, 7, 1_000),
  deaths,
})
const regrouped = (via: number) => topic('windows.by-group', { key: 'key', time: 'at', value: eventCodec, partitions: via })
const judge = map<Event, Key, Event>(e => {
  if (e.fate === 'refused') throw new Error('refused')
  return e
})
/** What a bound leaves apart hangs on the order, so there is none. */
const unbounded = (w: WindowWords): WindowWords => (w.kind === 'session' ? { ...w, longest: Infinity } : w)

/** Pushes the records in two halves, lets marks be told, drains. */
async function run(outputs: Output, records: readonly Sent[], { partitions, turn, deaths }: World): Promise<readonly Result[]> {
  const driven = await drive(processor('windows', outputs, { breaker: 'off', epoch: { records: turn } }), { partitions })
  for (const [i, part] of halves(records).entries()) {
    for (const { before, atCall, cache } of deaths) {
      if (before !== i) continue
      if (atCall === null) await driven.crash({ cache })
      else driven.crashAtCall(atCall)
    }
    await driven.push(input, ...part.map(eventOf))
    await driven.advance(millis(500))
  }
  await driven.drain()
  const results = (await driven.records(output)).map(resultOf)
  assert.deepEqual(driven.late, [])
  await driven.stop()
  return results
}
const halves = <R>(records: readonly R[]): readonly (readonly R[])[] => [
  records.slice(0, records.length >> 1),
  records.slice(records.length >> 1),
]
/** The final results of a window over all that came to it, in the order of time. */
function compare(w: WindowWords, results: readonly Result[], came: readonly Timed[]): void {
  const inOrder = came.map(r => ({ ...r, sourceTime: r.at, fate: 'taken' as const })).sort((a, b) => a.at - b.at)
  checkIdentities(w, results)
  assert.deepEqual(lines(results), lines(outcomeOf([w], [{ push: inOrder }, { drain: 'drain' }], 1_000).results))
  for (const of of Map.groupBy(
    results.filter(r => r.final && r.value !== null),
    r => r.key,
  ).values())
    assert.deepEqual(
      of.map(r => r.end),
      of.map(r => r.end).sort((a, b) => a - b),
    )
}

test('S2.5, I11: final results behind a keyBy() are those of the whole input, whatever the partitions, turns and deaths', async () => {
  await fc.assert(
    fc.asyncProperty(anyWindows, sent, worlds, async (words, records, world) => {
      const w: WindowWords = { ...unbounded(words), grace: graceOf(records, world.partitions) }
      const groups = new Map(records.map(r => [String(r.weight), r.group]))
      const flow = from(input, { idle: 'never' }).pipe(
        judge,
        map(e => ({ ...e, key: groups.get(e.weight)! })),
        keyBy(e => e.key, { via: regrouped(world.via) }),
      )
      const results = await run(windowed(flow, [w], 'count-and-drop'), records, world)
      compare(
        w,
        results,
        records.filter(r => r.fate === 'taken').map(r => ({ ...r, key: r.group })),
      )
    }),
    { numRuns: TRIES },
  )
})
test('S2.5, S2.6: nor is a result late for the windows behind a keyBy(), with no grace at all', async () => {
  await fc.assert(
    fc.asyncProperty(aligned, anyWindows, sent, worlds, async (first, words, records, world) => {
      const before: WindowWords = { ...first, emit: 'on-close', grace: graceOf(records, world.partitions) }
      const w: WindowWords = { ...unbounded(words), grace: 0 }
      const groupOf = ({ start }: { readonly start: number }): string => 'xyz'[start % 3]!
      const flow = windowResults(from(input, { idle: 'never' }).pipe(judge), [before], 'count-and-drop', 'before').pipe(
        map((r): Event => ({ key: groupOf(r), at: r.end - 1, sourceTime: r.end - 1, weight: r.value!.sum, fate: 'taken' })),
        keyBy(e => e.key, { via: regrouped(world.via) }),
      )
      const results = await run(windowed(flow, [w], 'count-and-drop'), records, world)
      const came: Timed[] = []
      for (let p = 0; p < world.partitions; p++) {
        const here = halves(records).map(half => ({ push: half.filter(r => homeOf(r, world.partitions) === p) }))
        const { results: firstResults } = outcomeOf([before], [...here, { drain: 'drain' }], world.turn)
        came.push(...firstResults.map(r => ({ key: groupOf(r), at: r.end - 1, weight: r.value!.sum })))
      }
      compare(w, results, came)
    }),
    { numRuns: TRIES },
  )
})
