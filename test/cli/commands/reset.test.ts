import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resetCommand } from '#lib/cli/commands/reset.ts'
import { from, integer, json, processor, scan, table, topic, upsert } from '#lib/index.ts'
import { directPorts } from '#lib/testing/simulation/world.ts'
import { e, events, lines } from '../../semantics/jobs.ts'
import { APP, Lives } from '../../engine/lives.ts'
import { plainScreen } from '../screens.ts'

const summing = processor(
  'summing',
  from(events, { idle: 'never' })
    .pipe(
      scan('s', {
        version: 1,
        ttl: null,
        initial: () => 0,
        next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: String(s + x.v) }] }),
      }),
    )
    .to(lines),
)
const other = topic('other', { key: 'k', time: 'record-timestamp', value: json(v => v as { k: number }) })
const loader = processor('loader', from(other).to(upsert(table('t', { columns: { k: integer }, key: ['k'] }), x => ({ k: x.k }))))

async function resting() {
  const lives = new Lives({ applyEveryMs: 1 })
  await lives.push(events, e('a', 0, 1), e('b', 1, 10))
  await lives.begin(summing)
  await lives.stop()
  return { lives, at: { app: APP, processors: [summing, loader], ports: directPorts(lives.world) } }
}

test('without consent a reset says what would change, changes nothing, and ends with 1', async () => {
  const { lives, at } = await resting()
  const screen = plainScreen()
  assert.equal(await resetCommand(at, { processor: 'summing', to: 'earliest', consent: 'ask', format: 'table' }, screen), 1)
  assert.equal(
    screen.written.out.replace(/from \d+/, 'from N').replace(/to \d+ offsets/, 'to N offsets'),
    `A reset of summing to 'earliest' would change:
  partition 0
    2 entries of 's' are forgotten
    events: goes from N to 0
Up to N offsets are read again, and what they give goes to topic lines a second time:
  readers of those topics see it twice; table rows with a key and a revision replace themselves
Nothing was changed. The same command with --yes does it.
`,
  )
  await lives.begin(summing)
  assert.equal((await lives.results(lines)).length, 2)
})

test('with consent it is done, and says so, also as JSON', async () => {
  const { lives, at } = await resting()
  const screen = plainScreen()
  assert.equal(await resetCommand(at, { processor: 'summing', to: 'keep', consent: 'given', format: 'json' }, screen), 0)
  const answer = JSON.parse(screen.written.out) as { state: string; tasks: { remembers: object }[] }
  assert.equal(answer.state, 'reset')
  assert.deepEqual(answer.tasks[0]!.remembers, { s: 2 })
  await lives.begin(summing)
  await lives.push(events, e('a', 2, 5))
  assert.equal((await lives.results(lines)).at(-1)!.text, '5')
})

test('a processor that never ran has nothing to reset; one that is not known is a mistake', async () => {
  const { at } = await resting()
  const screen = plainScreen()
  assert.equal(await resetCommand(at, { processor: 'loader', to: 'keep', consent: 'ask', format: 'table' }, screen), 0)
  assert.match(screen.written.out, /never run here/)
  await assert.rejects(resetCommand(at, { processor: 'sumning', to: 'keep', consent: 'ask', format: 'table' }, screen), {
    code: 'OPTION_INVALID',
    message: /summing/,
  })
})
