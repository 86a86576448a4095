// S3.5: sessions, each rule by a few records on the real engine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, count, from, keyBy, map, millis, processor, session, sum, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { events, lines, regrouped, type E } from './jobs.ts'
import { anyWindows, at, drop, line, linesOf, told, windowLines } from './window-jobs.ts'

const gap = (ms: number, grace = 0, longest?: number) =>
  anyWindows(
    session<E, string>('s', {
      gap: millis(ms),
      grace: millis(grace),
      ...drop,
      ...(longest === undefined ? {} : { longest: millis(longest) }),
    }),
  )

test('S3.5: records exactly a gap apart are one session, a millisecond more makes two', async () => {
  assert.deepEqual(await linesOf(gap(10), [at(0), at(10), at(21), at(99)]), [
    'a [0,20) r1 close final: 0 10',
    'a [21,31) r1 close final: 21',
  ])
})
test('S3.5: a session closes when stream time has passed its end plus grace; at it, a record still touches it, whatever other keys do in that millisecond', async () => {
  const driven = await drive(windowLines(gap(10, 5)))
  await driven.push(events, at(0), at(15, 'b'))
  assert.deepEqual(await told(driven), [])
  await driven.push(events, at(10))
  await driven.push(events, at(25, 'b'))
  assert.deepEqual(await told(driven), [])
  await driven.push(events, at(26, 'b'))
  assert.deepEqual(await told(driven), ['a [0,20) r1 close final: 0 10'])
  await driven.stop()
})
test('S3.5: a record is late when the session that it would form is due', async () => {
  const driven = await drive(windowLines(gap(10, 5)))
  await driven.push(events, at(40, 'b'), at(25), at(24, 'c'))
  assert.deepEqual(await told(driven), [])
  assert.deepEqual(
    driven.late.map(l => [l.windows, l.lateByMs]),
    [[1, 1]],
  )
  await driven.drain()
  assert.deepEqual(await told(driven), ['a [25,35) r1 drain final: 25', 'b [40,50) r1 drain final: 40'])
  await driven.stop()
})
test('S3.5: a record that touches an open session is never late, however old: it may bring a chain of others back', async () => {
  assert.deepEqual(await linesOf(gap(10), [at(100), at(92), at(84), at(75), at(300)]), ['a [75,110) r1 close final: 100 92 84 75'])
})
test('S3.5: a record between two sessions makes them one', async () => {
  assert.deepEqual(await linesOf(gap(10, 20), [[at(0), at(15), at(8)], at(90)]), ['a [0,25) r1 close final: 0 15 8'])
})
test('S3.5: a closed session is never opened again: what touches only it begins another one or is late', async () => {
  const driven = await drive(windowLines(gap(10, 0)))
  await driven.push(events, at(0), at(5), at(16, 'b'), at(6), at(4, 'c'))
  await driven.drain()
  assert.deepEqual(await told(driven), ['a [0,15) r1 close final: 0 5', 'a [6,16) r1 drain final: 6', 'b [16,26) r1 drain final: 16'])
  assert.equal(driven.late.length, 1)
  await driven.stop()
})
test('S3.5: a record that touches an open session is never late, however old it is: also older than what is closed by then', async () => {
  const driven = await drive(windowLines(gap(10)))
  await driven.push(events, at(5), at(16, 'b'))
  assert.deepEqual(await told(driven), ['a [5,15) r1 close final: 5'])
  await driven.push(events, at(7), at(4, 'a', 55))
  await driven.drain()
  assert.deepEqual((await told(driven)).slice(1), ['a [4,17) r1 drain final: 7 55', 'b [16,26) r1 drain final: 16'])
  assert.equal(driven.late.length, 0)
  await driven.stop()
})
test('S3.5, I10: no session takes the start of one that closed beside it', async () => {
  const driven = await drive(windowLines(gap(10)))
  await driven.push(events, at(0), at(16, 'b'), at(11), at(1), at(0, 'a', 77))
  // a@0 closed at 16, before a@11 began; a@1 and a@0 touch a@11 and then each other
  await driven.drain()
  assert.equal(driven.late.length, 0)
  await driven.stop()
  const beside = await drive(windowLines(gap(10)))
  await beside.push(events, at(0), at(11), at(16, 'b'), at(1), at(0, 'a', 77))
  await beside.drain()
  assert.deepEqual(
    (await told(beside)).filter(t => t.startsWith('a')),
    ['a [0,10) r1 close final: 0', 'a [1,21) r1 drain final: 11 1'],
  )
  assert.equal(beside.late.length, 1)
  await beside.stop()
})
test('S3.5: growing forward keeps the session: a higher revision with a new end', async () => {
  assert.deepEqual(await linesOf(gap(10), [at(0), at(6), at(50)], 'on-update'), [
    'a [0,10) r1 update: 0',
    'a [0,16) r2 update: 0 6',
    'a [0,16) r3 close final: 0 6',
    'a [50,60) r1 update: 50',
  ])
})
test('S3.5: a start that moves back takes the old one back first', async () => {
  assert.deepEqual(await linesOf(gap(10), [at(20), at(15)], 'on-update'), [
    'a [20,30) r1 update: 20',
    'a [20,30) r2 merged final: nothing',
    'a [15,30) r2 update: 20 15',
  ])
})
test('S3.5: an earlier session that absorbs a later one takes that one back first', async () => {
  assert.deepEqual(await linesOf(gap(10, 20), [at(0), at(15), at(8), at(100)], 'on-update'), [
    'a [0,10) r1 update: 0',
    'a [15,25) r1 update: 15',
    'a [15,25) r2 merged final: nothing',
    'a [0,25) r3 update: 0 15 8',
    'a [0,25) r4 close final: 0 15 8',
    'a [100,110) r1 update: 100',
  ])
})
test('S3.5: what was never told is not taken back', async () => {
  assert.deepEqual(await linesOf(gap(10, 20), [[at(0), at(15), at(8)]], 'on-update'), ['a [0,25) r3 update: 0 15 8'])
})
test('S3.5: where a result makes sessions one, behind another window, they are taken back with it and not at the next record', async () => {
  const p = processor(
    'behind',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('first', { size: millis(1), grace: millis(0), late: { correct: millis(50) } }),
        aggregate({ n: count() }, { emit: 'on-close' }),
        session('second', { gap: millis(5), grace: millis(0), ...drop }),
        aggregate({ n: count() }, { emit: 'on-update' }),
        map(r => ({ k: r.key, text: line({ ...r, value: r.value === null ? null : { vs: [r.value.n] } }) })),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, at(20))
  await driven.push(events, at(30))
  await driven.push(events, at(15)) // a corrected result that begins the second session earlier
  assert.deepEqual(await told(driven), ['a [20,25) r1 update: 1', 'a [20,25) r2 merged final: nothing', 'a [15,25) r2 update: 2'])
  await driven.stop()
})
test('longest: no session spans more, gap included; what would make it longer begins another one', async () => {
  assert.deepEqual(await linesOf(gap(10, 0, 25), [at(0), at(8), at(15), at(16), at(24), at(100)]), [
    'a [0,25) r1 close final: 0 8 15',
    'a [16,34) r1 close final: 16 24',
  ])
})
test('longest: a record between two sessions that would be too long together joins the earlier one', async () => {
  assert.deepEqual(await linesOf(gap(10, 30, 30), [[at(0), at(10), at(28), at(19)], at(100)]), [
    'a [0,29) r1 close final: 0 10 19',
    'a [28,38) r1 close final: 28',
  ])
})
test('S2.5: a task whose sessions are all closed tells downstream that it is idle', async () => {
  const p = processor(
    'regrouping',
    from(events, { idle: millis(1_000) })
      .pipe(
        session('s', { gap: millis(10), grace: millis(0), ...drop }),
        aggregate({ total: sum((x: E) => x.v) }, { emit: 'on-close' }),
        map(r => ({ k: r.key, at: r.end - 1, v: r.value.total })),
        keyBy(x => x.k, { via: regrouped }),
        tumbling('t', { size: millis(100), grace: millis(0), ...drop }),
        aggregate({ n: count() }, { emit: 'on-close' }),
        map(r => ({ k: r.key, text: `${r.key} [${r.start},${r.end}) ${r.value.n} ${r.cause}` })),
      )
      .to(lines),
  )
  const driven = await drive(p, { startAt: 1_000 })
  await driven.push(events, at(0), at(5))
  await driven.advance(millis(10_000))
  assert.deepEqual(await told(driven), ['a [0,100) 1 idle'])
  await driven.stop()
})
