// Windows with bounds of their own (S3), each rule by a few records on the real engine. Sessions: sessions.test.ts; late records: late-records.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, count, cumulating, from, hopping, map, millis, processor, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { type E, events, lines } from './jobs.ts'
import { anyWindows, at, drop, linesOf, told, windowLines } from './window-jobs.ts'

const tumble = (size: number, grace = 0, offset = 0) =>
  anyWindows(tumbling<E, string>('w', { size: millis(size), grace: millis(grace), offset: millis(offset), ...drop }))
const hop = (size: number, every: number, grace = 0, offset = 0) =>
  anyWindows(hopping<E, string>('w', { size: millis(size), hop: millis(every), grace: millis(grace), offset: millis(offset), ...drop }))
const grow = (step: number, size: number, grace = 0, offset = 0) =>
  anyWindows(cumulating<E, string>('w', { size: millis(size), step: millis(step), grace: millis(grace), offset: millis(offset), ...drop }))

test('S3: bounds are half open: a record at the end of a window is in the next one', async () => {
  assert.deepEqual(await linesOf(tumble(10), [at(0), at(9), at(10), at(19), at(20)]), [
    'a [0,10) r1 close final: 0 9',
    'a [10,20) r1 close final: 10 19',
  ])
})
test('S3: a record counts in every hopping window that holds it', async () => {
  assert.deepEqual(await linesOf(hop(10, 5), [at(7), at(12), at(99)]), [
    'a [0,10) r1 close final: 7',
    'a [5,15) r1 close final: 7 12',
    'a [10,20) r1 close final: 12',
  ])
})
test('S3: a size need not be a multiple of the hop', async () => {
  assert.deepEqual(await linesOf(hop(10, 4), [at(9), at(99)]), [
    'a [0,10) r1 close final: 9',
    'a [4,14) r1 close final: 9',
    'a [8,18) r1 close final: 9',
  ])
})
test('S3: windows belong to one key; a key without records in a window has no result', async () => {
  assert.deepEqual(await linesOf(hop(10, 5), [at(1, 'b'), at(2), at(6, 'b', 66), at(99)]), [
    'a [0,10) r1 close final: 2',
    'b [0,10) r1 close final: 1 66',
    'b [5,15) r1 close final: 66',
  ])
})
test('S3.1: windows with a negative start are not made; a record that is in no other is in none', async () => {
  assert.deepEqual(await linesOf(hop(10, 5), [at(2), at(99)]), ['a [0,10) r1 close final: 2'], 'not [-5,5)')
  assert.deepEqual(await linesOf(tumble(10, 5, 3), [at(2), at(3), at(12), at(99)]), ['a [3,13) r1 close final: 3 12'])
  assert.deepEqual(await linesOf(hop(10, 5, 0, 3), [at(2), at(3), at(99)]), ['a [3,13) r1 close final: 3'])
  assert.deepEqual(await linesOf(grow(5, 20, 0, 12), [at(11), at(12), at(99)]), [
    'a [12,17) r1 close final: 12',
    'a [12,22) r1 close final: 12',
    'a [12,27) r1 close final: 12',
    'a [12,32) r1 close final: 12',
  ])
})
test('S3: an offset moves the alignment, also one above the size', async () => {
  for (const offset of [3, 13])
    assert.deepEqual(await linesOf(tumble(10, 0, offset), [at(12), at(13), at(23)]), [
      'a [3,13) r1 close final: 12',
      'a [13,23) r1 close final: 13',
    ])
})
test('S3.3: a window closes when stream time reaches its end plus grace, and not a millisecond before', async () => {
  const driven = await drive(windowLines(tumble(10, 5)))
  await driven.push(events, at(1), at(14, 'b'), at(2))
  assert.deepEqual(await told(driven), [])
  await driven.push(events, at(15, 'b'))
  assert.deepEqual(await told(driven), ['a [0,10) r1 close final: 1 2'])
  await driven.push(events, at(3))
  assert.deepEqual(
    driven.late.map(l => [l.missed, l.lateByMs]),
    [[[{ start: 0, end: 10 }], 0]],
  )
  await driven.stop()
})
test('S3.3: lateness is against stream time before the record: its own time closes nothing that it is in', async () => {
  assert.deepEqual(await linesOf(tumble(10), [at(1), at(500), at(501)]), ['a [0,10) r1 close final: 1'])
})
test('S3.7: cumulating windows give every step up to the full size, also those without new records, and none before the first', async () => {
  assert.deepEqual(await linesOf(grow(10, 40), [at(12), at(35, 'b'), at(36), at(80)]), [
    'a [0,20) r1 close final: 12',
    'a [0,30) r1 close final: 12',
    'a [0,40) r1 close final: 12 36',
    'b [0,40) r1 close final: 35',
  ])
})
test('S3.7: a record that is late for the first steps counts in the later ones', async () => {
  assert.deepEqual(await linesOf(grow(10, 40), [at(12), at(25, 'b'), at(3), at(80)]), [
    'a [0,20) r1 close final: 12',
    'a [0,30) r1 close final: 12 3',
    'b [0,30) r1 close final: 25',
    'a [0,40) r1 close final: 12 3',
    'b [0,40) r1 close final: 25',
  ])
})
test('S3.8: a window is always emitted, however far one record moves stream time', async () => {
  assert.deepEqual(await linesOf(hop(20, 10), [at(5), at(15, 'b'), at(1_000_000_000)]), [
    'a [0,20) r1 close final: 5',
    'b [0,20) r1 close final: 15',
    'b [10,30) r1 close final: 15',
  ])
})
test('S3.8: the end of the input emits nothing by itself, a drain closes all', async () => {
  const driven = await drive(windowLines(grow(10, 20)))
  await driven.push(events, at(3), at(14, 'b'))
  assert.deepEqual(await told(driven), ['a [0,10) r1 close final: 3'])
  await driven.drain()
  assert.deepEqual((await told(driven)).slice(1), ['a [0,20) r1 drain final: 3', 'b [0,20) r1 drain final: 14'])
  await driven.stop()
})
test("S3.8: a final result's event time is the window's last millisecond, an unfinished one's at most stream time", async () => {
  const driven = await drive(windowLines(hop(20, 10), 'on-update'))
  await driven.push(events, at(12))
  await driven.push(events, at(25))
  await driven.drain()
  assert.deepEqual(
    (await driven.records(lines)).map(r => [r.value.text, r.time]),
    [
      ['a [0,20) r1 update: 12', 12],
      ['a [10,30) r1 update: 12', 12],
      ['a [0,20) r2 close final: 12', 19],
      ['a [10,30) r2 update: 12 25', 25],
      ['a [20,40) r1 update: 25', 25],
      ['a [10,30) r3 drain final: 12 25', 29],
      ['a [20,40) r2 drain final: 25', 39],
    ],
  )
  await driven.stop()
})
test('S3.9: what one record makes due comes out in (end, window name, key) order, after the record', async () => {
  const flow = from(events, { idle: 'never' })
  const named = (name: string, size: number) =>
    flow
      .pipe(
        tumbling(name, { size: millis(size), grace: millis(0), ...drop }),
        aggregate({ n: count() }, { emit: 'on-close' }),
        map(w => ({ k: 'all', text: `${w.end} ${name} ${w.key}` })),
      )
      .to(lines)
  const driven = await drive(processor('ordered', [named('b', 10), named('a', 20)]))
  await driven.push(events, at(1, 'z'), at(2, 'y'), at(11, 'z'), at(500, 'x'))
  assert.deepEqual(await told(driven), ['10 b y', '10 b z', '20 a y', '20 a z', '20 b z'])
  await driven.stop()
})
