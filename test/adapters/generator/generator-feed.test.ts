import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type GeneratorFeedOptions, openGeneratorFeed, type Series } from '#lib/adapters/generator/generator-feed.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import type { FeedReader } from '#lib/ports/feed.ts'
import { feedConformance } from '#lib/testing/conformance/feed.ts'
import { setClock } from './set-clock.ts'

const START = 1_700_000_000_000
/** One event every 100 ms, that says where it stands. */
const events =
  ({ first, startAt }: Series) =>
  (n: number) => ({
    at: startAt + (n - first) * 100,
    value: n % 2 === 0 ? `event ${n} of ${first}` : Buffer.from(`event ${n} of ${first}`),
  })
const options = (more: Partial<GeneratorFeedOptions> = {}): GeneratorFeedOptions => ({
  name: 'made',
  clock: setClock(START + 2_000),
  startAt: START,
  settings: 'a',
  events,
  ...more,
})

feedConformance('generator without end', 'unbounded', async () => {
  const clock = setClock(START + 1_000)
  const open = () => openGeneratorFeed(options({ clock }))
  return { feed: open(), reopen: async () => open(), more: () => clock.pass(100), dispose: async () => {} }
})
feedConformance('generator of 25 events', 'bounded', async () => {
  const clock = setClock(START + 1e9)
  const open = () => openGeneratorFeed(options({ clock, until: 25 }))
  return { feed: open(), reopen: async () => open(), dispose: async () => {} }
})

async function read(reader: FeedReader, maxBytes = 1 << 20): Promise<{ offsets: number[]; values: string[]; times: number[] }> {
  const all = { offsets: [] as number[], values: [] as string[], times: [] as number[] }
  for (;;) {
    const fetched = await reader.fetch(maxBytes)
    for (const batch of fetched.batches) {
      for (let i = 0; i < batch.count; i++) {
        all.offsets.push(batch.offset(i))
        all.times.push(batch.time(i))
        all.values.push(batch.value(i)!.toString())
      }
    }
    if (fetched.caughtUp) return all
  }
}

describe('generator feed', () => {
  test('gives all events up to now at once, their time as timestamp, none of the future', async () => {
    const reader = await openGeneratorFeed(options()).open(0, null)
    const { offsets, times } = await read(reader)
    assert.deepEqual(
      offsets,
      Array.from({ length: 21 }, (_, i) => i),
    )
    assert.deepEqual(
      times,
      offsets.map(n => START + n * 100),
    )
    assert.equal((await reader.fetch(1)).caughtUp, true)
  })
  test('a second start goes on in the series of the first, whatever startAt would be now', async () => {
    const clock = setClock(START + 2_000)
    const feed = openGeneratorFeed(options({ clock }))
    await read(await feed.open(0, null))
    const mark = await feed.mark()
    clock.pass(60_000)
    const again = openGeneratorFeed(options({ clock, startAt: clock.now() - 7_000 }))
    const { offsets, times } = await read(await again.open(21, mark))
    assert.deepEqual([offsets[0], times[0], offsets.at(-1), times.at(-1)], [21, START + 2_100, 620, START + 62_000])
  })
  test('a start before anything was committed may begin elsewhere', async () => {
    const { times } = await read(await openGeneratorFeed(options({ startAt: START + 500 })).open(0, null))
    assert.equal(times[0], START + 500)
  })
  test('with other settings a new series begins at the position, now; its mark leads on in it', async () => {
    const clock = setClock(START + 2_000)
    const feed = openGeneratorFeed(options({ clock }))
    await read(await feed.open(0, null))
    const mark = await feed.mark()
    clock.pass(5_000)
    const other = openGeneratorFeed(options({ clock, settings: 'b' }))
    const reader = await other.open(21, mark)
    const { values, times } = await read(reader)
    assert.deepEqual([values, times], [['event 21 of 21'], [START + 7_000]])
    clock.pass(150)
    const third = openGeneratorFeed(options({ clock, settings: 'b', startAt: 0 }))
    const next = await read(await third.open(22, await other.mark()))
    assert.deepEqual([next.values, next.times], [['event 22 of 21'], [START + 7_100]])
    assert.throws(
      () => reader.seek(20),
      e => isMillraceError(e) && e.code === 'OFFSET_OUT_OF_RANGE',
    )
    await assert.rejects(third.open(20, await other.mark()), e => isMillraceError(e) && e.code === 'OFFSET_OUT_OF_RANGE')
  })
  test('what is left behind longer than catchUpAtMost is left out, with the next number for the next event', async () => {
    const clock = setClock(START + 2_000)
    const made = (): GeneratorFeedOptions => options({ clock, catchUpAtMost: 1_000 })
    const feed = openGeneratorFeed(made())
    assert.equal((await read(await feed.open(0, null))).offsets.length, 21, 'the first start gives what startAt asks for')
    const mark = await feed.mark()
    clock.pass(1_000)
    assert.deepEqual((await read(await openGeneratorFeed(made()).open(21, mark))).times[0], START + 2_100, 'short absence: all of it')
    clock.pass(1e9)
    const late = openGeneratorFeed(made())
    const { offsets, times } = await read(await late.open(21, mark))
    assert.deepEqual([offsets[0], offsets.length, times[0]], [21, 11, clock.now() - 1_000])
  })
  test('a clock that jumps back gives nothing twice and waits', async () => {
    const clock = setClock(START + 2_000)
    const reader = await openGeneratorFeed(options({ clock })).open(0, null)
    await read(reader)
    clock.pass(-1_000)
    assert.deepEqual(await reader.fetch(1), { from: 21, next: 21, batches: [], caughtUp: true })
    clock.pass(1_100)
    assert.deepEqual((await read(reader)).offsets, [21])
  })
  test('arrived looks at the clock again when a long wait may have been overtaken', { timeout: 60_000 }, async () => {
    const clock = setClock(START - 3_600_000)
    const reader = await openGeneratorFeed(options({ clock })).open(0, null)
    const arrived = reader.arrived(new AbortController().signal)
    for (let i = 0; i < 70; i++) {
      clock.pass(60_000)
      await clock.breathe()
    }
    await arrived
    assert.equal((await read(reader)).offsets[0], 0)
  })
  test('options that mean nothing are OPTION_INVALID', () => {
    for (const bad of [{ startAt: -1 }, { startAt: 1.5 }, { until: NaN }, { catchUpAtMost: -1 }])
      assert.throws(
        () => openGeneratorFeed(options(bad)),
        e => isMillraceError(e) && e.code === 'OPTION_INVALID',
      )
  })
})
