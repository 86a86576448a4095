import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CALM } from '#lib/testing/simulation/faults.ts'
import type { CallFault } from '#lib/testing/simulation/faults.ts'
import { runSeed } from '#lib/testing/simulation/proof/run.ts'

const SEEDS = 1_000

test(`exactly once under ${SEEDS} seeds of kills, lost and late replies, two owners, cache rollbacks, leader moves and full disks`, async () => {
  const faults = new Map<string, number>()
  let epochs = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await runSeed(seed)
    assert.equal(report.violation, null, `seed ${seed}: npm run simulate -- --seed ${seed} --trace`)
    epochs += report.epochs
    for (const [what, n] of report.faults) faults.set(what, (faults.get(what) ?? 0) + n)
  }
  assert.ok(epochs > SEEDS * 5, `only ${epochs} epochs were committed`)
  for (const kind of [
    'kill',
    'request lost',
    'reply lost',
    'lands late',
    'delay',
    'pause',
    'cache rolled back',
    'cache lost',
    'leader move',
    'member evicted',
    'clock jump',
    'disk full',
  ]) {
    assert.ok((faults.get(kind) ?? 0) > 0, `the fault '${kind}' never fired`)
  }
})

for (const fault of ['kill', 'reply lost', 'request lost'] as const satisfies readonly CallFault[]) {
  test(`one '${fault}' at each of the first calls of OPEN and EPOCH in turn changes nothing`, async () => {
    const calm = await runSeed(3, { faults: CALM })
    assert.equal(calm.violation, null)
    let struck = 0
    for (let at = 0; at < STRIKES; at++) {
      let calls = 0
      const report = await runSeed(3, {
        faults: CALM,
        decide: ({ possible }) => (possible.includes(fault) && calls++ === at ? (struck++, fault) : null),
      })
      assert.equal(report.violation, null, `'${fault}' at call ${at}`)
    }
    assert.equal(struck, STRIKES)
  })
}
/** Calls that are struck one by one: deployment, OPEN of every task, and the first epochs of each. */
const STRIKES = 250
