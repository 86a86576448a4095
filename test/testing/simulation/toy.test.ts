// The simulation is strong enough: a system that keeps the rules survives everything, and one that breaks a rule is found within 100 seeds.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CALM, type CallFault, CHAOS, type Fault } from '#lib/testing/simulation/faults.ts'
import type { DrawPoint } from '#lib/testing/simulation/judgement.ts'
import { type Mutant, toyRun } from './toy.ts'

const MUTANTS: readonly Mutant[] = [
  'believes the group offset after a commit',
  'reads before the fence',
  'reads without a barrier',
  'goes on after an unknown commit',
  'sink keeps its position',
]

describe('a system that keeps the rules', () => {
  test('no seed of 100 violates I2, I6, I12 or loses or doubles a record, all come to rest, and every fault has struck', async () => {
    const struck = new Map<string, number>()
    for (let seed = 1; seed <= 100; seed++) {
      const { violation, simulation } = await toyRun(seed)
      assert.equal(violation, null, `seed ${seed}`)
      for (const [what, times] of simulation.tally.counts) struck.set(what, (struck.get(what) ?? 0) + times)
    }
    const kinds = (Object.keys(CHAOS) as readonly (keyof typeof CHAOS)[]).filter(kind => kind !== 'hurry' && CHAOS[kind] > 0)
    const met: readonly string[] = [
      'request of the dead',
      'fence aborted an open transaction',
      'fence met a transaction that was being settled',
      'a request of an older epoch was refused',
      'transaction timed out',
      'stale bounds were told',
      'a load was fenced',
      'a load waited for a lock',
    ]
    assert.deepEqual(
      [...kinds, ...met].filter(what => !struck.has(what)),
      [],
      'what never happened is a defect of the simulation',
    )
  })

  test('a kill, a lost request, a late one and a lost reply at each of the first draws that they can strike at', async () => {
    const faults: readonly CallFault[] = ['kill', 'request lost', 'lands late', 'reply lost']
    for (const fault of faults)
      for (let at = 0; at < 40; at++) {
        let possible = 0
        const decide = (p: DrawPoint): CallFault | null => (p.possible.includes(fault) && possible++ === at ? fault : null)
        const { violation, simulation } = await toyRun(1000 + at, null, 0, { faults: CALM, decide })
        assert.equal(violation, null, `${fault} at ${at}`)
        assert.equal(simulation.tally.of(fault), 1)
      }
  })

  const alone = [
    'member evicted',
    'disk full',
    'outage',
    'leader move',
    'cache rolled back',
    'clock jump',
  ] as const satisfies readonly Fault[]
  /** A cache falls back at few of the moments at which it is to. */
  const rateOf = (fault: Fault): number => (fault === 'cache rolled back' ? 1 : 0.05)
  for (const fault of alone)
    test(`'${fault}' alone, and often`, async () => {
      let struck = 0
      for (let seed = 1; seed <= 10; seed++) {
        const { violation, simulation } = await toyRun(seed, null, 300, { faults: { ...CALM, [fault]: rateOf(fault), hurry: 0.05 } })
        assert.equal(violation, null, `seed ${seed}`)
        struck += simulation.tally.of(fault)
      }
      assert.ok(struck >= 5, `struck ${struck} times`)
    })
})

describe('a system that breaks a rule is found', () => {
  for (const mutant of MUTANTS)
    test(mutant, async () => {
      let seed = 1
      while (seed <= 100 && (await toyRun(seed, mutant)).violation === null) seed++
      assert.ok(seed <= 100, 'not found within 100 seeds')
    })
})
