// One fault and no other, at every call in turn: nothing is left to chance.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallFault, CALM } from '#lib/testing/simulation/faults.ts'
import { runSeed } from '#lib/testing/simulation/proof/run.ts'
import { apart } from './apart.ts'
import type { struckInTurn } from './seeds.ts'

const SEED = 3
/** Calls that are struck one by one: deployment, OPEN of every task, and the first epochs of each. */
const CALLS = 250

test('the seed that is struck violates nothing in calm', async () => {
  assert.equal((await runSeed(SEED, { faults: CALM })).violation, null)
})

for (const fault of ['kill', 'reply lost', 'request lost'] as const satisfies readonly CallFault[])
  test(`one '${fault}' at each of the first ${CALLS} calls of OPEN and EPOCH in turn changes nothing`, async () => {
    const { struck, violations } = await apart<Awaited<ReturnType<typeof struckInTurn>>>(
      new URL('seeds.ts', import.meta.url),
      'struckInTurn',
      SEED,
      fault,
      CALLS,
    )
    assert.deepEqual(violations, [])
    assert.equal(struck, CALLS)
  })
