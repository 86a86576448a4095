// The rules of records and time (S1, S2), each by a small job run on the real engine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, count, days, from, keyInPlace, map, millis, minutes, processor, scan, seconds, sum, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'
import { events, lateEvents, results, lines, e, window, folds, result, counted, brief, code } from './jobs.ts'

test('S1.3: an event time that is no whole non-negative number of milliseconds is a dead letter', async () => {
  const driven = await drive(counted())
  await driven.push(events, { k: 'a', at: -1, v: 1 }, { k: 'a', at: 1.5, v: 1 }, { k: 'a', at: null as unknown as number, v: 1 }, e('a', 1))
  await driven.drain()
  assert.deepEqual(
    (await driven.deadLetters(counted())).map(d => d.code),
    ['EVENT_TIME_INVALID', 'EVENT_TIME_INVALID', 'EVENT_TIME_INVALID'],
  )
  assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=1 drain'])
})

test('S1.3: one absurd timestamp on a live topic closes no window', async () => {
  const driven = await drive(counted())
  await driven.push(events, e('a', 1))
  await driven.push(events, e('a', days(2)))
  await driven.push(events, e('a', 2))
  assert.deepEqual(await driven.results(results), [])
  assert.deepEqual(
    (await driven.deadLetters(counted())).map(d => [d.code, JSON.parse(d.value!).at]),
    [['EVENT_TIME_IN_FUTURE', BEGINNING + days(2)]],
  )
})

test('S1.4: a record without a key is refused where a key is needed, and only there', async () => {
  const keyless = { k: null as unknown as string, at: BEGINNING, v: 1 }
  const driven = await drive([
    counted(),
    processor(
      'copied',
      from(events)
        .pipe(map(x => ({ k: 'x', text: String(x.v) })))
        .to(lines),
    ),
  ])
  const raw = { k: 'raw', at: BEGINNING, v: 1 }
  await driven.push(events, raw)
  await driven.drain()
  assert.equal((await driven.results(lines)).length, 1)
  assert.equal(await code(() => driven.push(events, keyless)), 'KEY_MISSING')
})

test('S1.4: keyInPlace refuses a key that lives elsewhere', async () => {
  const p = processor(
    'in-place',
    from(events)
      .pipe(
        keyInPlace(x => `${x.k}-other`),
        scan('s', { version: 1, ttl: null, initial: () => 0, next: s => ({ state: s + 1, emit: [{ k: 'x', text: String(s) }] }) }),
      )
      .to(lines),
  )
  const driven = await drive(p, { partitions: 5 })
  await driven.push(events, ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(k => e(k, 0)))
  const refused = await driven.deadLetters(p)
  assert.ok(refused.length > 0 && refused.length < 7)
  assert.ok(refused.every(d => d.code === 'KEY_IN_WRONG_PARTITION'))
})

test('S2.1, S3.3: lateness is judged per record, in offset order, whatever the batches', async () => {
  const input = [e('a', 1), e('a', 14), e('a', 2), e('b', 15), e('a', 3), e('a', 16)]
  const runs = await Promise.all(
    [1, 2, 6].map(async size => {
      const driven = await drive(counted(lateEvents))
      for (let i = 0; i < input.length; i += size) await driven.push(events, ...input.slice(i, i + size))
      await driven.drain()
      return { results: (await driven.results(results)).map(brief), late: (await driven.results(lateEvents)).map(x => x.at - BEGINNING) }
    }),
  )
  for (const run of runs) assert.deepEqual(run, { results: ['a@0 n=2 close', 'a@10 n=2 drain', 'b@10 n=1 drain'], late: [3] })
})

test('S2.3: a silent topic closes its windows by wall time once it is idle, and not before', async () => {
  const p = processor(
    'idle',
    from(events, { idle: seconds(30) })
      .pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result))
      .to(results),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 3))
  await driven.advance(millis(30_011))
  assert.deepEqual(await driven.results(results), [])
  await driven.advance(millis(1))
  assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=1 idle'])
  await driven.push(events, e('a', 4))
  assert.equal(driven.late.length, 1, 'S2.4: what was closed stays closed')
})

test('S2.3, S2.6: wall time of an idle topic closes windows behind windows as well, and brings ticks', async () => {
  const p = processor(
    'idle',
    from(events, { idle: seconds(30) })
      .pipe(
        tumbling('first', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: { every: millis(6) } }),
        tumbling('second', { size: millis(30), grace: millis(0), late: 'count-and-drop' }),
        aggregate({ n: count(), total: sum(w => w.value.total) }, { emit: 'on-close' }),
        map(result),
      )
      .to(results),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 3, 7))
  await driven.advance(millis(30_031)) // stream time is 34, behind the first window 29
  assert.deepEqual(await driven.results(results), [])
  await driven.advance(millis(1))
  assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=2 idle'], 'a tick at 6, a close at 15')
  await driven.stop()
})

test("S2.3: idle: 'never' leaves stream time to the records", async () => {
  const driven = await drive(counted())
  await driven.push(events, e('a', 3))
  await driven.advance(minutes(5))
  assert.deepEqual(await driven.results(results), [])
})

test('S2.6, S3.8: a window behind a window gets every result in time, however far one record jumps', async () => {
  const twice = processor(
    'twice',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('first', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        tumbling('second', { size: millis(30), grace: millis(0), late: 'count-and-drop' }),
        aggregate({ n: count(), total: sum(w => w.value.total) }, { emit: 'on-close' }),
        map(result),
      )
      .to(results),
  )
  const driven = await drive(twice)
  await driven.push(events, e('a', 1), e('a', 11), e('a', 25), e('a', 1_000))
  assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=3 close'])
  assert.equal(driven.late.length, 0)
})
