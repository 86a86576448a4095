// I14: every record of an input is counted once, as processed, late or refused; and S6.1: what is refused is nothing else besides.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  count,
  cumulating,
  flatMap,
  from,
  hopping,
  map,
  millis,
  type Processor,
  processor,
  session,
  stampWith,
  tumbling,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { Lives } from '../engine/lives.ts'
import { copies, type E, events, lateEvents, lines } from './jobs.ts'
import { anyWindows, at, drop } from './window-jobs.ts'

const counted = [
  {
    of: 'tumbling',
    windows: anyWindows(tumbling<E, string>('w', { size: millis(10), grace: millis(0), offset: millis(5), ...drop })),
    late: 2,
  },
  {
    of: 'hopping',
    windows: anyWindows(hopping<E, string>('w', { size: millis(10), hop: millis(5), grace: millis(0), offset: millis(5), ...drop })),
    late: 1,
  },
  {
    of: 'cumulating',
    windows: anyWindows(cumulating<E, string>('w', { size: millis(20), step: millis(5), grace: millis(0), offset: millis(5), ...drop })),
    late: 1,
  },
  { of: 'session', windows: anyWindows(session<E, string>('w', { gap: millis(5), grace: millis(0), ...drop })), late: 1 },
] as const
const counting = (windows: (typeof counted)[number]['windows']): Processor =>
  processor(
    'counting',
    from(events, { idle: 'never' })
      .pipe(
        windows,
        aggregate({ n: count() }, { emit: 'on-close' }),
        map(r => ({ k: r.key, text: String(r.value.n) })),
      )
      .to(lines),
    { breaker: 'off' },
  )
const countsOf = async (p: Processor, given: readonly E[]) => {
  const lives = new Lives()
  await lives.begin(p)
  await lives.push(events, ...given)
  const { counts } = lives.task(p).session
  await lives.stop()
  return { ...counts }
}

for (const { of, windows, late } of counted)
  test(`I14: a record counts as late when it missed all its ${of} windows, not when it missed some or when it is in none`, async () => {
    // 2 is before every aligned window; 33 and 21 come after 36; −1 is refused
    const given = [at(2), at(36), at(33), at(21), { k: 'a', at: -1, v: 0 }]
    assert.deepEqual(await countsOf(counting(windows), given), { records: 5, late, refused: 1, refusedResults: 0 })
  })

test('I14: a record of which several values came is late once, and only if none of them counts', async () => {
  const p = processor(
    'expanding',
    from(events, { idle: 'never' })
      .pipe(
        flatMap(e => (e.v === 3 ? [{ ...e, at: 30 }, e] : [e, e])),
        stampWith(e => e.at),
        tumbling('w', { size: millis(10), grace: millis(0), ...drop }),
        aggregate({ n: count() }, { emit: 'on-close' }),
        map(r => ({ k: r.key, text: String(r.value.n) })),
      )
      .to(lines),
  )
  assert.deepEqual(await countsOf(p, [at(1), at(30), at(2), { ...at(3), v: 3 }]), { records: 4, late: 1, refused: 0, refusedResults: 0 })
})

test('S6.1, S3.4: a refused record is not late as well: nothing is sent to the late topic, nobody is told', async () => {
  const flow = from(events, { idle: 'never' })
  const p = processor(
    'judging',
    [
      flow
        .pipe(
          tumbling('w', { size: millis(10), grace: millis(0), late: lateEvents }),
          aggregate({ n: count() }, { emit: 'on-close' }),
          map(r => ({ k: r.key, text: `${r.key} ${r.start} ${r.value.n}` })),
        )
        .to(lines),
      flow
        .pipe(
          map(e => {
            if (e.v < 0) throw new Error('below zero')
            return e
          }),
        )
        .to(copies),
    ],
    { breaker: 'off' },
  )
  const driven = await drive(p)
  await driven.push(events, at(1), at(20), { ...at(2), v: -1 }, at(3))
  assert.deepEqual(
    driven.late.map(l => l.time),
    [3],
  )
  assert.deepEqual(
    (await driven.results(lateEvents)).map(e => e.at),
    [3],
  )
  await driven.stop()
})
