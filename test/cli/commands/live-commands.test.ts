// `start` and `run` around a system that the test plays.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '#lib/cli/commands/run.ts'
import { start } from '#lib/cli/commands/start.ts'
import type { OpenSystem, RunningSystem } from '#lib/cli/running.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { Clock } from '#lib/ports/clock.ts'
import type { Inspection } from '#lib/ports/inspection.ts'
import { coded } from '../../adapters/embedded/opened.ts'
import { plainScreen } from '../screens.ts'

const clock: Clock = {
  now: () => 1_000_000,
  sleep: (_ms, signal) => new Promise(resolve => (signal?.aborted ? resolve() : signal?.addEventListener('abort', () => resolve()))),
  async breathe() {},
}

function played(o: { failed?: Promise<MillraceError>; drain?: Promise<void>; rows?: number; rowsBefore?: number } = {}) {
  const stops: string[] = []
  const inspection = {
    status: async () => ({ at: 0, startedAt: 0, tasks: [] }),
    query: async () => ({ columns: [], types: [], rows: [] }),
  } as unknown as Inspection
  const system: RunningSystem = {
    inspection,
    failed: () => o.failed ?? new Promise(() => {}),
    drain: () => o.drain ?? new Promise(() => {}),
    read: () => (o.rows === undefined ? null : { share: 1, rows: o.rows, rowsBefore: o.rowsBefore ?? 0 }),
    stop: async () => void stops.push('stopped'),
  }
  const open: OpenSystem = async opening => {
    opening.phase('opening the log')
    opening.running(system)
    return system
  }
  return { open, stops }
}

const START = {
  title: 'orders',
  directory: 'data',
  status: 'shown',
  tables: { tables: [], latest: null },
  hints: [],
  again: 'npm start',
} as const
const startWith = (open: OpenSystem, stop: AbortSignal, screen = plainScreen()) =>
  start(START, { open, screen, clock, stop, notices: () => [] }).then(code => ({ code, out: screen.written.out }))

test('start: runs until it is told to stop, stops everything, and says where to go on', async () => {
  const { open, stops } = played()
  const stop = new AbortController()
  const ended = startWith(open, stop.signal)
  await new Promise(setImmediate)
  assert.deepEqual(stops, [])
  stop.abort()
  assert.deepEqual(await ended, {
    code: 0,
    out: 'stopped, after it ran for 0.0 s; everything is kept in data, `npm start` goes on from there\n',
  })
  assert.deepEqual(stops, ['stopped'])
})

test('start: a task that stopped for good ends it with that error, after everything was closed', async () => {
  const { open, stops } = played({ failed: Promise.resolve(new MillraceError('DATA_LOSS', 'the ledger is gone')) })
  await assert.rejects(startWith(open, new AbortController().signal), coded('DATA_LOSS', 'the ledger is gone'))
  assert.deepEqual(stops, ['stopped'])
})

test('start: what keeps it from opening is thrown as it is', async () => {
  const open: OpenSystem = () => Promise.reject(new MillraceError('DATA_DIR_IN_USE', 'by process 7'))
  await assert.rejects(startWith(open, new AbortController().signal), coded('DATA_DIR_IN_USE'))
})

const ROWS = [{ what: 'orders', value: '3', note: '' }]
const runWith = (until: 'drain' | 'live', open: OpenSystem, stop = new AbortController().signal, screen = plainScreen()) =>
  run({ title: 'files into orders', until, status: 'shown' }, { open, screen, clock, stop, summary: async () => ROWS }).then(code => ({
    code,
    out: screen.written.out,
  }))

test('run --drain: ends with 0 and a summary when everything is drained', async () => {
  const { open, stops } = played({ drain: Promise.resolve(), rows: 10 })
  assert.deepEqual(await runWith('drain', open), { code: 0, out: 'files into orders, 0.0 s\n\n  orders  3\n' })
  assert.deepEqual(stops, ['stopped'])
})

test('run --drain: a second run of the same files says that nothing was new', async () => {
  const { open } = played({ drain: Promise.resolve(), rows: 10, rowsBefore: 10 })
  assert.match((await runWith('drain', open)).out, /\n\nnothing new: all of it was read before, and nothing was done twice\n$/)
})

test('run --drain: files without rows were not read before', async () => {
  const { open } = played({ drain: Promise.resolve(), rows: 0, rowsBefore: 0 })
  assert.match((await runWith('drain', open)).out, /\n\nthere are no rows in the files\n$/)
})

test('run --drain: interrupted it is not done, and its exit code says so', async () => {
  const { open, stops } = played()
  assert.deepEqual(await runWith('drain', open, AbortSignal.abort()), {
    code: 130,
    out: 'stopped, after it ran for 0.0 s; nothing is lost: the same command goes on from there\n',
  })
  assert.deepEqual(stops, ['stopped'])
})

test('run without --drain ends well when it is told to stop', async () => {
  const { open } = played({ drain: Promise.resolve() })
  assert.equal((await runWith('live', open, AbortSignal.abort())).code, 0)
})

test('run: a task that stopped for good ends it with that error, whether it is told by the drain or beside it', async () => {
  const failure = new MillraceError('FILE_TRUNCATED', 'a.csv.gz ends early')
  for (const way of [{ drain: Promise.reject(failure) }, { failed: Promise.resolve(failure) }]) {
    const { open, stops } = played(way)
    await assert.rejects(runWith('drain', open), coded('FILE_TRUNCATED', 'a.csv.gz'))
    assert.deepEqual(stops, ['stopped'])
  }
})
