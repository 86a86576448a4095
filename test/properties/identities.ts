// I10: (key, window, revision) is unique among results, and exactly one revision is the last. A session is known by its start (S3.5); one whose start moved
// back to that of a closed one begins anew (decision 0066).
import assert from 'node:assert/strict'
import { type Result, type WindowWords } from '../oracle/windows/words.ts'
import { resultLine } from './window-runs.ts'

export function checkIdentities({ kind }: Pick<WindowWords, 'kind'>, results: readonly Result[]): void {
  const windows = Map.groupBy(results, r => (kind === 'session' ? `${r.key} from ${r.start}` : `${r.key} [${r.start},${r.end})`))
  for (const [window, all] of windows) {
    const ended = all.findIndex(r => r.final)
    const of = kind === 'session' && ended >= 0 ? all.slice(0, ended + 1) : all
    if (of.length < all.length) checkIdentities({ kind }, all.slice(ended + 1))
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
