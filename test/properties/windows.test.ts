// Any windows, any input, any turns, any deaths: the whole output of every task in its order.
import { test } from 'node:test'
import fc from 'fast-check'
import { check, TRIES } from './check.ts'
import { aligned, anyWindows, arrivals, deaths, deeds, sessions } from './window-inputs.ts'

const turns = fc.constantFrom(1, 7, 1_000)
const lateForms = fc.constantFrom('count-and-drop' as const, 'topic' as const, 'described' as const)
const jobs = fc.record({
  late: lateForms,
  turn: turns,
  refusing: fc.constantFrom('fold' as const, 'branch' as const, 'second value' as const),
})
const worlds = fc.record({ partitions: fc.constantFrom(1, 1, 3), deaths })
const inputs = deeds(arrivals({ most: 40, refused: 'some' }))

test('I11, S3, S4: tumbling, hopping and cumulating windows', async () => {
  await fc.assert(
    fc.asyncProperty(aligned, jobs, inputs, worlds, (w, job, done, world) => check({ windows: [w], ...job }, done, world)),
    { numRuns: TRIES },
  )
})
test('I11, S3.5, S4: sessions', async () => {
  await fc.assert(
    fc.asyncProperty(sessions, jobs, inputs, worlds, (w, job, done, world) => check({ windows: [w], ...job }, done, world)),
    { numRuns: TRIES },
  )
})
test('I11, S2.6: windows behind windows', async () => {
  await fc.assert(
    fc.asyncProperty(anyWindows, anyWindows, jobs, inputs, worlds, (first, second, job, done, world) =>
      check({ windows: [first, second], ...job }, done, world),
    ),
    { numRuns: TRIES },
  )
})
