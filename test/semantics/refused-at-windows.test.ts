// S6.1 at windows: a refused result is its own dead letter. That a refused record leaves no trace is shown in test/properties.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aggregate, collect, from, map, millis, type Processor, processor, session, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { type E, events, lines } from './jobs.ts'
import { anyWindows, at, drop, line, told } from './window-jobs.ts'

const KINDS = {
  corrected: anyWindows(tumbling<E, string>('w', { size: millis(20), grace: millis(0), late: { correct: millis(100) } })),
  session: anyWindows(session<E, string>('w', { gap: millis(10), grace: millis(20), ...drop })),
}
const picky = (windows: (typeof KINDS)['session'], refuses: (cause: string) => boolean, emit: 'on-update' | 'on-close'): Processor =>
  processor(
    'windows',
    from(events, { idle: 'never' })
      .pipe(
        windows,
        aggregate({ vs: collect((e: E) => e.v, { atMost: 1_000, beyond: 'fail' }) }, { emit }),
        map(r => {
          if (refuses(r.cause)) throw new Error(`no ${r.cause}`)
          return { k: r.key, text: line(r as Parameters<typeof line>[0]) }
        }),
      )
      .to(lines),
    { breaker: 'off', onFailure: { produce: 'dead-letter' } },
  )
test('S6.1: a refused update, correction or retraction is its own dead letter; the records count, and what follows comes', async () => {
  const corrected = picky(KINDS.corrected, cause => cause === 'update' || cause === 'late', 'on-update')
  const driven = await drive(corrected)
  for (const e of [at(1), at(2), at(30, 'b'), at(3), at(200, 'b')]) await driven.push(events, e)
  assert.deepEqual(await told(driven), [
    'a [0,20) r3 close: 1 2',
    'a [0,20) r5 close final: 1 2 3',
    'b [20,40) r2 close: 30',
    'b [20,40) r3 close final: 30',
  ])
  const refused = await driven.deadLetters(corrected)
  assert.deepEqual(
    refused.map(l => [l.code, l.stage, JSON.parse(l.value!).revision]),
    [1, 2, 1, 4, 1].map(revision => ['USER_FUNCTION_FAILED', 'map', revision]),
  )
  await driven.stop()
})
test('S6.1, S3.5: a refused retraction does not keep the sessions from being one', async () => {
  const sessions = picky(KINDS.session, cause => cause === 'merged', 'on-update')
  const driven = await drive(sessions)
  for (const e of [at(20), at(12), at(90)]) await driven.push(events, e)
  assert.deepEqual(await told(driven), [
    'a [20,30) r1 update: 20',
    'a [12,30) r2 update: 20 12',
    'a [12,30) r3 close final: 20 12',
    'a [90,100) r1 update: 90',
  ])
  assert.equal((await driven.deadLetters(sessions)).length, 1)
  await driven.stop()
})
