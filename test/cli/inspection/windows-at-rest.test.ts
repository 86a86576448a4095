// What people see of open windows is the same whether the task runs or its ledger is read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cumulating, hopping, millis, session, tumbling } from '#lib/index.ts'
import { tasksAtRest } from '#lib/cli/inspection/ledger-at-rest.ts'
import { directPorts } from '#lib/testing/simulation/world.ts'
import { APP, Lives } from '../../engine/lives.ts'
import { type E, events } from '../../semantics/jobs.ts'
import { anyWindows, at, drop, windowLines } from '../../semantics/window-jobs.ts'

const bounds = { size: millis(20), grace: millis(3) }
const KINDS = {
  tumbling: anyWindows(tumbling<E, string>('w', { ...bounds, ...drop })),
  hopping: anyWindows(hopping<E, string>('w', { ...bounds, hop: millis(5), ...drop })),
  'corrected hopping': anyWindows(hopping<E, string>('w', { ...bounds, hop: millis(5), late: { correct: millis(10) } })),
  cumulating: anyWindows(cumulating<E, string>('w', { ...bounds, step: millis(5), ...drop })),
  session: anyWindows(session<E, string>('w', { gap: millis(5), grace: millis(3), ...drop })),
}
const SEEN = {
  tumbling: ['a [20,40) 21,24', 'b [20,40) 23'],
  hopping: [
    'a [5,25) 7,21,24',
    'a [10,30) 21,24',
    'a [15,35) 21,24',
    'a [20,40) 21,24',
    'b [5,25) 23',
    'b [10,30) 23',
    'b [15,35) 23',
    'b [20,40) 23',
  ],
  'corrected hopping': [
    'a [5,25) 7,21,24',
    'a [10,30) 21,24',
    'a [15,35) 21,24',
    'a [20,40) 21,24',
    'b [5,25) 23',
    'b [10,30) 23',
    'b [15,35) 23',
    'b [20,40) 23',
  ],
  cumulating: [
    'a [20,25) 21,24',
    'a [20,30) 21,24',
    'a [20,35) 21,24',
    'a [20,40) 21,24',
    'b [20,25) 23',
    'b [20,30) 23',
    'b [20,35) 23',
    'b [20,40) 23',
  ],
  session: ['a [21,29) 21,24', 'b [23,28) 23'],
}

for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[])
  test(`open ${kind} windows are shown alike, closed ones are not`, async () => {
    const processor = windowLines(KINDS[kind])
    const lives = new Lives()
    await lives.begin(processor)
    await lives.push(events, at(2), at(7), at(21), at(23, 'b'), at(24))
    const shown = (entries: Iterable<{ key: unknown; window?: { start: number; end: number }; value: unknown }>): readonly string[] =>
      [...entries]
        .map(
          e =>
            `${String(e.key)} [${e.window!.start},${e.window!.end}) ${(e.value as { vs: readonly number[] }).vs.toSorted((a, b) => a - b).join()}`,
        )
        .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    const running = lives
      .task(processor)
      .stores()
      .find(s => s.store === 'w')!
    assert.deepEqual(shown(running.entries), SEEN[kind])
    const [task] = await tasksAtRest(directPorts(lives.world).log, APP, processor)
    assert.deepEqual(shown(task!.stores.find(s => s.name === 'w')!.entries()), SEEN[kind])
    assert.deepEqual(
      shown(task!.stores.find(s => s.name === 'w')!.entries('b')),
      SEEN[kind].filter(e => e.startsWith('b')),
    )
    await lives.stop()
  })
