import assert from 'node:assert/strict'
import { test } from 'node:test'
import { livePhase } from '#lib/cli/commands/start.ts'
import { openDisplay } from '#lib/cli/live/display.ts'
import { overview, totals } from '#lib/cli/live/overview.ts'
import { progressLine, progressWords } from '#lib/cli/live/progress-view.ts'
import { line, Region } from '#lib/cli/live/region.ts'
import { type Picture, statusLine, statusLines } from '#lib/cli/live/status-view.ts'
import { summaryText } from '#lib/cli/live/summary.ts'
import { TablesWatch } from '#lib/cli/live/tables-watch.ts'
import { painter } from '#lib/cli/text/screen.ts'
import { widthOf } from '#lib/cli/text/width.ts'
import type { Clock } from '#lib/ports/clock.ts'
import type { Inspection, SystemStatus, TaskStatus } from '#lib/ports/inspection.ts'
import type { QueryResult } from '#lib/ports/tables.ts'
import { plainScreen, shownBy, terminalScreen } from '../screens.ts'

const NOW = Date.UTC(2026, 0, 2, 10, 45, 12)
const task = (processor: string, partition: number, o: Partial<TaskStatus> = {}): TaskStatus => ({
  processor,
  partition,
  state: 'ready',
  kind: 'stream',
  counts: { records: 1_000, late: 2, refused: 3, refusedResults: 1 },
  perSecond: 10,
  inputs: [{ input: 'order_events', position: 500, lag: 7, streamTime: NOW - 1_000 }],
  open: 40,
  live: { 'per-user': 40 },
  failure: null,
  ...o,
})
const generator = task('orders-generator', 0, {
  counts: { records: 148_231, late: 0, refused: 151, refusedResults: 0 },
  perSecond: 20.4,
  inputs: [{ input: 'orders-generator', position: 148_231, lag: null, streamTime: NOW - 400 }],
  open: null,
})
const loader = task('etl-processor', 0, {
  kind: 'sink',
  inputs: [{ input: 'order_events', position: 1, lag: 0, streamTime: null }],
  open: null,
  counts: { records: 5, late: 0, refused: 0, refusedResults: 0 },
})
const status = (...tasks: readonly TaskStatus[]): SystemStatus => ({ at: NOW, startedAt: NOW - 130_000, tasks })

const picture = (o: Partial<Picture> = {}): Picture => ({
  title: 'orders',
  directory: '.millrace',
  now: NOW,
  startedAt: NOW - 130_000,
  phase: 'live',
  status: status(
    generator,
    task('event-aggregator', 0),
    task('event-aggregator', 1, { inputs: [{ input: 'order_events', position: 1, lag: 0, streamTime: NOW - 5_000 }] }),
    loader,
  ),
  tables: {
    rows: [
      { table: 'orders', rows: 22_190 },
      { table: 'trend_alerts', rows: 41 },
    ],
    latest: ['10:41  P-0123  HIGH'],
  },
  latestTitle: 'latest alerts',
  notices: [{ at: NOW - 14_000, tone: 'bad', text: 'the log\nis full' }],
  hints: ['millrace query "SELECT 1"'],
  ...o,
})

test('the overview adds the tasks of a processor up, and tells the stream time of its slowest one', () => {
  const [g, a, l] = overview(picture().status!)
  assert.deepEqual(
    { records: a!.records, perSecond: a!.perSecond, lag: a!.lag, open: a!.open, late: a!.late, refused: a!.refused, tasks: a!.tasks },
    { records: 2_000, perSecond: 20, lag: 7, open: 80, late: 4, refused: 8, tasks: 2 },
  )
  assert.equal(a!.streamTime, NOW - 5_000)
  assert.deepEqual([g!.lag, g!.open, g!.late], [null, null, null], 'a feed has no lag, a stage without windows nothing open or late')
  assert.deepEqual([l!.lag, l!.streamTime], [0, null])
})

test('of several inputs the one that is furthest tells how far event time has come', () => {
  const two = task('p', 0, {
    inputs: [
      { input: 'slow', position: 0, lag: 0, streamTime: 100 },
      { input: 'fast', position: 0, lag: 0, streamTime: 900 },
      { input: 'none', position: 0, lag: 0, streamTime: null },
    ],
  })
  assert.equal(overview(status(two))[0]!.streamTime, 900)
})

test('a record is counted once in the total rate, where it comes in', () => {
  assert.equal(totals(overview(picture().status!)).perSecond, 20.4)
  assert.equal(totals(overview(status(task('a', 0), task('b', 0)))).perSecond, 20)
})

