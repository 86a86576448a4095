// Stages that are written out as one function: an error still comes from the stage it came from, and what is read twice is computed once.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { filter, flatMap, from, map, merge, processor, rx, tap } from '#lib/index.ts'
import { map as rxMap } from 'rxjs'
import { drive } from '#lib/testing/driver.ts'
import { copies, e, type E, events, lines } from '../semantics/jobs.ts'

const line = (x: E) => ({ k: x.k, text: `${x.k}${x.v}` })
const thrownFor = (k: string) => (x: E) => {
  if (x.k === k) throw new TypeError(`no ${k}`)
  return true
}

describe('S6.2: a dead letter names the stage that threw', () => {
  const through = from(events).pipe(
    filter(thrownFor('first')),
    tap(thrownFor('second')),
    map(x => (thrownFor('third')(x), x)),
    filter(thrownFor('fourth')),
    flatMap(x => (thrownFor('fifth')(x), [x])),
    tap(thrownFor('sixth')),
    rx(rxMap(x => (thrownFor('seventh')(x), x))),
    map(x => (thrownFor('eighth')(x), x)),
  )
  const p = processor('p', through.pipe(map(x => (x.k === 'last' ? ({} as never) : line(x)))).to(lines), { breaker: 'off' })
  const STAGES = {
    first: 'filter',
    second: 'tap',
    third: 'map',
    fourth: 'filter',
    fifth: 'flat-map',
    sixth: 'tap',
    seventh: 'rx',
    eighth: 'map',
    last: 'to',
  }
  for (const [k, stage] of Object.entries(STAGES))
    test(`${k}: ${stage}`, async () => {
      const driven = await drive(p)
      await driven.push(events, e('good', 1), e(k, 2), e('good', 3, 2))
      assert.deepEqual(
        (await driven.deadLetters(p)).map(d => [d.stage, d.offset]),
        [[stage, 1]],
      )
      assert.deepEqual(
        (await driven.results(lines)).map(l => l.text),
        ['good1', 'good2'],
      )
    })
})

test('a stage that two flows read computes once, and each goes on in its own way, in this processor and in another', async () => {
  let computed = 0
  const tenfold = from(events).pipe(
    map(x => {
      computed++
      return { ...x, v: x.v * 10 }
    }),
  )
  const both = processor('both', [tenfold.pipe(filter(x => x.v > 10)).to(copies), tenfold.pipe(tap(thrownFor('bad')), map(line)).to(lines)])
  const alone = processor('alone', tenfold.pipe(filter(x => x.v < 30)).to(copies))
  const driven = await drive(both)
  await driven.push(events, e('a', 1, 1), e('bad', 2, 2), e('a', 3, 3))
  assert.equal(computed, 3)
  assert.deepEqual(
    (await driven.results(copies)).map(x => x.v),
    [30],
    'what the refused record had sent elsewhere is taken back',
  )
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['a10', 'a30'],
  )
  const other = await drive(alone)
  await other.push(events, e('a', 1, 1), e('a', 2, 2), e('a', 3, 3))
  assert.deepEqual(
    (await other.results(copies)).map(x => x.v),
    [10, 20],
  )
})

test('a flow that is merged with itself runs twice behind the merge', async () => {
  const twice = from(events).pipe(map(x => x))
  const p = processor(
    'p',
    merge(twice, twice)
      .pipe(
        filter(x => x.v > 1),
        map(line),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 1, 1), e('a', 2, 2))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['a2', 'a2'],
  )
})

test('what a filter answers counts as JavaScript has it', async () => {
  const answers = [true, false, 1, 0, 'yes', '', null, undefined, {}]
  const p = processor(
    'p',
    from(events)
      .pipe(
        filter(x => answers[x.v] as boolean),
        map(line),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, ...answers.map((_, v) => e('a', v, v)))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['a0', 'a2', 'a4', 'a8'],
  )
})
