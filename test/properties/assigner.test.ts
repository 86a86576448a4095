// The arithmetic of windows against their definitions: every window that a time lies in, by looking at all of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Assigner, cumulatingAssigner, hoppingAssigner, tumblingAssigner } from '#lib/stages/window/assigner.ts'
import { windowsHolding } from '../oracle/windows/aligned.ts'
import type { AlignedWords, Bounds } from '../oracle/windows/words.ts'
import { aligned } from './window-inputs.ts'

const assignerOf = ({ kind, size, hop, offset }: AlignedWords): Assigner =>
  kind === 'tumbling'
    ? tumblingAssigner(size, offset)
    : kind === 'hopping'
      ? hoppingAssigner(size, hop, offset)
      : cumulatingAssigner(size, hop, offset)
const windowsOver = (assigner: Assigner, pane: number, after: number): readonly Bounds[] => {
  const windows: Bounds[] = []
  for (let end = assigner.nextEnd(pane, after); end !== Infinity; end = assigner.nextEnd(pane, end))
    windows.push({ start: assigner.startOf(end), end })
  return windows
}
const times = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_200 }))
const RUNS = { numRuns: 3_000 }

test('S3: the windows over the pane of a time are the windows that hold the time, by their ends', () => {
  fc.assert(
    fc.property(aligned, times, (w, at) => {
      const assigner = assignerOf(w)
      const holding = [...windowsHolding(w, at)].sort((a, b) => a.end - b.end)
      assert.deepEqual(windowsOver(assigner, assigner.paneOf(at), -Infinity), holding)
      assert.equal(assigner.lastEnd(assigner.paneOf(at)), holding.at(-1)?.end ?? -Infinity)
    }),
    RUNS,
  )
})
test('S3: asked for those that end later than some time, it leaves out the others', () => {
  fc.assert(
    fc.property(aligned, times, fc.integer({ min: -60, max: 60 }), (w, at, d) => {
      const assigner = assignerOf(w)
      const later = [...windowsHolding(w, at)].filter(x => x.end > at + d).sort((a, b) => a.end - b.end)
      assert.deepEqual(windowsOver(assigner, assigner.paneOf(at), at + d), later)
    }),
    RUNS,
  )
})
test('panes lie side by side, and no bound of a window cuts one', () => {
  fc.assert(
    fc.property(aligned, times, (w, at) => {
      const assigner = assignerOf(w)
      const pane = assigner.paneOf(at)
      assert.ok(pane <= at && at < pane + assigner.paneMs)
      assert.equal(assigner.paneOf(pane), pane)
      assert.equal(assigner.paneOf(pane + assigner.paneMs - 1), pane)
      for (const { start, end } of windowsHolding(w, at)) assert.ok(start <= pane && pane + assigner.paneMs <= end)
    }),
    RUNS,
  )
})
test('S3.1: no window starts below 0', () => {
  fc.assert(
    fc.property(aligned, fc.integer({ min: 0, max: 100 }), (w, at) => {
      const assigner = assignerOf(w)
      for (const { start } of windowsOver(assigner, assigner.paneOf(at), -Infinity)) assert.ok(start >= 0)
    }),
    RUNS,
  )
})
