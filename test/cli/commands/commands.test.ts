// What the commands print.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { dlqReplay, letterText, lettersText, replayText } from '#lib/cli/commands/dlq.ts'
import { lag, topics } from '#lib/cli/commands/log.ts'
import { plan } from '#lib/cli/commands/plan.ts'
import { query, queryFormat } from '#lib/cli/commands/query.ts'
import { stateText } from '#lib/cli/commands/state.ts'
import { types } from '#lib/cli/commands/types.ts'
import type { Inspection, Letter, LetterContent } from '#lib/ports/inspection.ts'
import { coded } from '../../adapters/embedded/opened.ts'
import { counter, watcher } from '../inspection/counting-system.ts'
import { plainScreen, terminalScreen } from '../screens.ts'

const AT = Date.UTC(2010, 11, 1, 8, 25)

test('state: a row an entry, windows with their bounds, and how many there are', () => {
  const row = (o: object) => ({
    partition: 0,
    store: 'per-user',
    key: 'ann',
    window: { start: AT, end: AT + 300_000 },
    value: { orders: 2, revenue: '139.1200' },
    ...o,
  })
  const rows = [
    row({}),
    row({ partition: 11, key: 7, window: { start: AT + 86_000_000, end: AT + 87_000_000 }, value: 3 }),
    row({ store: 'largest', window: null, key: 'b\nob', value: [1] }),
  ]
  assert.deepEqual(stateText({ rows, total: 3 }, 'p', null, plainScreen()).split('\n'), [
    'partition  state     window                           key    value',
    '        0  per-user  2010-12-01 08:25:00 to 08:30:00  ann    orders 2, revenue 139.1200',
    '       11  per-user  2010-12-02 08:18:20 to 08:35:00  7      3',
    '        0  largest                                    b\\nob  [1]',
    '(3 entries)',
    '',
  ])
  assert.match(
    stateText({ rows: rows.slice(0, 1), total: 350_250 }, 'p', null, plainScreen()),
    /\(1 of 350,250 entries; --limit shows more, --key one key\)\n$/,
  )
  assert.equal(
    stateText({ rows: [], total: 0 }, 'counter', 'ann', plainScreen()),
    "counter remembers nothing of key 'ann' now: no window is open and no state is kept\n",
  )
})

test('state: on a terminal rows are cut to its width, in a pipe they are whole', () => {
  const long = { rows: [{ partition: 0, store: 's', key: 'k', window: null, value: 'x'.repeat(200) }], total: 1 }
  assert.ok(stateText(long, 'p', null, plainScreen()).includes('x'.repeat(200)))
  for (const line of stateText(long, 'p', null, { ...terminalScreen(60), colours: 'off' }).split('\n')) assert.ok(line.length <= 60)
})

const letter: Letter = {
  id: 'etl-processor/0/3',
  code: 'ROW_REFUSED',
  message: 'value\nout of range',
  processor: 'etl-processor',
  stage: 'to',
  origin: { topic: 'order_events', partition: 2, offset: 41 },
  of: 'record',
  time: AT,
  replay: 'possible',
  replayNote: '',
}

