// Drives windows with what is done to them, and compares everything that came out with the oracle.
import assert from 'node:assert/strict'
import { drive } from '#lib/testing/driver.ts'
import { type Arrival, type Deed, outcomeOf } from '../oracle/windows/task.ts'
import { checkIdentities } from './identities.ts'
import type { Death } from './window-inputs.ts'
import { eventOf, input, type Job, lateLine, resultLine, seenOf, toldLine, windowsProcessor } from './window-runs.ts'

/** How often every property is tried. */
export const TRIES = Number(process.env['PROPERTY_TRIES'] ?? 100)

export async function check(job: Job, deeds: readonly Deed[], o: { partitions: number; deaths: readonly Death[] }): Promise<void> {
  const { partitions, deaths } = o
  const processor = windowsProcessor(job)
  // Snapshots come often, and the cache is written in small calls.
  const driven = await drive(processor, { partitions, tuning: { snapshotBytes: 500, applyEntries: 3 } })
  for (const [i, deed] of deeds.entries()) {
    for (const { before, atCall, cache } of deaths) {
      if (before !== i) continue
      if (atCall === null) await driven.crash({ cache })
      else driven.crashAtCall(atCall)
    }
    if ('push' in deed) await driven.push(input, ...deed.push.map(eventOf))
    else await driven.drain()
  }
  const seen = await Promise.all(Array.from({ length: partitions }, (_, p) => seenOf(driven, processor, p)))
  await driven.stop()

  const [first] = job.windows
  const sends = job.late !== 'count-and-drop' && !('keep' in first! && first.keep > 0)
  for (const { arrived, results, sent, told, refused } of seen) {
    const home = new Set(arrived.map(e => e.weight))
    const fate = job.refusing === 'fold' ? 'refused by the fold' : 'refused'
    const here = (records: readonly Arrival[]): readonly Arrival[] =>
      records.filter(r => home.has(String(r.weight))).map(r => (r.fate === 'taken' ? r : { ...r, fate }))
    const expected = outcomeOf(
      job.windows,
      deeds.map(d => ('push' in d ? { push: here(d.push) } : d)),
      job.turn,
    )
    checkIdentities(job.windows.at(-1)!, results)
    assert.deepEqual(results.map(resultLine), expected.results.map(resultLine))
    assert.deepEqual(told, expected.late.map(toldLine))
    assert.deepEqual(sent, sends ? expected.late.map(lateLine) : [])
    assert.equal(refused, expected.counts.refused)
  }
}
