// The same questions to a running system, to one in another process (through its control port) and to one at rest.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { remoteInspection } from '#lib/cli/control/client.ts'
import { serveControl } from '#lib/cli/control/server.ts'
import type { Inspection, ReplayOrder } from '#lib/ports/inspection.ts'
import { coded } from '../../adapters/embedded/opened.ts'
import { CountingSystem, counter, type Event, START } from './counting-system.ts'

const EVENTS: readonly (Event | 'raw')[] = [
  { user: 'ann', n: 3 },
  { user: 'bob', n: 5 },
  { user: 'ann', n: -1 },
  { user: 'bob', n: -2 },
  'raw',
  { user: 'ann', n: 7 },
]

type Way = 'running' | 'through the control port' | 'at rest'
const WAYS: readonly Way[] = ['running', 'through the control port', 'at rest']

/** A system that has computed EVENTS, seen in one of the ways. */
async function inspected(t: TestContext, way: Way): Promise<{ inspection: Inspection; system: CountingSystem }> {
  const directory = CountingSystem.directory(t)
  const system = await CountingSystem.open(directory, 'running')
  await system.start()
  await system.send(EVENTS)
  await system.caughtUp()
  if (way === 'at rest') {
    await system.close()
    const resting = await CountingSystem.open(directory, 'at rest')
    t.after(() => resting.close())
    return { inspection: resting.inspection, system: resting }
  }
  t.after(() => system.close())
  if (way === 'running') return { inspection: system.inspection, system }
  const control = await serveControl(system.inspection, 'secret')
  t.after(() => control.close())
  return { inspection: remoteInspection({ pid: 1, port: control.port, token: 'secret' }), system }
}

const ids = async (inspection: Inspection, processor?: string): Promise<readonly string[]> =>
  (await inspection.letters({ processor })).map(l => l.id)
const order = (o: Partial<ReplayOrder>): ReplayOrder => ({ letters: [], twice: 'refuse', ...o })

