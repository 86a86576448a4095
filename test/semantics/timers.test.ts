import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, count, from, keyBy, map, millis, processor, scan, type Timer, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'
import { Lives } from '../engine/lives.ts'
import { code, e, type E, events, lines, regrouped } from './jobs.ts'

interface Watch {
  readonly last: number
}
const SILENCE = 20

/** Says when a key has been silent for 20 ms of stream time: a timer that every record sets anew. */
const silent = (records = 1_000, produce: 'stop' | 'dead-letter' = 'stop') =>
  processor(
    'silent',
    from(events, { idle: 'never' })
      .pipe(
        scan('watch', {
          version: 1,
          ttl: null,
          initial: (): Watch => ({ last: 0 }),
          next: (_s, x: E) => {
            if (x.v === 0) return { state: null, emit: [{ k: x.k, text: `${x.k} leaves` }] }
            if (x.v === 2) return { state: { last: x.at }, timers: [{ cancel: 'silence' }] }
            return { state: { last: x.at }, timers: [{ name: 'silence', at: x.at + SILENCE, clock: 'event' }] }
          },
          onTimer: (s, timer, { key, at }) => {
            if (key === 'bad') throw new Error('no')
            return { state: s, emit: [{ k: key, text: `${key} ${timer.name} at ${at - BEGINNING} since ${s.last - BEGINNING}` }] }
          },
        }),
      )
      .to(lines),
    { epoch: { records }, onFailure: { produce } },
  )
const texts = (found: readonly { text: string }[]): readonly string[] => found.map(l => l.text)

test('S5.3: a timer of event time fires once, when stream time reaches it, in (time, key) order', async () => {
  const driven = await drive(silent())
  await driven.push(events, e('b', 0), e('a', 0), e('c', 5))
  await driven.push(events, e('z', 19))
  assert.deepEqual(texts(await driven.results(lines)), [])
  await driven.push(events, e('y', 100))
  assert.deepEqual(texts(await driven.results(lines)), [
    'a silence at 20 since 0',
    'b silence at 20 since 0',
    'c silence at 25 since 5',
    'z silence at 39 since 19',
  ])
  const times = (await driven.records(lines)).map(r => r.time - BEGINNING)
  assert.deepEqual(times, [20, 20, 25, 39], 'what it emits is at its time')
  await driven.stop()
})

test('S5.3: a timer set again under its name moves, a cancelled one does not fire, and a forgotten key has none', async () => {
  const driven = await drive(silent())
  await driven.push(events, e('a', 0), e('a', 10), e('b', 0), e('b', 1, 2), e('c', 0), e('c', 2, 0))
  await driven.push(events, e('z', 29))
  assert.deepEqual(texts(await driven.results(lines)), ['c leaves'])
  await driven.push(events, e('z', 30))
  assert.deepEqual(texts(await driven.results(lines)), ['c leaves', 'a silence at 30 since 10'])
  await driven.stop()
})

test('S5.3: a timer that is due when it is set fires after the record that set it', async () => {
  const driven = await drive(silent())
  await driven.push(events, e('z', 100), e('a', 10))
  assert.deepEqual(texts(await driven.results(lines)), ['a silence at 30 since 10'])
  await driven.stop()
})

test('S5.3: timers survive crashes, and whatever the epochs are, each fires once', async () => {
  const input = Array.from({ length: 40 }, (_, i) => e('abcde'[(i * i) % 5]!, i * 7 + (i % 3) * 9))
  const told: (readonly string[])[] = []
  for (const [records, killEvery] of [
    [1_000, 100],
    [1, 1],
    [7, 3],
  ] as const) {
    const lives = new Lives({ snapshotBytes: 300 })
    const p = silent(records)
    await lives.begin(p)
    for (const [i, x] of input.entries()) {
      await lives.push(events, x)
      if (i % killEvery !== killEvery - 1) continue
      lives.kill()
      await lives.begin(p)
    }
    told.push(texts(await lives.results(lines)))
  }
  assert.ok(told[0]!.length > 10)
  assert.deepEqual(told[1], told[0])
  assert.deepEqual(told[2], told[0])
})

test('S6.1: the step of a timer that throws is a dead letter of its own; the timer is gone, the key as it was', async () => {
  const p = silent(1_000, 'dead-letter')
  const driven = await drive(p)
  await driven.push(events, e('bad', 0), e('good', 0))
  await driven.push(events, e('z', 50))
  assert.deepEqual(texts(await driven.results(lines)), ['good silence at 20 since 0'])
  assert.deepEqual(
    (await driven.deadLetters(p)).map(l => [l.code, l.stage, l.value]),
    [['USER_FUNCTION_FAILED', 'watch', `{"timer":"silence","at":${BEGINNING + 20},"clock":"event"}`]],
  )
  await driven.push(events, e('z', 200))
  assert.equal((await driven.deadLetters(p)).length, 1, 'it fires once')
  await driven.stop()
})

