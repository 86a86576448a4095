import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallFault, CALM, WORLD_FAULTS } from '#lib/testing/simulation/faults.ts'
import { runSeed } from '#lib/testing/simulation/proof/run.ts'

const SEEDS = 600

test(`exactly once under ${SEEDS} seeds of kills, lost and late replies, two owners, caches that fall back, lie or are lost, leader moves and full disks`, async () => {
  const faults = new Map<string, number>()
  let epochs = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const report = await runSeed(seed)
    assert.equal(report.violation, null, `seed ${seed}: npm run simulate -- --seed ${seed} --trace`)
    epochs += report.epochs
    for (const [what, n] of report.faults) faults.set(what, (faults.get(what) ?? 0) + n)
  }
  assert.ok(epochs > SEEDS * 5, `only ${epochs} epochs were committed`)
  const never = [...CALL_FAULTS, ...WORLD_FAULTS, ...MET].filter(what => !faults.has(what))
  assert.deepEqual(never, [], 'what never happened is a defect of the simulation')
})
const CALL_FAULTS: readonly CallFault[] = ['kill', 'pause', 'delay', 'request lost', 'lands late', 'reply lost']
/** What faults and the course of the job must bring about. */
const MET = [
  'request of the dead',
  'fence aborted an open transaction',
  'fence met a transaction that was being settled',
  'a request of an older epoch was refused',
  'transaction timed out',
  'stale bounds were told',
  'short fetch',
  'fetch ahead',
  'fetch again',
  'slow turn',
  'a load was fenced',
  'a load waited for a lock',
  'a writer hung',
  'a last transaction was aborted',
  'an idle source moved on',
  'an idle repartition moved on',
  'the ledger is lost',
  'the ledger is cut off',
  'records are lost before they were read',
]

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
