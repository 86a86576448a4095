// S5.1: the operator's way out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  count,
  from,
  integer,
  json,
  keyBy,
  map,
  millis,
  type Processor,
  processor,
  scan,
  table,
  text,
  topic,
  tumbling,
  upsert,
} from '#lib/index.ts'
import { reset, resetOutlook, type ResetTo } from '#lib/engine/reset.ts'
import { feed } from '#lib/index.ts'
import { planOfProcessor } from '#lib/stages/processor.ts'
import { directPorts } from '#lib/testing/simulation/world.ts'
import { DIRECT } from '#lib/testing/simulation/wire.ts'
import { portsOver } from '#lib/testing/simulation/world.ts'
import { ManualClock } from '#lib/testing/simulation/clock.ts'
import { SeededRandom } from '#lib/testing/simulation/random.ts'
import { type E, e, events, lines } from '../semantics/jobs.ts'
import { APP, Lives } from './lives.ts'

const plain = <T>() => json<T>(value => value as T)
const summing = (version: number) =>
  processor(
    'summing',
    from(events, { idle: 'never' })
      .pipe(
        scan('s', {
          version,
          ttl: null,
          initial: () => 0,
          next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: `${version}:${s + x.v}` }] }),
        }),
      )
      .to(lines),
  )
const doing = (lives: Lives, p: Processor, to: ResetTo) => reset(directPorts(lives.world), { app: APP, plan: planOfProcessor(p), to })
const texts = async (lives: Lives): Promise<string[]> => (await lives.results(lines)).map(l => l.text)
async function stopped(): Promise<Lives> {
  const lives = new Lives({ applyEveryMs: 1 })
  await lives.push(events, e('a', 0, 1), e('b', 1, 10), e('a', 2, 2))
  await lives.begin(summing(1))
  await lives.pass(3)
  await lives.stop()
  return lives
}

test("S5.1: a reset to 'earliest' forgets everything and computes it again, whatever the stages were", async () => {
  const lives = await stopped()
  await assert.rejects(lives.begin(summing(2)), { code: 'STATE_INCOMPATIBLE' })
  lives.kill()
  const [task] = await doing(lives, summing(2), 'earliest')
  assert.deepEqual(task, { partition: 0, remembers: { s: 2 }, inputs: [{ input: 'events', from: task!.inputs[0]!.from, to: 0 }] })
  await lives.begin(summing(2))
  await lives.push(events, e('a', 3, 3))
  assert.deepEqual(await texts(lives), ['1:1', '1:10', '1:3', '2:1', '2:10', '2:3', '2:6'])
  lives.kill()
  await lives.begin(summing(2))
  await lives.push(events, e('b', 4, 1))
  assert.equal((await texts(lives)).at(-1), '2:11')
})

test("S5.1: 'latest' goes on with what comes, 'keep' with what was not read; both forget", async () => {
  for (const [to, want] of [
    ['latest', ['2:5', '2:7']],
    ['keep', ['2:4', '2:9', '2:7']],
  ] as const) {
    const lives = await stopped()
    await lives.push(events, e('a', 3, 4))
    await doing(lives, summing(2), to)
    await lives.push(events, e('a', 4, 5), e('b', 5, 7))
    await lives.begin(summing(2))
    assert.deepEqual((await texts(lives)).slice(3), want, to)
  }
})

test('an outlook changes nothing', async () => {
  const lives = await stopped()
  const before = (await lives.ledger(summing(1))).length
  const tasks = await resetOutlook(directPorts(lives.world), { app: APP, plan: planOfProcessor(summing(2)), to: 'earliest' })
  assert.deepEqual(tasks[0]!.remembers, { s: 2 })
  assert.equal((await lives.ledger(summing(1))).length, before)
  await lives.begin(summing(1))
  await lives.push(events, e('a', 3, 3))
  assert.equal((await texts(lives)).at(-1), '1:6')
})

test('what never ran is not reset; what lost its ledger is', async () => {
  const lives = new Lives()
  assert.deepEqual(await doing(lives, summing(1), 'earliest'), [])
  const { log } = directPorts(lives.world)
  await lives.push(events, e('a', 0, 1), e('a', 1, 2))
  const producer = log.producer('operator')
  await producer.fence()
  const metadata = '11111111-1111-4111-8111-111111111111:7'
  await producer.commit({
    writes: [],
    offsets: { group: `${APP}.summing`, metadata, offsets: [{ topic: 'events', partition: 0, next: 1 }] },
  })
  await assert.rejects(lives.begin(summing(1)), { code: 'DATA_LOSS' })
  lives.kill()
  await doing(lives, summing(1), 'keep')
  await lives.begin(summing(1))
  assert.deepEqual(await texts(lives), ['1:2'])
})

