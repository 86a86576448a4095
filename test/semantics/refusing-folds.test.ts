// What becomes of a record or a result that a fold refuses, and of stored state that a fold no longer fits; on the real engine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  collect,
  count,
  custom,
  from,
  hopping,
  map,
  max,
  mean,
  millis,
  percentile,
  type Processor,
  processor,
  session,
  tumbling,
} from '#lib/index.ts'
import { stateLines } from '#lib/model/plan.ts'
import { incompatibilities } from '#lib/model/state-changes.ts'
import { planOfProcessor } from '#lib/stages/processor.ts'
import { drive } from '#lib/testing/driver.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'
import { type E, e, events, lines } from './jobs.ts'

const text = (k: string, of: unknown): { k: string; text: string } => ({ k, text: JSON.stringify(of) })

test('S6.1: a record too many for collect() is a dead letter, and the window goes on without it', async () => {
  const p = processor(
    'bounded',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('w', { size: millis(10), grace: millis(0), late: 'count-and-drop' }),
        aggregate({ n: count(), values: collect(x => x.v, { atMost: 2, beyond: 'fail' }) }, { emit: 'on-close' }),
        map(w => text(w.key, w.value)),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 1, 2), e('a', 2, 3), e('b', 3, 4))
  await driven.drain()
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['{"n":2,"values":[1,2]}', '{"n":1,"values":[4]}'],
  )
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage, d.offset]),
    [['RESULT_OVERFLOW', 'w', 2]],
  )
  await driven.stop()
})

/** Counts, and merges only what it likes. */
const picky = custom('picky', {
  version: 1,
  initial: () => 0,
  add: (n, x: E) => n + x.v,
  merge: (a, b) => {
    if (a + b > 3) throw new RangeError(`${a + b} is too much`)
    return a + b
  },
  result: n => n,
})
const hops = (fold: { values: ReturnType<typeof collect<E, number>> } | { values: typeof picky }): Processor =>
  processor(
    'hopping',
    from(events, { idle: 'never' })
      .pipe(
        hopping('w', { size: millis(20), hop: millis(10), grace: millis(0), late: 'count-and-drop' }),
        aggregate<E, string, 'fixed', { values: unknown }, 'on-close'>(fold as { values: typeof picky }, { emit: 'on-close' }),
        map(w => text(w.key, [w.start - BEGINNING, w.value])),
      )
      .to(lines),
    { onFailure: { produce: 'dead-letter' } },
  )
for (const [what, fold, code, message] of [
  [
    'collect() whose parts hold too much only together',
    { values: collect((x: E) => x.v, { atMost: 2, beyond: 'fail' }) },
    'RESULT_OVERFLOW',
    'collect() holds at most 2 values',
  ],
  ['custom() whose merge() throws', { values: picky }, 'USER_FUNCTION_FAILED', "merge() of custom('picky'): 4 is too much"],
] as const) {
  test(`S6.1: of a ${what} the result is refused; no record is, and the windows before and after are told`, async () => {
    const p = hops(fold)
    const driven = await drive(p)
    await driven.push(events, e('a', 1, 1), e('a', 2, 1), e('a', 11, 2), e('b', 55, 1))
    await driven.drain()
    assert.deepEqual(
      (await driven.results(lines)).filter(l => l.k === 'a').map(l => (JSON.parse(l.text) as [number, unknown])[0]),
      [-10, 10],
    )
    assert.deepEqual(
      (await driven.deadLetters(p)).map(d => [d.code, d.message, d.stage]),
      [[code, message, 'w']],
    )
    await driven.stop()
  })
}

test('S5.4: sessions that a record would join, but that cannot be merged, stay as they were: the record is refused', async () => {
  const p = processor(
    'sessions',
    from(events, { idle: 'never' })
      .pipe(
        session('w', { gap: millis(5), grace: millis(100), late: 'count-and-drop' }),
        aggregate({ picky }, { emit: 'on-close' }),
        map(w => text(w.key, [w.start - BEGINNING, w.end - BEGINNING, w.value.picky])),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 2), e('a', 10, 3), e('a', 5, 7), e('a', 12, 1))
  await driven.drain()
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['[0,5,2]', '[10,17,4]'],
  )
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.offset]),
    [['USER_FUNCTION_FAILED', 2]],
  )
  await driven.stop()
})

test('S5.4: a custom fold that changes its state and throws leaves no trace in any fold of any window of the record', async () => {
  const careless = custom('careless', {
    version: 1,
    initial: () => ({ values: [] as number[] }),
    add: (s, x: E) => {
      s.values.push(x.v)
      if (x.v < 0) throw new RangeError('below zero')
      return s
    },
    merge: (a, b) => ({ values: [...a.values, ...b.values] }),
    result: s => s.values,
  })
  const source = from(events, { idle: 'never' })
  const over = (name: string, kept: object) =>
    source
      .pipe(
        tumbling(name, { size: millis(10), grace: millis(0), late: 'count-and-drop' }),
        aggregate(kept as { careless: typeof careless }, { emit: 'on-close' }),
        map(w => text(w.key, { [name]: w.value })),
      )
      .to(lines)
  // The window that comes first has taken the record when the second refuses it.
  const p = processor('careless', [
    over('one', {
      n: count(),
      top: max((x: E) => Math.abs(x.v)),
      all: collect((x: E) => x.v, { atMost: 9, beyond: 'fail' }),
      avg: mean((x: E) => x.v),
    }),
    over('two', { before: count(), careless, after: count() }),
  ])
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 1, -9), e('a', 2, 3), e('b', 3, -1))
  await driven.drain()
  assert.deepEqual(
    new Set((await driven.results(lines)).map(l => l.text)),
    new Set(['{"one":{"n":2,"top":3,"all":[1,3],"avg":2}}', '{"two":{"before":2,"careless":[1,3],"after":2}}']),
  )
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.offset),
    [1, 3],
  )
  await driven.stop()
})

test('S5.7: other settings of a fold are other state, and are named; what may change, may', () => {
  const job = (o: { atMost?: number; p?: number; version?: number }): Processor =>
    processor(
      'changing',
      from(events)
        .pipe(
          tumbling('w', { size: millis(10), grace: millis(5), late: 'count-and-drop' }),
          aggregate(
            {
              list: collect(x => x.v, { atMost: o.atMost ?? 5, beyond: 'drop-oldest' }),
              p: percentile(x => x.v, { p: o.p ?? 0.5, relativeError: 0.01 }),
              c: custom('mine', {
                version: o.version ?? 1,
                initial: () => 0,
                add: (n, x: E) => n + x.v,
                merge: (a, b) => a + b,
                result: n => n,
              }),
            },
            { emit: 'on-close' },
          ),
          map(w => text(w.key, w.value)),
        )
        .to(lines),
    )
  const stored = stateLines(planOfProcessor(job({})))
  const changes = (o: Parameters<typeof job>[0]): readonly string[] => incompatibilities(stored, planOfProcessor(job(o)))
  assert.deepEqual(changes({ p: 0.99 }), [])
  assert.match(changes({ atMost: 6 }).join(), /^stage 'w' changed: folds\.list\.atMost was 5, is 6$/)
  assert.match(changes({ version: 2 }).join(), /^stage 'w' changed: folds\.c\.version was 1, is 2$/)
  assert.match(
    job({}).describe(),
    /list = collect atMost 5 beyond drop-oldest, p = percentile relativeError 0\.01 p 0\.5, c = custom 'mine';/,
  )
  assert.match(job({ version: 2 }).describe(), /c = custom 'mine' v2;/)
})
