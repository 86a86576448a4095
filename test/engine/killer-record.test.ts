// S6.5: a record that kills the process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { from, map, type Processor, processor, scan } from '#lib/index.ts'
import { cautionOf } from '#lib/engine/caution.ts'
import type { Attempt, Barrier } from '#lib/engine/ledger.ts'
import { copies, e, events, lines } from '../semantics/jobs.ts'
import { Lives } from './lives.ts'

const summed = (lives: Lives, verdict: 'dead-letter' | 'skip' | 'stop' = 'dead-letter', records = 1_000) =>
  processor(
    'fragile',
    from(events, { idle: 'never' })
      .pipe(
        map(x => {
          if (x.v === 666) {
            lives.kill()
            throw new Error('nobody hears this')
          }
          return x
        }),
        scan('s', {
          version: 1,
          ttl: null,
          initial: () => 0,
          next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: String(s + x.v) }] }),
        }),
      )
      .to(lines),
    { epoch: { records }, onFailure: { process: verdict } },
  )
/** Begins anew after every death. @returns how many processes there were */
async function untilRest(lives: Lives, p: Processor, most = 100): Promise<number> {
  for (let n = 1; n <= most; n++) if ((await lives.begin(p)) === 'rests') return n
  throw new Error(`${most} processes died`)
}
const texts = async (lives: Lives): Promise<string[]> => (await lives.results(lines)).map(l => l.text)

for (const [records, at] of [
  [1, 0],
  [2, 1],
  [100, 63],
  [100, 0],
  [100, 99],
] as const) {
  test(`S6.5: a killer at place ${at} of ${records} ends as one dead letter, everything else is computed once`, async () => {
    const lives = new Lives()
    const p = summed(lives)
    const input = Array.from({ length: records }, (_, i) => e('a', i, i === at ? 666 : 1))
    await lives.push(events, ...input)
    const processes = await untilRest(lives, p)
    assert.ok(processes <= 5 + Math.ceil(Math.log2(records)), `${processes} processes`)
    assert.deepEqual(
      (await lives.letters(p)).map(l => [l.code, l.offset]),
      [['RECORD_KILLS_PROCESS', at]],
    )
    assert.deepEqual(
      await texts(lives),
      Array.from({ length: records - 1 }, (_, i) => String(i + 1)),
    )
    const meta = (await lives.ledger(p)).findLast(r => r.kind === 'meta')!
    assert.ok(meta.kind === 'meta' && meta.meta.counts.records === records && meta.meta.counts.refused === 1)
    await lives.push(events, e('a', records + 1, 1))
    assert.equal((await texts(lives)).at(-1), String(records), 'it goes on as if nothing had been')
  })
}

test('S6.5: two killers end as two dead letters; between epochs of any size', async () => {
  for (const epoch of [3, 1_000]) {
    const lives = new Lives({ snapshotBytes: 100 })
    const p = summed(lives, 'dead-letter', epoch)
    await lives.push(events, ...Array.from({ length: 20 }, (_, i) => e('a', i, i === 4 || i === 5 ? 666 : 1)))
    await untilRest(lives, p)
    assert.deepEqual(
      (await lives.letters(p)).map(l => l.offset),
      [4, 5],
    )
    assert.deepEqual(
      await texts(lives),
      Array.from({ length: 18 }, (_, i) => String(i + 1)),
    )
  }
})

test('S6.5: with several inputs only the killer is refused', async () => {
  const lives = new Lives()
  const p = processor(
    'fragile',
    [events, copies].map(t =>
      from(t, { idle: 'never' })
        .pipe(
          map(x => {
            if (x.v === 666) lives.kill()
            return { k: x.k, text: String(x.v) }
          }),
        )
        .to(lines),
    ) as [never],
  )
  await lives.push(events, ...Array.from({ length: 9 }, (_, i) => e('a', i, i)))
  await lives.push(copies, ...Array.from({ length: 9 }, (_, i) => e('a', i, i === 6 ? 666 : 100 + i)))
  await untilRest(lives, p)
  assert.deepEqual(
    (await lives.letters(p)).map(l => l.offset),
    [6],
  )
  assert.equal((await texts(lives)).length, 17)
})

