// One task, its whole output in order: any windows, any input, any size of turns.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { outcomeOf, type Step } from '../oracle/windows/task.ts'
import { checkIdentities } from './identities.ts'
import { aligned, anyWindows, arrivals, sessions, stepsOf } from './window-inputs.ts'
import { driving, eventOf, input, type Job, lateLine, partitionOutcome, resultLine } from './window-runs.ts'

const turns = fc.constantFrom(1, 7, 1_000)
const lateForms = fc.constantFrom('count-and-drop' as const, 'topic' as const, 'described' as const)
const inputs = fc
  .tuple(arrivals({ most: 40, refused: 'some' }), fc.constant(null as number | null))
  .map(([records, drain]) => stepsOf(records, drain))

async function check(job: Job, steps: readonly Step[]): Promise<void> {
  const expected = outcomeOf(job.windows, steps, job.turn)
  const sent = job.late !== 'count-and-drop' && !('keep' in job.windows[0]! && job.windows[0].keep > 0)
  const seen = await driving(job, 1, async driven => {
    let pending: Step[] = []
    for (const step of [...steps]) {
      if ('record' in step) {
        pending.push(step)
        continue
      }
      await driven.push(input, ...pending.flatMap(s => ('record' in s ? [eventOf(s.record)] : [])))
      pending = []
      await driven.drain()
    }
    return partitionOutcome(driven, 0)
  })
  checkIdentities(job.windows.at(-1)!, seen.results)
  assert.deepEqual(seen.results.map(resultLine), expected.results.map(resultLine))
  if (sent) assert.deepEqual(seen.late.map(lateLine), expected.late.map(lateLine))
}

const RUNS = Number(process.env['RUNS'] ?? 150)
test('tumbling, hopping and cumulating windows', async () => {
  await fc.assert(
    fc.asyncProperty(aligned, lateForms, turns, inputs, (w, late, turn, steps) => check({ windows: [w], late, turn }, steps)),
    { numRuns: RUNS },
  )
})
test('sessions', async () => {
  await fc.assert(
    fc.asyncProperty(sessions, lateForms, turns, inputs, (w, late, turn, steps) => check({ windows: [w], late, turn }, steps)),
    { numRuns: RUNS },
  )
})
test('windows behind windows', async () => {
  await fc.assert(
    fc.asyncProperty(anyWindows, anyWindows, lateForms, turns, inputs, (first, second, late, turn, steps) =>
      check({ windows: [first, second], late, turn }, steps),
    ),
    { numRuns: RUNS },
  )
})
