// When results come out and what they say of themselves (S4), each rule by a few records on the real engine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  count,
  from,
  hopping,
  integer,
  map,
  millis,
  processor,
  seconds,
  session,
  table,
  text,
  topic,
  tumbling,
  upsert,
  json,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { type E, events } from './jobs.ts'
import { anyWindows, at, drop, linesOf, told, windowLines } from './window-jobs.ts'

const tumble = (grace = 0) => anyWindows(tumbling<E, string>('w', { size: millis(10), grace: millis(grace), ...drop }))
const hop = anyWindows(hopping<E, string>('w', { size: millis(20), hop: millis(10), grace: millis(0), ...drop }))
const sessions = anyWindows(session<E, string>('w', { gap: millis(10), grace: millis(0), ...drop }))

test('S4.1: on close there is one result per key and window, revision 1, with what closed it', async () => {
  const driven = await drive(windowLines(tumble(), 'on-close', seconds(30)), { startAt: 1_000 })
  await driven.push(events, at(1), at(2), at(12), at(13, 'b'))
  assert.deepEqual(await told(driven), ['a [0,10) r1 close final: 1 2'])
  await driven.advance(seconds(31))
  assert.deepEqual((await told(driven)).slice(1), ['a [10,20) r1 idle final: 12', 'b [10,20) r1 idle final: 13'])
  await driven.push(events, at(1_000))
  await driven.drain()
  assert.deepEqual((await told(driven)).slice(3), ['a [1000,1010) r1 drain final: 1000'])
  await driven.stop()
})
test('S4.2: on update there is at most one result per key, window and turn; its revision counts the records', async () => {
  assert.deepEqual(await linesOf(tumble(), [[at(1), at(2), at(3, 'b')], [at(4)], at(11, 'b')], 'on-update'), [
    'a [0,10) r2 update: 1 2',
    'b [0,10) r1 update: 3',
    'a [0,10) r3 update: 1 2 4',
    'a [0,10) r4 close final: 1 2 4',
    'b [0,10) r2 close final: 3',
    'b [10,20) r1 update: 11',
  ])
})
test('S4.2: the last revision is the same whatever the turns; it is final, and says what closed the window', async () => {
  const input = [at(1), at(2), at(3, 'b'), at(11), at(4), at(25)]
  for (const turns of [[input], input, [input.slice(0, 2), input.slice(2)]]) {
    const finals = (await linesOf(tumble(5), turns, 'on-update')).filter(t => t.includes('final'))
    assert.deepEqual(finals, ['a [0,10) r4 close final: 1 2 4', 'b [0,10) r2 close final: 3', 'a [10,20) r2 close final: 11'])
  }
})
test('S4.2: updates of one turn come in (end, key) order, after what closed in it', async () => {
  assert.deepEqual(await linesOf(hop, [at(1), [at(15, 'b'), at(13), at(21, 'b')]], 'on-update'), [
    'a [0,20) r1 update: 1',
    'a [0,20) r3 close final: 1 13',
    'b [0,20) r2 close final: 15',
    'a [10,30) r1 update: 13',
    'b [10,30) r2 update: 15 21',
    'b [20,40) r1 update: 21',
  ])
})
test('S4.2: what a turn changed and closed has no update of its own', async () => {
  assert.deepEqual(await linesOf(tumble(), [[at(1), at(10)]], 'on-update'), ['a [0,10) r2 close final: 1', 'a [10,20) r1 update: 10'])
})
const wide = anyWindows(tumbling<E, string>('w', { size: millis(100), grace: millis(0), ...drop }))
test('S4.3: at multiples of event time what has changed since the last is told, after the record that brings it there', async () => {
  assert.deepEqual(await linesOf(wide, [at(3), at(9), at(10), at(19), at(25), at(26), at(29)], { every: millis(10) }), [
    'a [0,100) r3 tick: 3 9 10',
    'a [0,100) r5 tick: 3 9 10 19 25',
  ])
})
test('S4.3: a record that passes several ticks brings one; without a change there is none', async () => {
  assert.deepEqual(await linesOf(wide, [at(3), at(88), at(2, 'b'), at(89), at(99, 'c')], { every: millis(10) }), [
    'a [0,100) r2 tick: 3 88',
    'a [0,100) r3 tick: 3 88 89',
    'b [0,100) r1 tick: 2',
    'c [0,100) r1 tick: 99',
  ])
})
test('S4.3: a window that is due by a tick closes before it, one that is due later after it', async () => {
  assert.deepEqual(await linesOf(hop, [at(5), at(12, 'b'), at(99)], { every: millis(20) }), [
    'a [0,20) r2 close final: 5',
    'b [0,20) r2 close final: 12',
    'b [10,30) r1 tick: 12',
    'a [80,100) r1 tick: 99',
    'a [90,110) r1 tick: 99',
    'b [10,30) r2 close final: 12',
  ])
})
test('S4.3: the end of a series says that nothing follows, one revision above the last tick that there may be', async () => {
  assert.deepEqual(await linesOf(wide, [at(3), at(4), at(101)], { every: millis(1_000) }), ['a [0,100) r3 close final: 3 4'])
})
test('S4.3, S3.5: ticks tell of sessions too; what is taken back does not wait for them', async () => {
  assert.deepEqual(await linesOf(sessions, [at(25), at(31, 'b'), at(22), at(32, 'b')], { every: millis(10) }), [
    'a [25,35) r1 tick: 25',
    'b [31,41) r1 tick: 31',
    'a [25,35) r2 merged final: nothing',
  ])
})
test('S4.3, I11: ticks are the same wherever the process died', async () => {
  const input = [at(5), at(12), at(13, 'b'), at(27), at(29), at(44), at(70)]
  const whole = await linesOf(hop, [input], { every: millis(10) })
  for (let dies = 0; dies < input.length; dies++) {
    const driven = await drive(windowLines(hop, { every: millis(10) }))
    await driven.push(events, ...input.slice(0, dies))
    await driven.crash()
    await driven.push(events, ...input.slice(dies))
    assert.deepEqual(await told(driven), whole)
    await driven.stop()
  }
})