test('an owner that still runs is fenced: what it computes after the reset is not committed', async () => {
  const lives = await stopped()
  await lives.begin(summing(1))
  await doing(lives, summing(1), 'earliest')
  await lives.push(events, e('a', 3, 3))
  await lives.pass(1_000)
  assert.deepEqual(await texts(lives), ['1:1', '1:10', '1:3', '1:1', '1:10', '1:3', '1:6'], 'it opened again and went on as reset')
})

test('wherever a reset dies, the task is as it was or reset; the same command does the rest', async () => {
  for (let at = 0; ; at++) {
    const lives = await stopped()
    let calls = 0
    const wire = {
      ...DIRECT,
      call: (...a: Parameters<typeof DIRECT.call>) => (calls++ >= at ? new Promise<never>(() => {}) : DIRECT.call(...a)),
    }
    const ports = portsOver(lives.world, wire as typeof DIRECT, new ManualClock(), new SeededRandom(1))
    const ended = await Promise.race([
      reset(ports, { app: APP, plan: planOfProcessor(summing(1)), to: 'earliest' }).then(() => 'done'),
      new Promise(resolve => setImmediate(() => setImmediate(() => resolve('died')))),
    ])
    await lives.begin(summing(1))
    await lives.push(events, e('a', 3, 3))
    const seen = (await texts(lives)).slice(3)
    assert.ok(
      [['1:6'], ['1:1', '1:10', '1:3', '1:6']].some(w => w.join() === seen.join()),
      `${seen.join()} after call ${at}`,
    )
    if (ended === 'done') {
      assert.equal(seen.length, 4)
      assert.ok(at > 5)
      return
    }
  }
})

test('S2.5: behind a keyBy the same results come again: what lies in the repartition topic is not counted twice', async () => {
  const grouped = topic('by-group', { key: 'k', time: 'at', value: plain<E>() })
  const p = processor(
    'grouping',
    from(events, { idle: 'never' })
      .pipe(
        keyBy(x => x.k, { via: grouped }),
        tumbling('w', { size: millis(10), grace: millis(0), late: 'count-and-drop' }),
        aggregate({ n: count() }, { emit: 'on-close' }),
        map(w => ({ k: w.key, text: `${w.key}@${w.start % 1_000}:${w.value.n}` })),
      )
      .to(lines),
  )
  const lives = new Lives({ markEveryMs: 0 })
  await lives.push(events, ...Array.from({ length: 50 }, (_, i) => e('ab'[i % 2]!, i)))
  await lives.begin(p)
  await lives.pass(10)
  const first = await texts(lives)
  assert.ok(first.length >= 8)
  await lives.stop()
  await doing(lives, p, 'earliest')
  await lives.begin(p)
  await lives.pass(10)
  assert.deepEqual((await texts(lives)).slice(first.length), first)
})

test('§4: a sink that is reset loads again; its rows are the same', async () => {
  const rows = table('sums', { columns: { k: text, n: integer, revision: integer }, key: ['k'], revision: 'revision' })
  const sink = processor(
    'loader',
    from(lines).to(upsert(rows, l => ({ k: l.k, n: Number(l.text.split(':')[1]), revision: Number(l.text.split(':')[1]) }))),
  )
  const lives = await stopped()
  await lives.begin(sink)
  await lives.pass(5)
  await lives.stop()
  const before = lives.world.database.rows('sums')
  assert.equal(before.length, 2)
  const [task] = await doing(lives, sink, 'earliest')
  assert.equal(task!.inputs[0]!.to, 0)
  const [position] = lives.world.database.positions
  assert.deepEqual([position!.next, position!.gen], [0, 1])
  await lives.begin(sink)
  await lives.pass(5)
  assert.deepEqual(lives.world.database.rows('sums'), before)
  assert.ok(lives.world.database.positions[0]!.next > 0)
})

test('a feed has no latest', async () => {
  const invoices = feed('invoices', { key: 'k', time: 'record-timestamp', value: plain<{ k: string }>() })
  const p = processor(
    'reading',
    from(invoices)
      .pipe(map(x => ({ k: x.k, text: '' })))
      .to(lines),
  )
  const lives = new Lives()
  const { log } = directPorts(lives.world)
  await log.createTopic({ name: `${APP}.reading.ledger`, partitions: 1, retention: 'forever' })
  await assert.rejects(doing(lives, p, 'latest'), { code: 'OPTION_INVALID', message: /earliest or keep/ })
})
