// Folds in windows, on the real engine.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  aggregate,
  collect,
  cumulating,
  custom,
  type Duration,
  earliest,
  first,
  type Flow,
  from,
  hopping,
  json,
  last,
  latest,
  map,
  mean,
  millis,
  percentile,
  type Processor,
  processor,
  seconds,
  session,
  topic,
  tumbling,
  type Windowed,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'
import { type E, e, events, folds, lines } from './jobs.ts'

interface Shown {
  readonly k: string
  readonly start: number
  readonly value: unknown
}
const shown = topic('shown', { key: 'k', time: 'start', value: json(value => value as Shown) })
const SOME = 3
const all = {
  first: first((x: E) => x.v),
  last: last((x: E) => x.v),
  earliest: earliest((x: E) => x.v),
  latest: latest((x: E) => x.v),
  newest: collect((x: E) => x.v, { atMost: SOME, beyond: 'drop-oldest' }),
  oldest: collect((x: E) => x.v, { atMost: SOME, beyond: 'drop-newest' }),
  mean: mean((x: E) => x.v),
  median: percentile((x: E) => x.v, { p: 0.5, relativeError: 0.01 }),
  joined: custom('joined', {
    version: 1,
    initial: () => [] as number[],
    add: (s, x: E) => [...s, x.v],
    merge: (a, b) => [...a, ...b],
    result: s => s.sort((a, b) => a - b).join(),
  }),
}
/** The same of the values of one window, in the order of their arrival. */
function expected(values: readonly E[]): unknown {
  const byTime = values.toSorted((a, b) => a.at - b.at)
  const sorted = values.map(x => x.v).sort((a, b) => a - b)
  return {
    first: values[0]!.v,
    last: values.at(-1)!.v,
    earliest: byTime[0]!.v,
    latest: byTime.at(-1)!.v,
    newest: values.slice(-SOME).map(x => x.v),
    oldest: values.slice(0, SOME).map(x => x.v),
    mean: sorted.reduce((sum, v) => sum + v, 0) / sorted.length,
    median: sorted[Math.floor((sorted.length - 1) / 2)],
    joined: sorted.join(),
  }
}
type Kind = 'hopping' | 'cumulating' | 'session'
const SPAN = { size: millis(40), grace: millis(1_000), late: 'count-and-drop' } as const
const window = (kind: Kind): ((flow: Flow<E, string>) => Windowed<E, string, 'fixed' | 'merging'>) => {
  if (kind === 'session') return flow => flow.pipe(session('w', { gap: millis(5), grace: SPAN.grace, late: SPAN.late }))
  if (kind === 'hopping') return flow => flow.pipe(hopping('w', { ...SPAN, hop: millis(15) }))
  return flow => flow.pipe(cumulating('w', { ...SPAN, step: millis(10) }))
}
/** Bounds of the windows of all records of a key. */
function windowsOf(kind: Kind, of: readonly E[]): readonly { start: number; end: number }[] {
  if (kind === 'session') {
    const sessions: { start: number; end: number }[] = []
    for (const { at } of of.toSorted((a, b) => a.at - b.at)) {
      const open = sessions.at(-1)
      if (open !== undefined && at <= open.end) open.end = at + 5
      else sessions.push({ start: at, end: at + 5 })
    }
    return sessions
  }
  const { size } = SPAN
  const step = kind === 'hopping' ? 15 : 10
  const found = new Map<string, { start: number; end: number }>()
  for (const { at } of of)
    for (let start = Math.floor((at - size) / step) * step; start <= at; start += step)
      if (kind === 'hopping') {
        if (start + size > at) found.set(`${start}`, { start, end: start + size })
      } else {
        const base = Math.floor(at / size) * size
        for (let end = base + step; end <= base + size; end += step) if (end > at) found.set(`${end}`, { start: base, end })
      }
  return [...found.values()]
}

const arrivals = fc.array(
  fc.record({ k: fc.constantFrom('a', 'b'), at: fc.nat(90).map(at => BEGINNING + at), v: fc.integer({ min: -100, max: 100 }) }),
  { minLength: 1, maxLength: 30 },
)
for (const kind of ['hopping', 'cumulating', 'session'] as const) {
  test(`${kind} windows show of their records what folding them as they arrived shows, also with a crash between`, async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, fc.nat(30), async (given, cut) => {
        const p = processor(
          'folding',
          window(kind)(from(events, { idle: 'never' }))
            .pipe(
              aggregate<E, string, 'fixed' | 'merging', { [N in keyof typeof all]: unknown }, 'on-close'>(all, { emit: 'on-close' }),
              map(w => ({ k: w.key, start: w.start, value: { end: w.end, ...w.value } })),
            )
            .to(shown),
        )
        const driven = await drive(p)
        await driven.push(events, ...given.slice(0, cut))
        await driven.crash()
        await driven.push(events, ...given.slice(cut))
        await driven.drain()
        const found = (await driven.results(shown)).map(r => JSON.stringify(r)).sort()
        await driven.stop()
        const wanted = ['a', 'b'].flatMap(k => {
          const of = given.filter(x => x.k === k)
          return windowsOf(kind, of)
            .map(w => ({ ...w, in: of.filter(x => x.at >= w.start && (kind === 'session' ? x.at <= w.end - 5 : x.at < w.end)) }))
            .map(w => JSON.stringify({ k, start: w.start, value: { end: w.end, ...(expected(w.in) as object) } }))
        })
        // a percentile is near: compared apart
        const exact = (text: string): unknown => JSON.parse(text, (name, v: unknown) => (name === 'median' ? undefined : v))
        const median = (text: string): number => (JSON.parse(text) as { value: { median: number } }).value.median
        const inOrder = (texts: readonly string[]): string[] =>
          texts.toSorted((a, b) => (JSON.stringify(exact(a)) < JSON.stringify(exact(b)) ? -1 : 1))
        assert.deepEqual(inOrder(found).map(exact), inOrder(wanted).map(exact))
        inOrder(found).forEach((text, i) => {
          const want = median(inOrder(wanted)[i]!)
          assert.ok(Math.abs(median(text) - want) <= 0.01 * Math.abs(want), `${median(text)} for ${want}`)
        })
      }),
      { numRuns: 40 },
    )
  })
}

const text = (k: string, of: unknown): { k: string; text: string } => ({ k, text: JSON.stringify(of) })
const twice = (idle: 'never' | Duration): Processor =>
  processor(
    'twice',
    from(events, { idle })
      .pipe(
        tumbling('w', { size: millis(10), grace: millis(5), late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        tumbling('v', { size: millis(100), grace: millis(0), late: 'count-and-drop' }),
        aggregate({ first: first(w => w.value.total), last: last(w => w.value.total) }, { emit: 'on-close' }),
        map(w => text(w.key, w.value)),
      )
      .to(lines),
  )
test('results of windows are folded in the order in which they came: a second window sees its first and last', async () => {
  const driven = await drive(twice('never'))
  await driven.push(events, e('a', 0, 1), e('a', 15, 2), e('a', 12, 3), e('a', 31, 4), e('a', 205, 0))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['{"first":1,"last":4}'],
  )
  await driven.stop()
})

test('also those that time alone closes after a crash', async () => {
  const p = twice(seconds(1))
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 15, 2))
  await driven.crash()
  await driven.advance(seconds(5))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['{"first":1,"last":2}'],
  )
  await driven.stop()
})
