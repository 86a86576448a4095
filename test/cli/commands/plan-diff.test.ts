import assert from 'node:assert/strict'
import { test } from 'node:test'
import { from, processor, type ProcessorOptions, scan } from '#lib/index.ts'
import { planDiff } from '#lib/cli/commands/plan-diff.ts'
import { storedStages } from '#lib/cli/inspection/stored-stages.ts'
import type { Inspection } from '#lib/ports/inspection.ts'
import type { Processor } from '#lib/stages/processor.ts'
import { directPorts } from '#lib/testing/simulation/world.ts'
import { APP, Lives } from '../../engine/lives.ts'
import { e, events, lines } from '../../semantics/jobs.ts'
import { plainScreen } from '../screens.ts'

const kept = (name: string, version: number, options: ProcessorOptions = {}) =>
  processor(
    'keeping',
    from(events, { idle: 'never' })
      .pipe(
        scan(name, {
          version,
          ttl: null,
          initial: () => 0,
          next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: String(s + x.v) }] }),
        }),
      )
      .to(lines),
    options,
  )
async function stored(): Promise<Pick<Inspection, 'stored'>> {
  const lives = new Lives()
  await lives.push(events, e('a', 0, 1), e('b', 1, 2))
  await lives.begin(kept('s', 1))
  const { log } = directPorts(lives.world)
  return { stored: id => storedStages({ app: APP, ports: { log } as never, processors: [kept('s', 1)], running: null }, id) }
}
async function diff(p: Processor, as: 'text' | 'json' = 'text'): Promise<{ readonly code: number; readonly out: string }> {
  const screen = plainScreen()
  const code = await planDiff((await stored()) as Inspection, p, as, screen)
  return { code, out: screen.written.out }
}

test('what fits goes on', async () => {
  assert.deepEqual(await diff(kept('s', 1)), {
    code: 0,
    out: `keeping against what it has stored:
  stage 's' is as stored (2 entries)
The next start goes on after epoch 1.
`,
  })
})

test('a version with a migrate goes on; without one it is refused, with what to do', async () => {
  const { code, out } = await diff(kept('s', 2, { migrate: { s: old => old } }))
  assert.equal(code, 0)
  assert.match(out, /stage 's' was version 1 and is version 2, with a migrate \(2 entries\)\nThe next start migrates/)
  const refused = await diff(kept('s', 2))
  assert.equal(refused.code, 1)
  assert.match(refused.out, /is refused \(STATE_INCOMPATIBLE\):\n.*give the processor migrate.*\n.*millrace reset keeping/)
})

test('stages that came and went are named, also as JSON', async () => {
  const { code, out } = await diff(kept('t', 1), 'json')
  assert.equal(code, 1)
  const { tasks } = JSON.parse(out) as { tasks: { verdict: string; stages: { stage: string; change: string; entries: number }[] }[] }
  assert.deepEqual(
    tasks.map(t => [t.verdict, t.stages.map(s => [s.stage, s.change, s.entries])]),
    [
      [
        'is refused',
        [
          ['s', 'gone', 2],
          ['t', 'new', 0],
        ],
      ],
    ],
  )
})