for (const way of WAYS) {
  describe(way, () => {
    test('state: open windows and kept values of every task, or of one key', async t => {
      const { inspection } = await inspected(t, way)
      const window = { start: START, end: START + 300_000 }
      const state = await inspection.state('counter', null, 100)
      assert.deepEqual(
        [...state.rows].sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ partition: _, ...row }) => row),
        [
          { store: 'per-user', key: 'ann', window, value: { events: 2 } },
          { store: 'per-user', key: 'bob', window, value: { events: 1 } },
        ],
      )
      assert.equal(state.total, 2)
      const ann = await inspection.state('watcher', 'ann', 100)
      assert.deepEqual(
        ann.rows.map(r => [r.store, r.key, r.window, r.value]),
        [['largest', 'ann', null, { most: 7, of: [-1, 7] }]],
      )
      assert.deepEqual(await inspection.state('watcher', 'nobody else', 100), { rows: [], total: 0 })
      const cut = await inspection.state('counter', null, 1)
      assert.deepEqual([cut.rows.length, cut.total], [1, 2])
    })

    test('an unknown processor is refused with the one that may be meant; one that never ran remembers nothing', async t => {
      const { inspection } = await inspected(t, way)
      await assert.rejects(inspection.state('cuonter', null, 1), coded('OPTION_INVALID', "'cuonter'", "Did you mean 'counter'?", 'watcher'))
      await assert.rejects(inspection.letters({ processor: 'x' }), coded('OPTION_INVALID', 'counter, watcher'))
      assert.deepEqual(await inspection.state('sleeper', null, 10), { rows: [], total: 0 })
    })

    test('lag: committed positions against the ends, in the processors’ order', async t => {
      const { inspection } = await inspected(t, way)
      const rows = await inspection.lag()
      assert.deepEqual(
        [...new Set(rows.map(r => `${r.processor} ${r.topic}`))],
        ['counter counter.by-user', 'counter events', 'watcher events'],
      )
      assert.deepEqual(
        rows.filter(r => r.lag !== r.end - r.position || r.lag !== 0),
        [],
      )
      assert.equal(
        rows.filter(r => r.processor === 'watcher').reduce((n, r) => n + r.end, 0),
        EVENTS.length,
      )
    })

    test('topics: what they are for, how many offsets they hold', async t => {
      const { inspection } = await inspected(t, way)
      const rows = new Map((await inspection.topics()).map(r => [r.topic, r]))
      assert.deepEqual(rows.get('events'), { topic: 'events', partitions: 2, retention: 'forever', records: 6, purpose: 'data' })
      assert.deepEqual(
        ['counter.by-user', 'test.counter.ledger', 'test.counter.dlq'].map(t => rows.get(t)?.purpose),
        ['repartition', 'ledger', 'dead letters'],
      )
    })

    test('plan and query go where they belong', async t => {
      const { inspection } = await inspected(t, way)
      assert.equal(await inspection.plan('counter', 'mermaid'), counter.describe('mermaid'))
      assert.deepEqual((await inspection.query('SELECT 1')).rows, [['SELECT 1']])
    })

    test('S6.2: dead letters are listed newest first, with their origin and what can be done', async t => {
      const { inspection } = await inspected(t, way)
      const letters = await inspection.letters({ processor: 'counter' })
      assert.deepEqual(letters.map(l => l.code).sort(), ['USER_FUNCTION_FAILED', 'USER_FUNCTION_FAILED', 'WIRE_MALFORMED'])
      const one = letters.find(l => l.message.endsWith('n is -1'))!
      assert.deepEqual(
        { ...one, id: '', origin: { ...one.origin, offset: 0, partition: 0 } },
        {
          id: '',
          code: 'USER_FUNCTION_FAILED',
          message: 'Error: n is -1',
          processor: 'counter',
          stage: 'map',
          origin: { topic: 'events', partition: 0, offset: 0 },
          of: 'record',
          time: START + 2_000,
          replay: 'possible',
          replayNote: '',
        },
      )
      assert.equal((await inspection.letters({})).length, 5)
      assert.equal((await inspection.letters({ limit: 2 })).length, 2)
    })

    test('a letter is shown with key, headers and its value decoded as far as possible', async t => {
      const { inspection } = await inspected(t, way)
      const letters = await inspection.letters({ processor: 'counter' })
      const event = await inspection.letter(letters.find(l => l.message.endsWith('n is -2'))!.id)
      assert.equal(event.key, 'bob')
      assert.deepEqual(event.headers, [['from', 'test']])
      assert.deepEqual([event.value.as, event.value.content], ['avro', { user: 'bob', at: START + 3_000, n: -2 }])
      const raw = await inspection.letter(letters.find(l => l.code === 'WIRE_MALFORMED')!.id)
      assert.deepEqual(raw.value, { as: 'text', content: 'no event', note: '' })
    })

    test('a letter that is not there is refused, however it is named', async t => {
      const { inspection } = await inspected(t, way)
      for (const id of ['counter/0/999', 'counter/9/0', 'sleeper/0/0'])
        await assert.rejects(inspection.letter(id), coded('OPTION_INVALID', id))
      for (const id of ['counter', 'counter/0/-1', '', 'counter/a/0', 'counter/0/1/2'])
        await assert.rejects(inspection.letter(id), coded('OPTION_INVALID', "is no dead letter's id"))
    })

    test('replay keeps back what another processor took: it would count the record twice', async t => {
      const { inspection } = await inspected(t, way)
      const answer = await inspection.replay(order({ letters: { processor: 'counter' } }))
      // −1 was taken by the watcher; −2 and the raw bytes were refused by both.
      assert.equal(answer.replayed.length, 2)
      assert.deepEqual(
        answer.kept.map(k => k.why),
        ['watcher took this record and would count it twice; --twice accept sends it all the same'],
      )
      const [kept] = answer.kept
      const all = await inspection.replay(order({ letters: [kept!.id], twice: 'accept' }))
      assert.deepEqual([all.replayed.length, all.kept.length], [1, 0])
    })

    test('replay sends original bytes and headers again, each record at most once, whoever refused it', async t => {
      const { inspection, system } = await inspected(t, way)
      const refusedByCounter = await ids(inspection, 'counter')
      const [first] = (await inspection.replay(order({ letters: { processor: 'watcher' } }))).replayed
      assert.equal((await inspection.replay(order({ letters: [first!.id] }))).replayed.length, 0)
      const again = await inspection.replay(order({ letters: refusedByCounter, twice: 'accept' }))
      assert.equal(again.replayed.length, 1, 'the two records that watcher refused too were sent already')
      assert.deepEqual(
        again.kept.map(k => k.why.replace(/\d$/, 'N')),
        Array(2).fill('sent again to events/N'),
      )
      const marked = (await inspection.letters({ processor: 'watcher' })).find(l => l.id === first!.id)!
      assert.equal(marked.replay, 'done')
      const reader = await system.ports.log.reader('events', first!.partition, first!.offset)
      const { batches } = await reader.fetch(1_000)
      reader.close()
      const original = await inspection.letter(first!.id)
      assert.equal(batches[0]!.key(0)?.toString(), original.key)
      assert.deepEqual([...batches[0]!.headers(0).names()], ['from'])
      assert.equal(batches[0]!.time(0), original.time)
      assert.equal((await inspection.topics()).find(r => r.topic === 'test.dlq-replayed')?.purpose, 'internal')
    })

    test('replays at the same time send nothing twice', async t => {
      const { inspection } = await inspected(t, way)
      const letters = await ids(inspection, 'watcher')
      const answers = await Promise.all([1, 2, 3].map(() => inspection.replay(order({ letters }))))
      assert.equal(answers.flatMap(a => a.replayed).length, 2)
    })
  })
}

