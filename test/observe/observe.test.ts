import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventLogger, loggingObserver } from '#lib/observe/event-log.ts'
import { liveness, readiness } from '#lib/observe/health.ts'
import { type Measured, openMetrics } from '#lib/observe/metrics.ts'
import { observers } from '#lib/observe/observers.ts'
import { Rate } from '#lib/observe/rate.ts'
import { Seldom } from '#lib/observe/seldom.ts'
import { TaskBoard } from '#lib/observe/task-board.ts'
import type { Clock } from '#lib/ports/clock.ts'
import { type EpochReport, type Observer, SILENT } from '#lib/ports/observer.ts'

const clockAt = (time: { now: number }): Clock => ({ now: () => time.now, async sleep() {}, async breathe() {} })
const TASK = { processor: 'counter', partition: 2 }
const RECORD = { topic: 'orders', partition: 2, offset: 7, key: 'ann', time: 1_700_000_000_000 }
const report = (records: number, o: Partial<EpochReport> = {}): EpochReport => ({
  epoch: 1,
  records,
  counts: { records, late: 1, refused: 2, refusedResults: 3 },
  dropped: {},
  computeMs: 4,
  commitMs: 60,
  streamTimes: { orders: 1_700_000_000_500, views: null },
  liveKeys: { window: 7 },
  positions: { orders: 100, views: 0 },
  ...o,
})

test('several observers hear everything, in their order', () => {
  const heard: string[] = []
  const listening = (name: string): Observer => ({
    state: (t, s) => heard.push(`${name} state ${t.processor} ${s}`),
    epoch: (_t, r) => heard.push(`${name} epoch ${r.records}`),
    failure: (_t, e) => heard.push(`${name} failure ${e.code}`),
    refused: (_t, l) => heard.push(`${name} refused ${l.code}`),
    late: (_t, e) => heard.push(`${name} late ${e.windows}`),
  })
  const both = observers(listening('a'), SILENT, listening('b'))
  both.state(TASK, 'ready')
  both.epoch(TASK, report(5))
  both.failure(TASK, { code: 'DISK_FULL', message: '', where: {}, retryInMs: 1 })
  both.refused(TASK, { code: 'X', message: '', where: {} })
  both.late(TASK, { window: 'w', windows: 2, lateByMs: 1, missed: [], record: RECORD })
  const words = ['state counter ready', 'epoch 5', 'failure DISK_FULL', 'refused X', 'late 2']
  assert.deepEqual(
    heard,
    words.flatMap(w => [`a ${w}`, `b ${w}`]),
  )
})

test('a rate is the mean over the last seconds, falls to nothing, and never counts what is long ago', () => {
  const rate = new Rate(0)
  rate.add(100, 500)
  assert.equal(rate.perSecond(1_000), 100)
  assert.equal(rate.perSecond(4_000), 25)
  rate.add(100, 5_100)
  assert.ok(rate.perSecond(5_500) < 40)
  assert.equal(rate.perSecond(20_000), 0)
  rate.add(60, 20_000)
  assert.ok(rate.perSecond(20_000) > 0)
})

test('S2.4: a rate survives a wall clock that jumps back or far ahead', () => {
  const rate = new Rate(100_000)
  rate.add(10, 100_000)
  for (const now of [50_000, 1e12, 0]) {
    assert.equal(rate.perSecond(now), 0)
    rate.add(5, now)
    assert.ok(rate.perSecond(now) > 0 && Number.isFinite(rate.perSecond(now)))
  }
})

test('the board remembers state, last report and failure of each task, ordered by processor and partition', () => {
  const time = { now: 1_000 }
  const board = new TaskBoard(clockAt(time))
  const { observer } = board
  observer.state({ processor: 'z', partition: 1 }, 'opening')
  observer.state({ processor: 'a', partition: 0 }, 'opening')
  observer.state({ processor: 'z', partition: 0 }, 'opening')
  observer.failure({ processor: 'z', partition: 0 }, { code: 'LOG_UNAVAILABLE', message: 'away', where: {}, retryInMs: 200 })
  observer.state({ processor: 'z', partition: 0 }, 'waiting')
  observer.epoch({ processor: 'a', partition: 0 }, report(50))
  const tasks = board.tasks()
  assert.deepEqual(
    tasks.map(t => `${t.labels.processor}/${t.labels.partition} ${t.state}`),
    ['z/0 waiting', 'z/1 opening', 'a/0 opening'],
  )
  assert.deepEqual(tasks[0]!.failure, { code: 'LOG_UNAVAILABLE', message: 'away', at: 1_000, retryInMs: 200 })
  assert.equal(tasks[2]!.report?.records, 50)
  assert.equal(tasks[2]!.perSecond, 50)
  observer.state({ processor: 'z', partition: 0 }, 'ready')
  assert.equal(board.tasks()[0]!.failure, null)
})

