// merge over several inputs: one stream time for all of them (S2.2), whichever of them is silent, far ahead, or not in a task at all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  days,
  type Flow,
  from,
  keyBy,
  map,
  merge,
  mergeTagged,
  millis,
  minutes,
  processor,
  seconds,
  tap,
  topic,
  tumbling,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { Lives } from '../engine/lives.ts'
import { brief, codec, copies, e, type E, events, folds, lines, result, results, window } from '../semantics/jobs.ts'

const both = merge(from(events), from(copies))
const windowed = (flow: Flow<E, string>) =>
  flow.pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result)).to(results)
const job = processor('p', windowed(both), { idleAfter: seconds(30) })
const never = processor('p', windowed(merge(from(events, { idle: 'never' }), from(copies, { idle: 'never' }))))
type Driven = Awaited<ReturnType<typeof drive>>
const seen = async (driven: Driven) => (await driven.results(results)).map(brief)

test('S2.2: an input that lags behind holds stream time: what the other closed long ago is not late', async () => {
  const driven = await drive(never)
  await driven.push(events, e('a', 1), e('a', 50_000))
  assert.deepEqual(await seen(driven), [], 'the other input has said nothing yet')
  await driven.push(copies, e('a', 2), e('a', 16))
  assert.deepEqual(await seen(driven), ['a@0 n=2 close'])
  assert.deepEqual(driven.late, [])
})

test('S2.2: results are the same whichever input comes first, in batches of any size', async () => {
  const here = Array.from({ length: 60 }, (_, i) => e('ab'[i % 2]!, i))
  const there = Array.from({ length: 60 }, (_, i) => e('abc'[i % 3]!, i + 2))
  const outcomes = new Set<string>()
  for (const epochRecords of [1, 7, 1000])
    for (const order of ['here first', 'there first'] as const) {
      const driven = await drive(never, { tuning: { epochRecords } })
      if (order === 'here first') await driven.push(events, ...here)
      await driven.push(copies, ...there)
      if (order === 'there first') await driven.push(events, ...here)
      await driven.drain()
      outcomes.add((await seen(driven)).map(r => r.replace(/ (close|drain)/, '')).join('; '))
      assert.deepEqual(driven.late, [])
    }
  assert.equal(outcomes.size, 1)
})

test('S2.2, S2.3: an idle input no longer holds stream time; when it comes back it does again', async () => {
  const driven = await drive(job)
  await driven.push(copies, e('b', 1))
  await driven.push(events, e('a', 1), e('a', 40))
  assert.deepEqual(await seen(driven), [])
  await driven.advance(seconds(25))
  await driven.push(events, e('a', 60))
  await driven.advance(seconds(10)) // copies was silent for 35 s, events for 10 s
  assert.deepEqual(await seen(driven), ['a@0 n=1 idle', 'b@0 n=1 idle', 'a@40 n=1 idle'])
  await driven.push(copies, e('b', 61))
  await driven.push(events, e('a', 200))
  assert.equal((await seen(driven)).length, 3, 'it is at 61 now')
  await driven.push(copies, e('b', 100))
  assert.deepEqual((await seen(driven)).slice(3), ['a@60 n=1 close', 'b@60 n=1 close'])
})

test('S2.3: when all inputs are idle stream time goes on by wall time, from where it stood', async () => {
  const driven = await drive(job)
  await driven.push(events, e('a', 1))
  await driven.push(copies, e('b', 2))
  await driven.advance(seconds(29))
  assert.deepEqual(await seen(driven), [])
  await driven.advance(seconds(2))
  assert.deepEqual(await seen(driven), ['a@0 n=1 idle', 'b@0 n=1 idle'])
})

test('a drain closes what is open behind a merge', async () => {
  const driven = await drive(never)
  await driven.push(events, e('a', 1), e('a', 12))
  await driven.drain()
  assert.deepEqual(await seen(driven), ['a@0 n=1 drain', 'a@10 n=1 drain'])
})

test('an input that a task has no partition of is silent there: it does not hold stream time', async () => {
  const wide = topic('wide', { key: 'k', time: 'at', value: codec, partitions: 3 })
  const narrow = topic('narrow', { key: 'k', time: 'at', value: codec, partitions: 1 })
  const by = topic('by', { key: 'k', time: 'at', value: codec })
  const one = { idle: 'never' } as const
  const p = processor('p', windowed(merge(from(wide, one), from(narrow, one)).pipe(keyBy(x => x.k, { via: by }))))
  const driven = await drive(p, { tuning: { markEveryMs: 0 } })
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  await driven.push(narrow, e('a', 0), e('a', 100))
  await driven.push(wide, ...keys.map(k => e(k, 1)), ...keys.map(k => e(k, 100)))
  await driven.advance(millis(10))
  const first = (await driven.results(results)).filter(r => r.start === 0)
  assert.equal(
    first.reduce((n, r) => n + r.n, 0),
    keys.length + 1,
    JSON.stringify(first),
  )
})

test('mergeTagged over inputs tells them apart, with everything that their values hold', async () => {
  const said = mergeTagged({ event: from(events), copy: from(copies) }).pipe(map(x => ({ k: x.value.k, text: `${x.from} ${x.value.v}` })))
  const driven = await drive(processor('p', said.to(lines)))
  await driven.push(events, e('a', 0, 1))
  await driven.push(copies, e('a', 0, 2))
  assert.deepEqual((await driven.results(lines)).map(l => l.text).toSorted(), ['copy 2', 'event 1'])
})

test('S1.3: one absurd time in one input of a merge closes nothing', async () => {
  const driven = await drive(job)
  await driven.push(events, e('a', 1))
  await driven.push(copies, e('a', 2))
  await driven.push(copies, e('a', days(30)))
  await driven.push(events, e('a', 3))
  assert.deepEqual(await seen(driven), [])
  await driven.advance(minutes(1))
  assert.deepEqual(await seen(driven), ['a@0 n=3 idle'])
})

test('S2.2: with a backlog of all inputs the one that is behind is computed first, so that no more is open than lies between them', async () => {
  const lives = new Lives()
  const second = 1_000
  const backlog = (k: string) => Array.from({ length: 5_000 }, (_, i) => e(k, i * second))
  await lives.push(events, ...backlog('a'))
  await lives.push(copies, ...backlog('b'))
  let most = 0
  const p = processor(
    'p',
    merge(from(events), from(copies))
      .pipe(
        tumbling('w', { size: seconds(10), grace: seconds(0), late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        tap(() => {
          most = Math.max(most, lives.task(p).session.pipeline.stores[0]!.size)
        }),
        map(result),
      )
      .to(results),
    { epoch: { records: 10_000 } },
  )
  await lives.begin(p)
  assert.ok(most > 0 && most < 300, `${most} windows were open at once, of 1,000 in all`)
})
