// Windows side by side on one flow: each is as if it were alone, and what one record closes comes in (end, window name, key) order over all of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { from, map, processor } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { type Arrival, outcomeOf } from '../oracle/windows/task.ts'
import type { WindowWords } from '../oracle/windows/words.ts'
import { TRIES } from './check.ts'
import { anyWindows, arrivals } from './window-inputs.ts'
import { eventOf, input, output, resultLine, resultOf, windowResults } from './window-runs.ts'

const many = fc.array(anyWindows, { minLength: 2, maxLength: 3 }).map(ws => ws.map((w): WindowWords => ({ ...w, emit: 'on-close' })))

async function check(windows: readonly WindowWords[], records: readonly Arrival[]): Promise<void> {
  const flow = from(input, { idle: 'never' })
  const named = windows.map((w, i) =>
    windowResults(flow, [w], 'count-and-drop', 'cab'[i]!)
      .pipe(map(r => ({ ...r, window: i })))
      .to(output),
  )
  const driven = await drive(processor('windows', named as [(typeof named)[0], ...typeof named]))
  const results: ReturnType<typeof shown>[] = []
  const shown = (r: Parameters<typeof resultOf>[0]) => ({ ...resultOf(r), window: (r.value as unknown as { window: number }).window })
  for (const record of records) {
    const brought = (await driven.push(input, eventOf(record))).records(output).map(shown)
    const closed = brought.filter(r => r.cause === 'close')
    // A window that could be corrected closes first, for all keys, and says then that it can be no more.
    const order = (r: (typeof closed)[0]) =>
      [r.end, 'cab'[r.window]!, r.final && r.revision > 1 ? 1 : 0, typeof r.key === 'number' ? 0 : 1, r.key] as const
    assert.deepEqual(
      closed.map(order),
      closed.map(order).sort((a, b) => {
        const i = a.findIndex((v, j) => v !== b[j])
        return i < 0 ? 0 : a[i]! < b[i]! ? -1 : 1
      }),
    )
    results.push(...brought)
  }
  await driven.stop()
  for (const [i, w] of windows.entries())
    assert.deepEqual(results.filter(r => r.window === i).map(resultLine), outcomeOf([w], [{ push: records }], 1).results.map(resultLine))
}

/** It closes everything but its own windows. */
const LAST: Arrival = { key: 'z', at: 100_000, sourceTime: 100_000, weight: 0n, fate: 'taken' }
test('S3.9: windows side by side', async () => {
  const inTime = arrivals({ most: 30, refused: 'none' }).map(all => [...all.map(r => ({ ...r, at: r.sourceTime })), LAST])
  await fc.assert(fc.asyncProperty(many, inTime, check), { numRuns: TRIES })
})
