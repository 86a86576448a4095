import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'

const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length

test('now is the wall clock', () => {
  const before = Date.now()
  const now = systemClock().now()
  assert.ok(now >= before && now <= Date.now())
  assert.ok(Number.isInteger(now))
})
test('a sleep ends by itself and leaves neither timer nor listener behind', async () => {
  const clock = systemClock()
  const before = timers()
  const signal = new AbortController().signal
  for (const ms of [0, -5, 1, 2.5]) assert.equal(await clock.sleep(ms, signal), undefined)
  await clock.sleep(1)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  assert.equal(timers(), before)
})
test('an abort ends a sleep of any length, does not reject, and clears the timer', { timeout: 60_000 }, async () => {
  const clock = systemClock()
  const before = timers()
  for (const ms of [100_000, 2 ** 40, Infinity]) {
    const stop = new AbortController()
    const sleeping = clock.sleep(ms, stop.signal)
    assert.equal(timers(), before + 1)
    stop.abort(new Error('stopped'))
    assert.equal(await sleeping, undefined)
    assert.equal(timers(), before)
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
  }
})
test('a signal that was aborted before lets no sleep begin', { timeout: 60_000 }, async () => {
  const before = timers()
  const sleeping = systemClock().sleep(100_000, AbortSignal.abort())
  assert.equal(timers(), before)
  await sleeping
})
test('a sleep longer than one timer of Node can wait does not end at once', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let state = 'asleep'
  const settled = systemClock()
    .sleep(2 ** 31 + 1_000)
    .then(() => (state = 'awake'))
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }
  t.mock.timers.tick(2 ** 31 - 1)
  await turns()
  assert.equal(state, 'asleep')
  t.mock.timers.tick(1_000)
  await turns()
  assert.equal(state, 'asleep')
  t.mock.timers.tick(1)
  await settled
})
test('breathe lets what is queued in the event loop run first', async () => {
  let ran = false
  setImmediate(() => (ran = true))
  await systemClock().breathe()
  assert.ok(ran)
})
test('a uuid is of version 4 and never the same', () => {
  const random = systemRandom()
  const made = Array.from({ length: 100 }, () => random.uuid())
  for (const uuid of made) assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(new Set(made).size, made.length)
})