const texts = (p: Picture, columns = 100): readonly string[] => statusLines(p, columns).map(l => l.text)

test('the status in lines: one row a processor, rows in tables, newest results, events, what to do next', () => {
  assert.deepEqual(texts(picture()), [
    'millrace  orders  .millrace                                                     live, up 2 min 10 s',
    '',
    'processor         records  per s  lag  stream time  open windows  late  dead letters',
    'orders-generator  148,231   20.4       10:45:11                                  151',
    'event-aggregator    2,000   20.0    7  10:45:07               80     4             8',
    'etl-processor           5   10.0    0                                              0',
    '',
    'rows in tables',
    'orders        22,190    trend_alerts      41',
    '',
    'latest alerts',
    '10:41  P-0123  HIGH',
    '',
    'last events',
    '10:44:58  the log\\nis full',
    '',
    'millrace query "SELECT 1"',
  ])
})

test('while a system opens the status says what it does, and nothing that it does not know', () => {
  assert.deepEqual(texts(picture({ status: null, tables: null, notices: [], hints: [], phase: 'opening the tables' }), 60), [
    'millrace  orders  .millrace  opening the tables, up 2 min 10 s',
    '',
  ])
})

test('a task in trouble is named with its reason, below its processor', () => {
  const failure = { code: 'TABLES_UNAVAILABLE', message: 'the database is away', at: NOW, retryInMs: 100 }
  const ill = task('etl-processor', 3, { state: 'waiting', failure })
  const lines = statusLines(picture({ status: status(ill) }), 100)
  const reason = lines.find(l => l.text.includes('TABLES_UNAVAILABLE'))
  assert.deepEqual(reason, { tone: 'warning', text: '  partition 3 is waiting: TABLES_UNAVAILABLE: the database is away' })
  assert.match(statusLine(picture({ status: status(ill) })), /in trouble: etl-processor \(TABLES_UNAVAILABLE\)/)
  assert.equal(livePhase(status(ill), NOW), 'in trouble')
  const many = [0, 1, 2, 3].map(p => task('etl-processor', p, { state: 'stopped', failure }))
  assert.ok(statusLines(picture({ status: status(...many) }), 100).some(l => l.text === '  and 2 more partitions'))
})

test('the status in one line says the same in short', () => {
  assert.equal(
    statusLine(picture()),
    '10:45:12  live  20.4/s  lag 7  stream time 10:45:07  open windows 80  late 4  dead letters 159  rows in tables 22,231',
  )
  assert.equal(statusLine(picture({ status: null, tables: null, phase: 'opening the log' })), '10:45:12  opening the log')
})

test('a system is catching up while it is minutes or thousands of records behind, and live otherwise', () => {
  const behind = (ms: number): TaskStatus => ({ ...generator, inputs: [{ input: 'g', position: 0, lag: null, streamTime: NOW - ms }] })
  assert.equal(livePhase(status(), NOW), 'starting')
  assert.equal(livePhase(status(generator), NOW), 'live')
  assert.equal(livePhase(status(behind(3_600_000)), NOW), 'catching up, 1 h 0 min behind')
  assert.equal(
    livePhase(status(generator, task('p', 0, { inputs: [{ input: 't', position: 0, lag: 9_999, streamTime: NOW }] })), NOW),
    'catching up',
  )
})

test('a region draws over what it drew before, whatever became shorter, and fits the terminal', () => {
  const screen = terminalScreen(24, 5)
  const region = new Region(screen, painter('off'))
  region.draw(['one', 'two', 'three', 'four', 'five', 'six'].map(t => line(t)))
  assert.deepEqual(shownBy(screen.written.out), ['one', 'two', 'three', 'four', ''], 'the last row is the cursor’s')
  region.draw([line('x'.repeat(30)), line('b')])
  assert.deepEqual(shownBy(screen.written.out), [`${'x'.repeat(22)}…`, 'b', ''])
  region.clear()
  assert.deepEqual(shownBy(screen.written.out), [''])
})

const clockOf = (): { clock: Clock; time: { now: number }; sleeps: (() => void)[] } => {
  const time = { now: NOW }
  const sleeps: (() => void)[] = []
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      const wake = (): void => {
        time.now += ms
        resolve()
      }
      sleeps.push(wake)
      signal?.addEventListener('abort', () => resolve())
      if (signal?.aborted) resolve()
    })
  return { clock: { now: () => time.now, sleep, async breathe() {} }, time, sleeps }
}
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