test('dlq ls: a row a letter, and how one is shown whole', () => {
  assert.equal(lettersText([], {}, plainScreen()), 'no dead letters: nothing was refused\n')
  assert.deepEqual(lettersText([letter, { ...letter, of: 'result', replay: 'impossible', time: NaN }], {}, plainScreen()).split('\n'), [
    'letter             code         refused record               event time           replay      message',
    'etl-processor/0/3  ROW_REFUSED  order_events/2/41            2010-12-01 08:25:00  possible    value\\nout of range',
    'etl-processor/0/3  ROW_REFUSED  result of order_events/2/41                       impossible  value\\nout of range',
    '(2 letters; millrace dlq show etl-processor/0/3 shows one whole)',
    '',
  ])
  assert.match(lettersText([letter], { limit: 1 }, plainScreen()), /\(the newest 1 letter; --limit shows more;/)
})

test('dlq show: facts, headers, then the value as it could be read', () => {
  const content: LetterContent = {
    ...letter,
    key: 'U-1',
    value: { as: 'avro', content: { order_id: 'O-1', total: '1.50' }, note: 'schema 3' },
    headers: [['from', 'test\u0007']],
    replay: 'done',
    replayNote: 'sent again to order_events/2',
  }
  assert.deepEqual(letterText(content, plainScreen()).split('\n'), [
    'etl-processor/0/3',
    'code         ROW_REFUSED',
    'message      value\\nout of range',
    'processor    etl-processor, stage to',
    'record       order_events/2/41',
    'event time   2010-12-01 08:25:00',
    'replay       done: sent again to order_events/2',
    'key          U-1',
    'header from  test\\u0007',
    'value        avro (schema 3)',
    '  {',
    '    "order_id": "O-1",',
    '    "total": "1.50"',
    '  }',
    '',
  ])
})

test('dlq replay: what was sent and what was kept, the same reasons together; the exit code says whether anything was kept', async () => {
  const answer = {
    replayed: [{ id: 'p/0/1', topic: 't', partition: 2, offset: 99 }],
    kept: [1, 2, 3, 4].map(i => ({ id: `p/0/${i}`, why: 'it came from a feed' })),
  }
  assert.equal(
    replayText(answer),
    '1 record sent again:\n  p/0/1 is now t/2/99\nkept p/0/1, p/0/2, p/0/3 and 1 more: it came from a feed\n',
  )
  assert.equal(replayText({ replayed: [], kept: [] }), 'nothing was sent again\n')
  const inspection = (kept: typeof answer.kept) => ({ replay: async () => ({ ...answer, kept }) }) as unknown as Inspection
  const order = { letters: ['p/0/1'], twice: 'refuse' } as const
  assert.equal(await dlqReplay(inspection(answer.kept), order, 'table', plainScreen()), 1)
  const screen = plainScreen()
  assert.equal(await dlqReplay(inspection([]), order, 'json', screen), 0)
  assert.deepEqual(JSON.parse(screen.written.out), { ...answer, kept: [] })
})

test('lag and topics: aligned, or JSON, or a sentence when there is nothing', async () => {
  const row = { processor: 'p', topic: 't', partition: 0, position: 1_000, end: 1_234_567, lag: 1_233_567 }
  const topic = { topic: 't', partitions: 3, retention: 604_800_000, records: 1_000, purpose: 'data' } as const
  const inspection = { lag: async () => [row], topics: async () => [topic, { ...topic, retention: 'compact' }] } as unknown as Inspection
  const screen = plainScreen()
  await lag(inspection, 'table', screen)
  await topics(inspection, 'table', screen)
  assert.deepEqual(screen.written.out.split('\n'), [
    'processor  topic  partition  position        end        lag',
    'p          t              0     1,000  1,234,567  1,233,567',
    'topic  partitions  offsets  kept             purpose',
    't               3    1,000  7 d 0 h          data',
    't               3    1,000  newest of a key  data',
    '',
  ])
  const json = plainScreen()
  await lag(inspection, 'json', json)
  assert.deepEqual(JSON.parse(json.written.out), [row])
  const none = plainScreen()
  const empty = { lag: async () => [], topics: async () => [] } as unknown as Inspection
  await lag(empty, 'table', none)
  await topics(empty, 'table', none)
  assert.equal(none.written.out, 'no processor has committed a position yet\nthere are no topics yet\n')
})

test('plan: one processor, or all of them, in each form', () => {
  const all = [counter, watcher]
  const printed = (id: string | null, as: 'text' | 'json' | 'mermaid'): string => {
    const screen = plainScreen()
    plan(all, id, as, screen)
    return screen.written.out
  }
  assert.equal(printed('counter', 'text'), `${counter.describe()}\n`)
  assert.equal(printed(null, 'text'), `${counter.describe()}\n\n${watcher.describe()}\n`)
  assert.deepEqual(
    (JSON.parse(printed(null, 'json')) as { processor: string }[]).map(p => p.processor),
    ['counter', 'watcher'],
  )
  assert.equal((JSON.parse(printed('watcher', 'json')) as { processor: string }).processor, 'watcher')
  assert.match(printed('counter', 'mermaid'), /^flowchart LR\n/)
  assert.throws(() => printed('countre', 'text'), coded('OPTION_INVALID', "Did you mean 'counter'?"))
})

test('query: an unknown format and an empty query are refused before anybody is asked', async () => {
  assert.throws(() => queryFormat('tabel'), coded('OPTION_INVALID', "--format is 'tabel'", "Did you mean 'table'?"))
  assert.equal(queryFormat('csv'), 'csv')
  await assert.rejects(query({} as Inspection, '  ', 'table', plainScreen()), coded('OPTION_INVALID', 'the query is empty'))
})

test('types: writes what differs, and as a check only says so', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-types-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const schema = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'string' }] }
  writeFileSync(join(directory, 'order.avsc'), JSON.stringify(schema))
  const run = async (mode: 'write' | 'check') => {
    const screen = plainScreen()
    const code = await types({ directory, mode, decimalFrom: 'millrace' }, screen)
    return { code, ...screen.written }
  }
  assert.deepEqual(await run('check'), {
    code: 1,
    out: 'order.generated.ts missing\n',
    err: '1 file of 1 is not as generated: `millrace types` mends that\n',
  })
  assert.deepEqual(await run('write'), { code: 0, out: 'order.generated.ts written\n1 file as the schemas say\n', err: '' })
  assert.match(readFileSync(join(directory, 'order.generated.ts'), 'utf8'), /export interface Order/)
  assert.equal((await run('check')).code, 0)
})