test("S6.5: the processor's verdict holds: 'skip' leaves no letter, 'stop' stops the task", async () => {
  const skipping = new Lives()
  const p = summed(skipping, 'skip')
  await skipping.push(events, e('a', 0), e('a', 1, 666), e('a', 2))
  await untilRest(skipping, p)
  assert.deepEqual(await skipping.letters(p), [])
  assert.deepEqual(await texts(skipping), ['1', '2'])
  const stopping = new Lives()
  await stopping.push(events, e('a', 0), e('a', 1, 666))
  await assert.rejects(untilRest(stopping, summed(stopping, 'stop')), { code: 'RECORD_KILLS_PROCESS' })
})

test('S6.5: processes that end while nothing is computed count for nothing, however many', async () => {
  const lives = new Lives()
  const p = summed(lives)
  for (let n = 0; n < 10; n++) {
    assert.equal(await lives.begin(p), 'rests')
    if (n % 2 === 0) lives.kill()
    else await lives.stop()
  }
  await lives.push(events, e('a', 0, 1))
  await lives.begin(p)
  assert.deepEqual(await texts(lives), ['1'])
  assert.deepEqual(await lives.letters(p), [])
})

test('S6.5: an attempt whose epoch cannot be committed counts for nothing, however often it is made', async () => {
  let left = 12
  const lives = new Lives({}, (point, detail) => point === 'log.append' && detail.startsWith(lines.to) && left-- > 0)
  const p = summed(lives)
  await lives.begin(p)
  lives.kill()
  await lives.push(events, e('a', 0, 1), e('a', 1, 2))
  await lives.begin(p)
  while (left > 0) await lives.pass(10_000)
  await lives.pass(20_000)
  assert.equal(lives.failures.length, 12)
  assert.equal(
    (await lives.ledger(p)).filter(r => r.kind === 'barrier' && r.barrier.why === 'attempt').length,
    13,
    'it was careful all the time',
  )
  assert.deepEqual(await texts(lives), ['1', '3'])
  assert.deepEqual(await lives.letters(p), [])
})

const start: Barrier = { why: 'start' }
const again: Barrier = { why: 'again' }
const attempt = (records: number, deaths: number): Barrier => ({
  why: 'attempt',
  attempt: { deaths, records, take: { events: [7, 7 + records] } },
})

test('S6.5: what the barriers since the last epoch say', () => {
  const kind = (...trail: Barrier[]): string => {
    const c = cautionOf(trail)
    return 'deaths' in c ? `${c.kind} ${c.deaths}` : c.kind
  }
  assert.equal(kind(start), 'none')
  assert.equal(kind(again), 'none')
  assert.equal(kind(start, again), 'none')
  assert.equal(kind(start, start), 'noted 0', 'somebody began and committed nothing')
  assert.equal(kind(start, start, attempt(8, 0), again), 'noted 0', 'it lives: it came through the attempt')
  assert.equal(kind(start, start, attempt(8, 0), start), 'noted 1')
  assert.equal(kind(start, start, attempt(8, 1), start), 'noted 2')
  assert.equal(kind(start, start, attempt(8, 2), start), 'halved 3')
  assert.equal(kind(start, attempt(8, 2), start, again), 'halved 3', 'an error after the death changes nothing')
  assert.equal(kind(start, attempt(8, 2), start, attempt(4, 3), again), 'halved 3')
  assert.equal(kind(attempt(4, 3), start), 'halved 4', 'also when an epoch was committed before the attempt')
  assert.equal(kind(attempt(1, 5), start), 'refused 6')
  const halved = cautionOf([attempt(5, 3), start]) as { most: number; within: Attempt['take'] }
  assert.equal(halved.most, 2)
  assert.deepEqual(cautionOf([attempt(1, 3), start]), { kind: 'refused', deaths: 4, input: 'events', offset: 7 })
})