test('a process lives unless a task stopped for good, and is ready when all of its tasks are', () => {
  const board = new TaskBoard(clockAt({ now: 0 }))
  const one = { processor: 'p', partition: 0 }
  assert.equal(readiness(board.tasks(), 1).verdict, 'ill')
  board.observer.state(one, 'ready')
  assert.deepEqual(readiness(board.tasks(), 1), { verdict: 'well', reasons: [] })
  assert.deepEqual(readiness(board.tasks(), 2).reasons, ['1 of 2 tasks have not begun'])
  assert.deepEqual(readiness(board.tasks(), 'opening').reasons, ['it is opening'], 'however well those are that have begun')
  board.observer.failure(one, { code: 'DISK_FULL', message: 'no room', where: {}, retryInMs: 100 })
  board.observer.state(one, 'waiting')
  assert.deepEqual(readiness(board.tasks(), 1).reasons, ['p/0 is waiting: DISK_FULL: no room'])
  assert.equal(liveness(board.tasks()).verdict, 'well')
  board.observer.state(one, 'stopped')
  assert.equal(liveness(board.tasks()).verdict, 'ill')
})

test('S3.4: what happens often is told at once, then at most once a minute with its number', () => {
  const time = { now: 0 }
  const seldom = new Seldom(clockAt(time))
  assert.equal(seldom.due('late', 3), 3)
  time.now = 30_000
  assert.equal(seldom.due('late', 2), null)
  assert.equal(seldom.due('other'), 1)
  time.now = 59_999
  assert.equal(seldom.due('late'), null)
  time.now = 60_000
  assert.equal(seldom.due('late'), 4)
  time.now = 61_000
  assert.equal(seldom.due('late'), null)
})

function logged(level = 'debug'): { lines: () => readonly Record<string, unknown>[]; observer: Observer; time: { now: number } } {
  const time = { now: 1_600_000_000_000 }
  const texts: string[] = []
  const clock = clockAt(time)
  const observer = loggingObserver(eventLogger(level, clock, { write: text => void texts.push(text) }), clock)
  return { observer, time, lines: () => texts.map(t => JSON.parse(t) as Record<string, unknown>) }
}

test('log lines are JSON with level, time and labels; every failure is one, at its level', () => {
  const { observer, lines } = logged()
  for (let i = 0; i < 2; i++)
    observer.failure(TASK, { code: 'LOG_UNAVAILABLE', message: 'away', where: { topic: 't', offset: 5 }, retryInMs: 100 })
  observer.failure(TASK, { code: 'DATA_LOSS', message: 'gone', where: {}, retryInMs: null })
  const [first, second, third] = lines()
  assert.deepEqual(first, {
    level: 'warn',
    time: '2020-09-13T12:26:40.000Z',
    ...TASK,
    topic: 't',
    offset: 5,
    code: 'LOG_UNAVAILABLE',
    retryInMs: 100,
    msg: 'counter/2 tries again in 100 ms: LOG_UNAVAILABLE: away',
  })
  assert.deepEqual(second, first)
  assert.equal(third!['level'], 'error')
  assert.equal(third!['msg'], 'counter/2 stopped: DATA_LOSS: gone')
})

test('S3.4: late records make at most one line a minute and window, which says how many there were', () => {
  const { observer, lines, time } = logged()
  for (let i = 0; i < 1_000; i++) observer.late(TASK, { window: 'w', windows: 2, lateByMs: 1_500, missed: [], record: RECORD })
  assert.equal(lines().length, 1)
  time.now += 60_000
  observer.late(TASK, { window: 'w', windows: 1, lateByMs: 1_500, missed: [], record: RECORD })
  assert.equal(lines().length, 2)
  assert.equal(lines()[1]!['count'], 1_999)
  assert.equal(lines()[1]!['msg'], "counter: 1999 windows of 'w' were missed by late records, the last by 2 s")
})

