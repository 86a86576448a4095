// Records that come too late (S3.4, S3.6), each rule by a few records on the real engine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  count,
  cumulating,
  from,
  hopping,
  json,
  type LateRecord,
  map,
  millis,
  processor,
  seconds,
  topic,
  tumbling,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { type E, events, lateEvents, lines } from './jobs.ts'
import { anyWindows, at, drop, linesOf, told, windowLines } from './window-jobs.ts'

const described = topic('described', { key: 'key', time: 'at', value: json(v => v as LateRecord<E, string>) })
const lateTo = (late: 'count-and-drop' | typeof lateEvents | { to: typeof described }) =>
  anyWindows(hopping<E, string>('w', { size: millis(10), hop: millis(5), grace: millis(3), late }))
const corrected = (keep: number, grace = 0) =>
  anyWindows(tumbling<E, string>('w', { size: millis(10), grace: millis(grace), late: { correct: millis(keep) } }))

test("S3.4: 'count-and-drop' tells of every late record, with the windows that it missed", async () => {
  const driven = await drive(windowLines(lateTo('count-and-drop')))
  await driven.push(events, at(1), at(40), at(2))
  assert.deepEqual(
    driven.late.map(l => [l.window, l.windows, l.lateByMs, l.key, l.time]),
    [['w', 1, 27, 'a', 2]],
  )
  await driven.stop()
})
test('S3.4: a late topic gets the record itself, with headers that say what it missed and by how much', async () => {
  const driven = await drive(windowLines(lateTo(lateEvents)))
  await driven.push(events, at(1), at(40), at(12, 'a', 7))
  const [late, ...more] = await driven.records(lateEvents)
  assert.deepEqual([late!.value, late!.key, more], [at(12, 'a', 7), 'a', []])
  assert.deepEqual(late!.headers, {
    'millrace-late-window': 'w',
    'millrace-late-missed': '[[5,15],[10,20]]',
    'millrace-late-by-ms': '17',
  })
  await driven.stop()
})
test('S3.4: { to: topic } gets a late record that is described', async () => {
  const driven = await drive(windowLines(lateTo({ to: described })))
  await driven.push(events, at(1), at(40), at(12, 'a', 7))
  assert.deepEqual(await driven.results(described), [
    {
      key: 'a',
      value: at(12, 'a', 7),
      at: 12,
      lateBy: 17,
      missed: [
        { start: 5, end: 15 },
        { start: 10, end: 20 },
      ],
    },
  ])
  await driven.stop()
})
test('S3.6: a record that is late for some of its windows counts in the others, and goes to late once with those that it missed', async () => {
  const driven = await drive(windowLines(lateTo(lateEvents)))
  await driven.push(events, at(1), at(13), at(7))
  assert.deepEqual(await told(driven), ['a [0,10) r1 close final: 1'])
  await driven.push(events, at(40))
  assert.deepEqual((await told(driven)).slice(1), ['a [5,15) r1 close final: 13 7', 'a [10,20) r1 close final: 13'])
  const [late, ...more] = await driven.records(lateEvents)
  assert.deepEqual([late!.value.at, late!.headers['millrace-late-missed'], more], [7, '[[0,10]]', []])
  assert.deepEqual(
    driven.late.map(l => [l.time, l.windows]),
    [[7, 1]],
  )
  await driven.stop()
})
test('S3.4, S4.4: a closed window is corrected for as long as it is kept: a higher revision each time, cause late', async () => {
  assert.deepEqual(await linesOf(corrected(20), [at(1), at(12, 'b'), at(2), at(29, 'b'), at(3), at(30, 'b'), at(4)]), [
    'a [0,10) r1 close: 1',
    'a [0,10) r2 late: 1 2',
    'b [10,20) r1 close: 12',
    'a [0,10) r3 late: 1 2 3',
    'a [0,10) r4 close final: 1 2 3',
    'b [20,30) r1 close: 29',
  ])
})
test('S3.4: every result before the last possible correction is not final, also where none comes', async () => {
  assert.deepEqual(await linesOf(corrected(5, 5), [at(1), at(15, 'b'), at(20, 'b')]), [
    'a [0,10) r1 close: 1',
    'a [0,10) r2 close final: 1',
  ])
})
test('S3.4: a record for a window that closed without any begins its results with a correction', async () => {
  assert.deepEqual(await linesOf(corrected(20), [at(15, 'b'), at(1), at(40, 'b')]), [
    'a [0,10) r1 late: 1',
    'a [0,10) r2 close final: 1',
    'b [10,20) r1 close: 15',
    'b [10,20) r2 close final: 15',
  ])
})
test('S3.4: a record that comes when nothing can be corrected any more is late', async () => {
  const driven = await drive(windowLines(corrected(20, 2)))
  await driven.push(events, at(1), at(31, 'b'), at(2), at(32, 'b'), at(3))
  assert.deepEqual(
    driven.late.map(l => [l.time, l.lateByMs]),
    [[3, 20]],
  )
  await driven.stop()
})
test('S3.4: a record corrects every closed window that holds it and counts in the open ones', async () => {
  const windows = anyWindows(
    cumulating<E, string>('w', { size: millis(40), step: millis(10), grace: millis(0), late: { correct: millis(15) } }),
  )
  assert.deepEqual(await linesOf(windows, [at(1), at(26, 'b'), at(2), at(99)]), [
    'a [0,10) r1 close: 1',
    'a [0,10) r2 close final: 1',
    'a [0,20) r1 close: 1',
    'a [0,20) r2 late: 1 2',
    'a [0,20) r3 close final: 1 2',
    'a [0,30) r1 close: 1 2',
    'b [0,30) r1 close: 26',
    'a [0,30) r2 close final: 1 2',
    'b [0,30) r2 close final: 26',
    'a [0,40) r1 close: 1 2',
    'b [0,40) r1 close: 26',
    'a [0,40) r2 close final: 1 2',
    'b [0,40) r2 close final: 26',
  ])
})
test('S3.4, S2.6: behind a window that is corrected, time runs behind by as much: no correction is late', async () => {
  const p = processor(
    'behind',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('first', { size: millis(10), grace: millis(0), late: { correct: millis(20) } }),
        aggregate({ n: count() }, { emit: 'on-close' }),
        tumbling('second', { size: millis(10), grace: millis(0), ...drop }),
        aggregate({ results: count() }, { emit: 'on-close' }),
        map(w => ({ k: w.key, text: `${w.key} ${w.start} ${w.value.results}` })),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, at(1), at(29), at(2), at(30))
  assert.deepEqual(await told(driven), ['a 0 3'], 'closed, corrected, final')
  assert.deepEqual(driven.late, [])
  await driven.stop()
})
test('S2.4, S3.4: wall time that closes windows of an idle topic leaves them to be corrected as long', async () => {
  const driven = await drive(windowLines(corrected(20), 'on-close', seconds(30)), { startAt: 1_000 })
  await driven.push(events, at(1))
  await driven.advance(millis(30_009))
  assert.deepEqual(await told(driven), ['a [0,10) r1 idle: 1'])
  await driven.push(events, at(2))
  assert.deepEqual((await told(driven)).slice(1), ['a [0,10) r2 late: 1 2'])
  await driven.stop()
})