const results = topic('results', {
  key: 'k',
  time: 'record-timestamp',
  value: json(v => v as { k: string; start: number; n: number; revision: number; final: boolean }),
})
const held = table('held', {
  columns: { k: text, start: integer, n: integer, revision: integer },
  key: ['k', 'start'],
  revision: 'revision',
})
test('S4.5: a result says its key, bounds, revision, cause and whether it is the last; a table keeps the highest revision', async () => {
  const counting = processor(
    'counting',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('w', { size: millis(10), grace: millis(0), late: { correct: millis(20) } }),
        aggregate({ n: count() }, { emit: 'on-update' }),
        map(r => ({ k: r.key, start: r.start, n: r.value.n, revision: r.revision, final: r.final })),
      )
      .to(results),
  )
  const loading = processor('loading', from(results).to(upsert(held, r => ({ k: r.k, start: r.start, n: r.n, revision: r.revision }))))
  const driven = await drive([counting, loading])
  await driven.push(events, at(1))
  await driven.push(events, at(2), at(15), at(3))
  assert.deepEqual(
    (await driven.results(results)).filter(r => r.start === 0).map(r => [r.n, r.revision, r.final]),
    [
      [1, 1, false],
      [2, 3, false],
      [3, 4, false],
    ],
  )
  assert.deepEqual(driven.rows(held)[0], { k: 'a', start: 0, n: 3, revision: 4 })
  await driven.push(results, { k: 'a', start: 0, n: 1, revision: 1, final: false })
  assert.deepEqual(driven.rows(held)[0], { k: 'a', start: 0, n: 3, revision: 4 }, 'a replay does not move it back')
  await driven.stop()
})