test('dead letters make at most one line a minute and code', () => {
  const { observer, lines, time } = logged()
  for (let i = 0; i < 10; i++) observer.refused(TASK, { code: 'ORDER_INVALID', message: `order ${i}`, where: { offset: i } })
  observer.refused(TASK, { code: 'KEY_MISSING', message: 'no key', where: {} })
  time.now += 61_000
  observer.refused(TASK, { code: 'ORDER_INVALID', message: 'order 10', where: {} })
  assert.deepEqual(
    lines().map(l => l['msg']),
    [
      'dead letter of counter: ORDER_INVALID: order 0',
      'dead letter of counter: KEY_MISSING: no key',
      '10 dead letters of counter since the last line, the last: ORDER_INVALID: order 10',
    ],
  )
})

test('names of secrets are cut out of log lines, whatever was put there by mistake', () => {
  const texts: string[] = []
  const logger = eventLogger('info', clockAt({ now: 0 }), { write: text => void texts.push(text) })
  logger.info({ password: 'hunter2', control: { token: 'hunter3' }, port: 1 }, 'x')
  assert.doesNotMatch(texts[0]!, /hunter/)
  assert.match(texts[0]!, /"port":1/)
})

test('metrics tell records, epochs, times, positions, lag, stream time, windows, states, late, dead letters and failures', async () => {
  const measured: Measured = {
    lags: [{ ...TASK, input: 'orders', lag: 12 }],
    ends: [{ topic: 'results', partition: 0, end: 99 }],
    logBytes: 4_096,
  }
  const metrics = openMetrics('1.2.3', async () => measured, 'tasks only')
  const { observer } = metrics
  observer.state(TASK, 'ready')
  observer.epoch(TASK, report(50, { dropped: { branch: 2, once: 1 } }))
  observer.epoch(TASK, report(0, { dropped: { branch: 1 } }))
  observer.epoch(TASK, report(5, { counts: { records: 55, late: 1, refused: 2, refusedResults: 3 } }))
  observer.failure(TASK, { code: 'DISK_FULL', message: '', where: {}, retryInMs: 1 })
  observer.refused(TASK, { code: 'KEY_MISSING', message: '', where: {} })
  observer.late(TASK, { window: 'w', windows: 4, lateByMs: 1, missed: [], record: RECORD })
  const text = await metrics.text()
  const task = 'processor="counter",partition="2"'
  for (const line of [
    `millrace_records_total{${task}} 55`,
    `millrace_epochs_total{${task}} 3`,
    'millrace_epoch_compute_seconds_bucket{le="0.005",processor="counter"} 3',
    'millrace_epoch_commit_seconds_bucket{le="0.05",processor="counter"} 0',
    'millrace_epoch_commit_seconds_count{processor="counter"} 3',
    `millrace_task_records{${task},outcome="all"} 55`,
    `millrace_task_records{${task},outcome="refused-result"} 3`,
    'millrace_late_windows_total{processor="counter",window="w"} 4',
    'millrace_dropped_records_total{processor="counter",stage="branch"} 3',
    'millrace_dropped_records_total{processor="counter",stage="once"} 1',
    'millrace_dead_letters_total{processor="counter",code="KEY_MISSING"} 1',
    'millrace_task_failures_total{processor="counter",code="DISK_FULL"} 1',
    `millrace_task_state{${task},state="ready"} 1`,
    `millrace_task_state{${task},state="stopped"} 0`,
    `millrace_input_position{${task},input="orders"} 100`,
    `millrace_input_lag_records{${task},input="orders"} 12`,
    `millrace_stream_time_seconds{${task},input="orders"} 1700000000.5`,
    `millrace_live_entries{${task},store="window"} 7`,
    'millrace_topic_end_offset{topic="results",partition="0"} 99',
    'millrace_log_bytes 4096',
    'millrace_info{version="1.2.3"} 1',
  ])
    assert.ok(text.split('\n').includes(line), `${line}\nis not in\n${text}`)
  assert.doesNotMatch(text, /input="views".*NaN|stream_time.*views/, 'no stream time before the first record')
})

test('every metric says what it is', async () => {
  const text = await openMetrics('1', async () => ({ lags: [], ends: [], logBytes: 0 })).text()
  const names = [...text.matchAll(/^# TYPE (millrace_\w+)/gm)].map(m => m[1]!)
  assert.ok(names.length >= 13, names.join(' '))
  for (const name of names) assert.match(text, new RegExp(`^# HELP ${name} [A-Z1].{10,}[.]$`, 'm'))
})