const walled = () =>
  processor(
    'walled',
    from(events, { idle: 'never' })
      .pipe(
        scan('reminder', {
          version: 1,
          ttl: null,
          initial: () => ({ n: 0 }),
          next: (s, x: E, { at }) => ({ state: { n: s.n + x.v }, timers: [{ name: 'remind', at: at + 1_000, clock: 'wall' }] }),
          onTimer: (s, _timer, { key }) => ({ state: { n: s.n + 100 }, emit: [{ k: key, text: `${key} ${s.n}` }] }),
        }),
      )
      .to(lines),
  )

test('S5.3: a timer of the wall clock fires without records, once, also when the process died before', async () => {
  const lives = new Lives()
  const p = walled()
  await lives.push(events, e('a', 0, 3))
  await lives.begin(p)
  await lives.pass(400)
  lives.kill()
  await lives.begin(p)
  assert.deepEqual(await lives.results(lines), [])
  await lives.pass(700)
  assert.deepEqual(texts(await lives.results(lines)), ['a 3'])
  lives.kill()
  await lives.begin(p)
  await lives.pass(5_000)
  assert.deepEqual(texts(await lives.results(lines)), ['a 3'])
})

test('S2.6: what a timer emits is in time for the window behind it, however far one record moves stream time', async () => {
  const driven = await drive(
    processor(
      'counted-timers',
      from(events, { idle: 'never' })
        .pipe(
          scan('t', {
            version: 1,
            ttl: null,
            initial: () => 0,
            next: (s, x: E) => ({ state: s, timers: [{ name: 'later', at: x.at + 5, clock: 'event' }] }),
            onTimer: (s, _t, { key }) => ({ state: s, emit: [key] }),
          }),
          tumbling('w', { size: millis(10), grace: millis(0), late: 'count-and-drop' }),
          aggregate({ n: count() }, { emit: 'on-close' }),
          map(w => ({ k: w.key, text: `${w.key}@${w.start - BEGINNING}=${w.value.n}` })),
        )
        .to(lines),
    ),
  )
  await driven.push(events, e('a', 1), e('b', 12), e('a', 500))
  assert.deepEqual(texts(await driven.results(lines)), ['a@0=1', 'b@10=1'])
  assert.deepEqual(driven.late, [])
  await driven.stop()
})

test('S3.8: a drain closes windows and leaves timers as they are, also one that sets itself again and one before a repartition', async () => {
  const driven = await drive(
    processor(
      'restless',
      from(events)
        .pipe(
          scan('t', {
            version: 1,
            ttl: null,
            initial: () => 0,
            next: (s, x: E) => ({ state: s + 1, emit: [x], timers: [{ name: 'again', at: x.at + 5, clock: 'event' }] }),
            onTimer: (s, t) => ({ state: s, timers: [{ ...t, at: t.at + 5 }] }),
          }),
          keyBy(x => x.k, { via: regrouped }),
          tumbling('w', { size: millis(10), grace: millis(0), late: 'count-and-drop' }),
          aggregate({ n: count() }, { emit: 'on-close' }),
          map(w => ({ k: w.key, text: `${w.key}@${w.start - BEGINNING}=${w.value.n}` })),
        )
        .to(lines),
    ),
    { partitions: 2 },
  )
  await driven.push(events, e('a', 1), e('b', 2))
  await driven.drain()
  assert.deepEqual([...texts(await driven.results(lines))].sort(), ['a@0=1', 'b@0=1'])
  await driven.stop()
})

const setting = (timers: readonly unknown[], step: 'with a step' | 'without one') =>
  processor(
    'wrong',
    from(events)
      .pipe(
        scan('t', {
          version: 1,
          ttl: null,
          initial: () => 0,
          next: (s: number, x: E) => ({ state: s, emit: [{ k: x.k, text: '' }], timers: timers as readonly Timer[] }),
          ...(step === 'without one' ? {} : { onTimer: (s: number) => ({ state: s }) }),
        }),
      )
      .to(lines),
    { onFailure: { process: 'stop' } },
  )

test('a timer without onTimer, and one whose time or clock is none, are refused', async () => {
  for (const [timer, step, want] of [
    [{ name: 'n', at: 5, clock: 'event' }, 'without one', 'PLAN_INVALID'],
    [{ name: 'n', at: NaN, clock: 'event' }, 'with a step', 'VALUE_REFUSED'],
    [{ name: 'n', at: 5, clock: 'moon' }, 'with a step', 'VALUE_REFUSED'],
    [{ name: 'n', at: -1, clock: 'wall' }, 'with a step', 'VALUE_REFUSED'],
  ] as const) {
    const driven = await drive(setting([timer], step))
    assert.equal(await code(() => driven.push(events, e('a', 1))), want)
    await driven.stop().catch(() => {})
  }
})
