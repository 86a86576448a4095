// distinct: the first record of each (key, by) passes, for as long as it is remembered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distinct, filter, from, map, millis, processor } from '#lib/index.ts'
import { planOfProcessor } from '#lib/stages/processor.ts'
import { stateLines } from '#lib/model/plan.ts'
import { incompatibilities } from '#lib/model/state-changes.ts'
import { drive } from '#lib/testing/driver.ts'
import { Lives } from '../engine/lives.ts'
import { e, type E, events, lines } from '../semantics/jobs.ts'

const once = (o: { within?: number; version?: number; by?: (x: E) => string | number; records?: number } = {}) =>
  processor(
    'once',
    from(events, { idle: 'never' })
      .pipe(
        distinct('seen', { version: o.version ?? 1, by: o.by ?? (x => x.v), within: millis(o.within ?? 10) }),
        map(x => ({ k: x.k, text: `${x.k}${x.v}` })),
      )
      .to(lines),
    { epoch: { records: o.records ?? 1_000 } },
  )
const texts = async (p: ReturnType<typeof once>, ...input: readonly E[]) => {
  const driven = await drive(p)
  await driven.push(events, ...input)
  return (await driven.results(lines)).map(l => l.text)
}

test('of each key and each value of by the first record passes, in offset order', async () => {
  assert.deepEqual(await texts(once(), e('a', 5, 1), e('a', 1, 1), e('b', 5, 1), e('a', 6, 2), e('b', 7, 1)), ['a1', 'b1', 'a2'])
})

test('S5.2: the first is remembered while stream time is not more than within beyond it, and what is dropped does not prolong it', async () => {
  const driven = await drive(once())
  const p = once()
  for (const at of [0, 10, 11, 20, 21, 22]) await driven.push(events, e('a', at))
  assert.deepEqual((await driven.results(lines)).length, 3, 'at 0, 11 and 22')
  assert.deepEqual(driven.dropped(p), { seen: 3 })
})

test('two late records alike are told apart by their order, not by their own old times', async () => {
  assert.deepEqual(await texts(once(), e('b', 1_000), e('a', 1), e('a', 2)), ['b1', 'a1'])
})

test('text and a number are different values of by, minus zero and zero are one', async () => {
  const by = new Map<number, string | number>([
    [1, 1],
    [2, '1'],
    [3, 0],
    [4, -0],
  ])
  assert.deepEqual(await texts(once({ by: x => by.get(x.v)! }), ...[1, 2, 3, 4].map(v => e('a', v, v))), ['a1', 'a2', 'a3'])
})

test('a record without a key, or whose by is neither text nor a number, is refused', async () => {
  const p = once({ by: x => (x.v === 0 ? (undefined as unknown as string) : x.v === 2 ? NaN : x.k) })
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 0), e('a', 1, 1), e('a', 2, 2))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage, d.offset]),
    [
      ['KEY_MISSING', 'seen', 0],
      ['KEY_MISSING', 'seen', 2],
    ],
  )
})

test('S6.1: a record that is refused further on was not the first', async () => {
  const p = processor(
    'p',
    from(events)
      .pipe(
        distinct('seen', { version: 1, by: x => x.k, within: millis(1_000) }),
        filter(x => {
          if (x.v === 0) throw new Error('zero')
          return true
        }),
        map(x => ({ k: x.k, text: String(x.v) })),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 0), e('a', 1, 1), e('a', 2, 2))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['1'],
  )
  assert.deepEqual(driven.dropped(p), { seen: 1 })
})

test('what was seen outlives the process, and is forgotten in time, in batches of any size and wherever it dies', async () => {
  const input = Array.from({ length: 80 }, (_, i) => e('ab'[i % 2]!, i * 3, i % 5))
  const told: string[][] = []
  for (const [records, killAt] of [
    [1, 1_000],
    [7, 17],
    [1_000, 40],
  ] as const) {
    const lives = new Lives({ snapshotBytes: 200 })
    const p = once({ within: 40, records })
    await lives.begin(p)
    for (const [i, x] of input.entries()) {
      if (i === killAt) {
        lives.kill()
        await lives.begin(p)
      }
      await lives.push(events, x)
    }
    told.push((await lives.results(lines)).map(l => l.text))
    const [store] = lives.task(p).stores()
    assert.ok([...store!.entries].length < 25, 'what is forgotten leaves memory')
  }
  assert.ok(told[0]!.length > 10 && told[0]!.length < 60, `${told[0]!.length} passed`)
  assert.deepEqual(told[1], told[0])
  assert.deepEqual(told[2], told[0])
})

test('S5.7: another time is compatible with stored state, another version is not', () => {
  const lines1 = stateLines(planOfProcessor(once()))
  assert.deepEqual(incompatibilities(lines1, planOfProcessor(once({ within: 99 }))), [])
  assert.equal(incompatibilities(lines1, planOfProcessor(once({ version: 2 }))).length, 1)
})

test('the plan says how long', () => {
  assert.match(once({ within: 120_000 }).describe(), /distinct 'seen': within 2 min/)
})