async function looks(screen: ReturnType<typeof plainScreen>, phases: readonly string[], leave: 'picture' | 'nothing'): Promise<void> {
  const { clock, sleeps } = clockOf()
  const display = openDisplay('shown', screen, clock)
  let n = 0
  display.begin(async () => {
    const phase = phases[Math.min(n++, phases.length - 1)]!
    if (phase === 'fails') throw new Error('away')
    return { phase, line: () => `${phase} ${n}`, lines: () => [line(`${phase} ${n}`)] }
  })
  for (let i = 1; i < phases.length; i++) {
    await settled()
    sleeps.pop()!()
  }
  await settled()
  await display.end(leave)
}

test('on a plain screen a line is printed every five seconds and when something else is done, without ANSI', async () => {
  const screen = plainScreen()
  await looks(screen, ['a', 'a', 'b', 'fails', ...Array<string>(12).fill('b')], 'nothing')
  assert.deepEqual(screen.written.out.split('\n'), ['b 3', 'b 13', ''])
})

test('on a terminal every look is drawn; the last picture stays or goes as wanted', async () => {
  const [left, cleared] = [terminalScreen(), terminalScreen()]
  await looks(left, ['a', 'b'], 'picture')
  await looks(cleared, ['a', 'b'], 'nothing')
  assert.deepEqual(shownBy(left.written.out), ['b 2', ''])
  assert.deepEqual(shownBy(cleared.written.out), [''])
})

test('tables are asked in the background, the less often the longer it takes, and a refusal changes nothing', async () => {
  const { clock, time } = clockOf()
  const answers: (() => QueryResult | Error)[] = []
  const asked: string[] = []
  const inspection = {
    async query(sql: string) {
      asked.push(sql)
      const answer = answers.shift()!()
      if (answer instanceof Error) throw answer
      return answer
    },
  } as unknown as Inspection
  const watch = new TablesWatch(inspection, clock, { tables: ['a', 'b'], latest: { title: 't', sql: 'SELECT x' } })
  const counts = (a: number, tookMs: number) => () => {
    time.now += tookMs
    return { columns: [], types: [], rows: [[String(a), '2']] }
  }
  const newest = () => ({ columns: [], types: [], rows: [['line']] })
  answers.push(counts(1, 200), newest)
  assert.deepEqual([watch.picture], [null])
  await settled()
  const first = {
    rows: [
      { table: 'a', rows: 1 },
      { table: 'b', rows: 2 },
    ],
    latest: ['line'],
  }
  assert.deepEqual(watch.picture, first)
  assert.equal(asked[0], 'SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)')
  time.now += 3_999
  assert.deepEqual(watch.picture, first)
  assert.equal(asked.length, 2, 'a fifth of a second of counting is followed by four of rest')
  time.now += 1
  answers.push(() => new Error('away'))
  assert.deepEqual(watch.picture, first)
  await settled()
  assert.deepEqual(watch.picture, first)
  time.now += 1_000
  answers.push(counts(7, 60_000), newest)
  assert.deepEqual(watch.picture, first)
  await settled()
  time.now += 10_000
  answers.push(counts(8, 0), newest)
  assert.equal(watch.picture?.rows[0]?.rows, 7, 'at least every ten seconds')
  await settled()
  assert.equal(watch.picture?.rows[0]?.rows, 8)
})

test('progress: how much, how fast, what is left, and what follows when all is read', () => {
  const p = { share: 0.31, rows: 168_400, readHere: 168_400, behind: 1_200, elapsedMs: 2_000 }
  assert.equal(progressLine(p), '[#########.....................]   31 %  168,400 rows  84,200/s  1,200 behind  2.0 s')
  assert.equal(progressWords({ ...p, share: 1 }), '100 %  168,400 rows  all read, 1,200 records to go  2.0 s')
  assert.equal(progressWords({ ...p, share: 1, behind: 0 }), '100 %  168,400 rows  all read, closing windows  2.0 s')
  assert.equal(progressLine({ ...p, share: null }), '168,400 rows  84,200/s  1,200 behind  2.0 s')
  for (const share of [0, 0.5, 0.999, 1]) assert.equal(widthOf(progressLine({ ...p, share }).split(']')[0]!), 31)
  assert.match(progressLine({ ...p, share: 0.9999 }), /99 %/, 'not all before it is all')
})

test('a summary is aligned, its numbers to the right', () => {
  const rows = [
    { what: 'rows read', value: '370,931', note: '' },
    { what: 'revenue', value: '7,363,416.2340', note: 'sum over order_aggregates' },
  ]
  assert.equal(
    summaryText('orders, 14 s', rows),
    'orders, 14 s\n\n  rows read         370,931\n  revenue    7,363,416.2340  sum over order_aggregates\n',
  )
})
