import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Closing, StreamClock } from '#lib/stages/window/clock.ts'

/** A window stage that only knows the ends of its open windows. */
const windows = (name: string, graceMs: number, ends: number[], closed: string[], onClose: (end: number) => void = () => {}): Closing => ({
  name,
  delayMs: graceMs,
  drains: 'drains',
  nextEnd: () => Math.min(Infinity, ...ends),
  lastEnd: () => Math.max(-Infinity, ...ends),
  close: (end, cause) => {
    ends.splice(ends.indexOf(end), 1)
    closed.push(`${name} ${end} ${cause}`)
    onClose(end)
  },
})
const hung = (clock: StreamClock, closing: Closing): void => {
  clock.hang(closing)
  clock.wake = Math.min(clock.wake, closing.nextEnd(Infinity) + closing.delayMs)
}

test('S2.1: stream time never goes back', () => {
  const clock = new StreamClock()
  clock.advance(5, 'close')
  clock.advance(3, 'close')
  clock.advance(NaN, 'close')
  assert.equal(clock.time, 5)
})

test('S3.3: a window closes when stream time reaches its end plus grace, not a millisecond before', () => {
  const closed: string[] = []
  const clock = new StreamClock()
  hung(clock, windows('w', 3, [10], closed))
  clock.advance(12, 'close')
  assert.deepEqual(closed, [])
  clock.advance(13, 'close')
  assert.deepEqual(closed, ['w 10 close'])
})

test('S3.9: what one record makes due closes in (end, window name) order, over all windows of the flow', () => {
  const closed: string[] = []
  const clock = new StreamClock()
  hung(clock, windows('b', 0, [20, 10], closed))
  hung(clock, windows('a', 5, [10, 20, 30], closed))
  clock.advance(25, 'close')
  assert.deepEqual(closed, ['a 10 close', 'b 10 close', 'a 20 close', 'b 20 close'])
  assert.equal(clock.wake, 35)
})

test('S2.6: behind a window time runs its grace behind, and follows only after the results of what closed', () => {
  const seen: string[] = []
  const clock = new StreamClock()
  const below = clock.below(5)
  hung(
    clock,
    windows('first', 5, [10, 20], seen, end => seen.push(`result ${end - 1} at ${below.time}`)),
  )
  hung(below, windows('second', 0, [15], seen))
  clock.advance(12, 'close')
  assert.equal(below.time, 7)
  clock.advance(40, 'idle')
  assert.deepEqual(seen, ['first 10 idle', 'result 9 at 7', 'first 20 idle', 'result 19 at 7', 'second 15 idle'])
  assert.equal(below.time, 35)
})

test('the horizon is where everything open here and below would be closed; the due time where the first is', () => {
  const clock = new StreamClock()
  const below = clock.below(5)
  assert.deepEqual([clock.horizon(), clock.due()], [-Infinity, Infinity])
  hung(clock, windows('first', 5, [10, 20], []))
  hung(below, windows('second', 2, [30], []))
  assert.deepEqual([clock.horizon(), clock.due()], [37, 15])
})

test('recorded stream time is restored without closing anything', () => {
  const closed: string[] = []
  const clock = new StreamClock()
  const below = clock.below(5)
  clock.hang(windows('w', 5, [10], closed))
  clock.restore(12)
  assert.deepEqual([clock.time, below.time, clock.wake, closed.length], [12, 7, 15, 0])
})
