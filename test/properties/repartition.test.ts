// S2.5: through a repartition topic stream time is that of the slowest upstream task: what is in time where it comes from is in time where it goes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { from, keyBy, map, millis, processor, topic } from '#lib/index.ts'
import { partitionOf } from '#lib/model/key.ts'
import { drive } from '#lib/testing/driver.ts'
import { type Arrival, outcomeOf } from '../oracle/windows/task.ts'
import type { Result, WindowWords } from '../oracle/windows/words.ts'
import { TRIES } from './check.ts'
import { checkIdentities } from './identities.ts'
import { anyWindows, deaths, type Death } from './window-inputs.ts'
import { type Event, eventCodec, eventOf, input, output, resultOf, windowed } from './window-runs.ts'

/** The smallest grace with which no record is late in the partition where it comes from. */
function graceOf(records: readonly Sent[], partitions: number): number {
  const clocks = new Map<number, number>()
  let grace = 0
  for (const { key, at } of records) {
    const partition = partitionOf(Buffer.from(String(key)), partitions)
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
      return { key, group, at: Math.max(0, now - back), weight: 2n ** BigInt(i), fate: refused === 0 ? 'refused' : 'taken' } as const
    })
  })

const lines = (results: readonly Result[]): readonly string[] =>
  results
    .filter(r => r.final && r.value !== null)
    .map(r => `${r.key} [${r.start},${r.end}) r${r.revision} at ${r.at}: ${r.value?.n} ${r.value?.sum}`)
    .sort()

async function check(
  w: WindowWords,
  records: readonly Sent[],
  o: { partitions: number; via: number; turn: number; deaths: readonly Death[] },
) {
  const regrouped = topic('windows.by-group', { key: 'key', time: 'at', value: eventCodec, partitions: o.via })
  const longest = w.kind === 'session' ? { longest: Infinity } : {} // what a bound leaves apart hangs on the order
  const windows: WindowWords = { ...w, ...longest, grace: graceOf(records, o.partitions) }
  const flow = from(input, { idle: 'never' }).pipe(
    map(e => {
      if (e.fate === 'refused') throw new Error('refused')
      return { ...e, key: groups.get(e.weight)! } satisfies Event
    }),
    keyBy(e => e.key, { via: regrouped }),
  )
  const groups = new Map(records.map(r => [String(r.weight), r.group]))
  const driven = await drive(
    processor('windows', windowed(flow, [windows], 'count-and-drop'), { breaker: 'off', epoch: { records: o.turn } }),
    { partitions: o.partitions },
  )
  const half = records.length >> 1
  for (const [i, part] of [records.slice(0, half), records.slice(half)].entries()) {
    for (const { before, atCall, cache } of o.deaths) {
      if (before !== i) continue
      if (atCall === null) await driven.crash({ cache })
      else driven.crashAtCall(atCall)
    }
    await driven.push(input, ...part.map(eventOf))
    await driven.advance(millis(500)) // marks are told
  }
  await driven.drain()
  const results = (await driven.records(output)).map(resultOf)
  await driven.stop()

  const inOrder = records
    .filter(r => r.fate === 'taken')
    .map(r => ({ ...r, key: r.group }))
    .sort((a, b) => a.at - b.at)
  const expected = outcomeOf([windows], [{ push: inOrder }, { drain: 'drain' }], 1_000)
  assert.deepEqual(driven.late, [])
  checkIdentities(windows, results)
  assert.deepEqual(lines(results), lines(expected.results))
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
    fc.asyncProperty(
      anyWindows,
      sent,
      fc.record({
        partitions: fc.integer({ min: 1, max: 3 }),
        via: fc.integer({ min: 1, max: 4 }),
        turn: fc.constantFrom(1, 7, 1_000),
        deaths,
      }),
      check,
    ),
    { numRuns: TRIES },
  )
})
