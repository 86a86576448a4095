import assert from 'node:assert/strict'
import { test } from 'node:test'
import { from, map, processor, scan } from '#lib/index.ts'
import { e, events, lines } from '../semantics/jobs.ts'
import { Lives } from './lives.ts'

const stateless = processor(
  'stateless',
  from(events, { idle: 'never' })
    .pipe(map(x => ({ k: x.k, text: `${x.v}` })))
    .to(lines),
)
const stateful = processor(
  'stateful',
  from(events, { idle: 'never' })
    .pipe(scan('s', { version: 1, ttl: null, initial: () => 0, next: (s, x) => ({ state: s + 1, emit: [{ k: x.k, text: `${x.v}` }] }) }))
    .to(lines),
)

const SNAPSHOT = 20_000
for (const p of [stateless, stateful]) {
  test(`a ${p.id} task that commits one record an epoch for months keeps a short ledger: metas count too`, async () => {
    const lives = new Lives({ snapshotBytes: SNAPSHOT, applyEveryMs: 1 })
    await lives.begin(p)
    let longest = 0
    for (let i = 0; i < 400; i++) {
      await lives.push(events, e('a', i, i))
      await lives.pass(2) // the cache follows, and lets the ledger be cut off
      if (i % 150 === 149) {
        lives.kill()
        await lives.begin(p) // what it counts from is in the ledger
      }
      longest = Math.max(longest, (await lives.ledger(p)).length)
    }
    assert.ok(longest < SNAPSHOT / 100, `${longest} records`) // a meta has some 300 bytes
    assert.deepEqual(
      (await lives.results(lines)).map(l => Number(l.text)),
      Array.from({ length: 400 }, (_, i) => i),
    )
  })
}