test('a running system computes what is replayed; what it refuses again is a new letter that may be sent again', async t => {
  const { inspection, system } = await inspected(t, 'running')
  const before = await ids(inspection, 'watcher')
  await inspection.replay(order({ letters: { processor: 'watcher' } }))
  await system.caughtUp()
  const after = await inspection.letters({ processor: 'watcher', limit: 100 })
  assert.equal(after.length, 2 * before.length)
  assert.equal(after.filter(l => l.replay === 'possible').length, before.length)
})

test('status: every task with counts, positions, lag, stream time and open windows, also before it has computed anything here', async t => {
  const { system, inspection } = await inspected(t, 'running')
  const { tasks } = await inspection.status()
  assert.deepEqual(
    tasks.map(k => `${k.processor}/${k.partition} ${k.state} ${k.kind}`),
    ['counter/0 ready stream', 'counter/1 ready stream', 'watcher/0 ready stream', 'watcher/1 ready stream'],
  )
  const sum = (f: (k: (typeof tasks)[number]) => number): number => tasks.reduce((n, k) => n + f(k), 0)
  assert.equal(
    sum(k => (k.processor === 'watcher' ? k.counts.records : 0)),
    EVENTS.length,
  )
  assert.equal(
    sum(k => (k.processor === 'watcher' ? k.counts.refused : 0)),
    2,
  )
  assert.equal(
    sum(k => (k.processor === 'counter' ? k.open! : 0)),
    2,
  )
  assert.equal(tasks.find(k => k.processor === 'watcher')!.open, null)
  assert.deepEqual([...new Set(tasks.flatMap(k => k.inputs.map(i => i.lag)))], [0])
  assert.ok(tasks.some(k => k.inputs.some(i => i.streamTime === START + 5_000)))
  assert.ok(system.worker !== null)
})

test('a system at rest has no status: NOT_RUNNING', async t => {
  const { inspection } = await inspected(t, 'at rest')
  await assert.rejects(inspection.status(), coded('NOT_RUNNING', 'millrace start'))
})

test('looking at a system at rest changes nothing in its log', async t => {
  const { inspection } = await inspected(t, 'at rest')
  const before = await inspection.topics()
  await inspection.state('counter', null, 10)
  await inspection.lag()
  await inspection.letters({})
  assert.deepEqual(await inspection.topics(), before)
})
