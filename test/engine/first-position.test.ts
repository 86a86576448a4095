// Where a processor without a position begins: a loader as any other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { from, integer, map, processor, table, text, upsert } from '#lib/index.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'
import { e, events, lines } from '../semantics/jobs.ts'
import { Lives } from './lives.ts'

const rows = table('rows', { columns: { k: text, v: integer }, key: ['v'] })

for (const [words, start, expected] of [
  ['earliest', 'earliest', [1, 2, 3, 4]],
  ['latest', 'latest', [4]],
  ['a time', { at: new Date(BEGINNING + 20) }, [2, 3, 4]],
] as const)
  test(`from() with start ${words} begins there once, a loader too, and goes on from its own position after that`, async () => {
    const flow = from(events, { start })
    const stream = processor('stream', flow.pipe(map(x => ({ k: x.k, text: String(x.v) }))).to(lines))
    const loader = processor('loader', flow.to(upsert(rows, x => ({ k: x.k, v: x.v }))))
    for (const [p, seen] of [
      [stream, async (l: Lives) => (await l.results(lines)).map(r => Number(r.text))],
      [loader, async (l: Lives) => l.world.database.rows('rows').map(r => r['v'])],
    ] as const) {
      const lives = new Lives()
      await lives.push(events, e('a', 10, 1), e('a', 20, 2), e('a', 30, 3))
      await lives.begin(p)
      lives.kill()
      await lives.push(events, e('a', 40, 4))
      await lives.begin(p)
      assert.deepEqual(await seen(lives), expected, p.id)
    }
  })
