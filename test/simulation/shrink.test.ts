// A failing seed is made small: what is left violates the same invariant, nothing can be left out of it, and the command that is printed runs it again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invariantOf, type SeedReport } from '#lib/testing/simulation/proof/run.ts'
import { type RunSeed, shrunk } from '#lib/testing/simulation/proof/shrink.ts'
import type { Strike } from '#lib/testing/simulation/fate.ts'
import { proofWith } from './mutated.ts'
import { commandOf, optionsOf, scheduleText } from './replay.ts'

const EVENTS = Array.from({ length: 40 }, (_, id) => id)
const STRIKES = Array.from({ length: 30 }, (_, i): Strike => ({ draw: 10 * i, fault: i % 2 === 0 ? 'kill' : 'reply lost' }))

/** Fails as `violationOf` says of what is left of forty events and thirty faults. */
function scripted(violationOf: (events: ReadonlySet<number>, draws: ReadonlySet<number>, order: number) => string | null) {
  const run: RunSeed = async (seed, { only, strikes = STRIKES, order = seed } = {}): Promise<SeedReport> => {
    const events = EVENTS.filter(id => only?.has(id) ?? true)
    const violation = violationOf(new Set(events), new Set(strikes.map(s => s.draw)), order)
    return { seed, draws: 0, lives: 0, epochs: 0, events, strikes, faults: new Map(), violation }
  }
  return run
}

test('what is left is what the failure needs, and no more', async () => {
  const run = scripted((events, draws) => (events.has(3) && events.has(17) && draws.has(120) && draws.has(290) ? 'I4: a cache' : null))
  const { report, end } = await shrunk(await run(1), run)
  assert.deepEqual([report.events, report.strikes.map(s => s.draw), end], [[3, 17], [120, 290], 'smallest'])
})

test('a smaller schedule that violates another invariant is not taken', async () => {
  const run = scripted((events, draws) => (events.has(3) ? (draws.has(120) ? 'I4: a cache' : 'L1: it hangs') : null))
  const { report } = await shrunk(await run(1), run)
  assert.deepEqual([report.events, report.strikes.map(s => s.draw)], [[3], [120]])
})

test('where something only fails in some orders of draws, others are tried, and the one that failed is told', async () => {
  const run = scripted((events, _draws, order) => (events.size === EVENTS.length || order % 3 === 0 ? 'I1: a gap' : null))
  const { report, order } = await shrunk(await run(1), run)
  assert.deepEqual([report.events, report.strikes, order % 3], [[], [], 0])
})

test('it ends when it may run no more', async () => {
  const run = scripted(events => (events.size > 20 ? 'I1: a gap' : null))
  const { runs, end } = await shrunk(await run(1), run, 5)
  assert.deepEqual([runs, end], [5, 'out of runs'])
})

test('a seed that finds a mutant shrinks to a few events and faults, and the printed command runs just these', async () => {
  const mutant = 'no-fence'
  const { runSeed } = await proofWith(mutant)
  let found = await runSeed(1)
  for (let seed = 2; found.violation === null; seed++) found = await runSeed(seed)
  const small = await shrunk(found, runSeed)
  const { report } = small
  assert.ok(report.events.length <= 3 && report.strikes.length <= 3, commandOf(small, mutant))
  assert.equal(invariantOf(report.violation!), invariantOf(found.violation))

  const again = await runSeed(report.seed, optionsOf(scheduleText(small)))
  assert.deepEqual([again.violation, again.draws, again.strikes], [report.violation, report.draws, report.strikes])
  const sound = await proofWith(null)
  assert.equal((await sound.runSeed(report.seed, optionsOf(scheduleText(small)))).violation, null)
})

test('the command names events, faults, order and mutant', async () => {
  const run = scripted(() => 'I1: a gap')
  const report = { ...(await run(7)), events: [0, 4], strikes: [{ draw: 12, fault: 'reply lost' as const }] }
  assert.equal(
    commandOf({ report, order: 9 }, 'no-fence'),
    `npm run simulate -- --seed 7 --only 0,4 --strikes '12 reply lost' --order 9 --mutant no-fence --trace`,
  )
  const none = commandOf({ report: { ...report, events: [], strikes: [] }, order: 7 }, null)
  assert.equal(none, `npm run simulate -- --seed 7 --only none --strikes 'none' --trace`)
  assert.deepEqual(optionsOf({ only: 'none', strikes: '12 reply lost, 40 cache rolled back', order: '9' }), {
    only: new Set(),
    order: 9,
    strikes: [
      { draw: 12, fault: 'reply lost' },
      { draw: 40, fault: 'cache rolled back' },
    ],
  })
})
