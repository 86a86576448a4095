// I10: (key, window, revision) is unique among results, and exactly one revision is the last. A session is known by its start (S3.5).
import assert from 'node:assert/strict'
import { type Result, type WindowWords } from '../oracle/windows/words.ts'
import { resultLine } from './window-runs.ts'

export function checkIdentities({ kind }: WindowWords, results: readonly Result[]): void {
  const windows = Map.groupBy(results, r => (kind === 'session' ? `${r.key} from ${r.start}` : `${r.key} [${r.start},${r.end})`))
  for (const [window, of] of windows) {
    const shown = `${window}:\n${of.map(resultLine).join('\n')}`
    const revisions = of.map(r => r.revision)
    assert.ok(
      revisions.every((revision, i) => revision > (revisions[i - 1] ?? 0)),
      `revisions grow: ${shown}`,
    )
    assert.deepEqual(
      of.map(r => r.final),
      of.map((_, i) => i === of.length - 1),
      `the last result is the final one: ${shown}`,
    )
  }
}
