import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CallFault, WORLD_FAULTS } from '#lib/testing/simulation/faults.ts'
import { apart, THREADS } from './apart.ts'
import { NO_SEEDS, type Seeds, together } from './seeds.ts'

const SEEDS = 1_000

test(`exactly once under ${SEEDS} seeds of kills, lost and late replies, two owners, caches that fall back, lie or are lost, leader moves and full disks`, async () => {
  const each = SEEDS / THREADS
  const parts = Array.from({ length: THREADS }, (_, i) =>
    apart<Seeds>(new URL('seeds.ts', import.meta.url), 'seedsFrom', 1 + i * each, each),
  )
  const { failed, epochs, happened } = (await Promise.all(parts)).reduce(together, NO_SEEDS)
  const [first] = failed
  assert.equal(first?.violation ?? null, null, `seed ${first?.seed}: npm run simulate -- --seed ${first?.seed}`)
  assert.ok(epochs > SEEDS * 30, `only ${epochs} epochs were committed`)
  const never = [...CALL_FAULTS, ...WORLD_FAULTS, ...MET].filter(what => !happened.has(what))
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
