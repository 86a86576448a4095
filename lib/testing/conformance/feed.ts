// Proves every sentence of lib/ports/feed.ts on an adapter, and what makes a position of it mean something: the same input gives the same records at the same
// offsets, wherever reading begins and however it is cut.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { isMillraceError } from '../../model/errors.ts'
import { unpackHeaders } from '../../model/record-batch.ts'
import type { Feed, FeedReader } from '../../ports/feed.ts'

export interface OpenedFeed {
  /** At least five records can be read of it now; every test gets one of its own. */
  readonly feed: Feed
  /** The same input as another process would open it: all that is carried over is what `mark()` gave. */
  reopen(): Promise<Feed>
  /** Makes more records readable, for a feed without an end. */
  readonly more?: () => void
  dispose(): Promise<void>
}
export type OpenFeed = () => Promise<OpenedFeed>

interface Given {
  readonly offset: number
  readonly time: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string])[]
}
/** Where a fetch ended, and what the feed wanted stored there. */
interface Stop {
  readonly next: number
  readonly mark: string
}

/** A guard against a hang, not a claim about time. */
const PATIENCE = { timeout: 120_000 }
const latin = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('latin1'))

/**
 * Registers the suite with node:test under `name`. `open` is called once per test.
 * @param end whether the feed ends by itself
 */
export function feedConformance(name: string, end: 'bounded' | 'unbounded', open: OpenFeed): void {
  const feedTest = (sentence: string, body: (opened: OpenedFeed, t: TestContext) => Promise<void>): void => {
    test(sentence, PATIENCE, async t => {
      const opened = await open()
      try {
        await body(opened, t)
      } finally {
        await opened.dispose()
      }
    })
  }
  describe(`feed contract: ${name}`, () => {
    feedTest(
      'fetches join without gap or overlap, offsets ascend, and the records do not depend on how much a fetch takes',
      async ({ feed, reopen }) => {
        const all = await readAll(await feed.open(0, null), feed.name, 0, 1 << 30)
        assert.ok(all.length >= 5, 'the suite needs five records')
        for (const maxBytes of [1, 100, 1000])
          assert.deepEqual(await readAll(await (await reopen()).open(0, null), feed.name, 0, maxBytes), all)
      },
    )
    feedTest('a fetch gives at least one record while there is one, and not everything when it may take one byte', async ({ feed }) => {
      const reader = await feed.open(0, null)
      let fetches = 0
      for (let position = 0; ; fetches++) {
        const fetched = await fetchChecked(reader, feed.name, position, 1)
        if (fetched.caughtUp) break
        assert.ok(fetched.records.length > 0, `fetch ${fetches} was empty`)
        position = fetched.next
      }
      assert.ok(fetches >= 2)
      reader.close()
    })
    feedTest('after a kill at any fetch, position and mark of then give exactly the rest', async ({ feed, reopen }) => {
      const stops: Stop[] = []
      const all = await readAll(await feed.open(0, null), feed.name, 0, 1, async next => stops.push({ next, mark: await feed.mark() }))
      for (const { next, mark } of stops) {
        const again = await reopen()
        assert.deepEqual(await readAll(await again.open(next, mark), feed.name, next, 300), rest(all, next), `from ${next}`)
      }
    })
    feedTest(
      'a mark that is ahead of the position (fetched, not committed) gives exactly the rest too, at every offset',
      async ({ feed, reopen }) => {
        const all = await readAll(await feed.open(0, null), feed.name, 0, 1 << 30)
        const mark = await feed.mark()
        for (let from = 0; from <= all.at(-1)!.offset + 1; from++) {
          const again = await reopen()
          assert.deepEqual(await readAll(await again.open(from, mark), feed.name, from, 300), rest(all, from), `from ${from}`)
        }
      },
    )
    feedTest('kills one after the other, each after one fetch, lose and double nothing', async ({ feed, reopen }) => {
      const all = await readAll(await feed.open(0, null), feed.name, 0, 1 << 30)
      const got: Given[] = []
      let mark: string | null = null
      for (let position = 0; ; ) {
        const again = await reopen()
        const reader = await again.open(position, mark)
        const fetched = await fetchChecked(reader, feed.name, position, 1)
        got.push(...fetched.records)
        mark = await again.mark()
        reader.close()
        if (fetched.caughtUp) break
        position = fetched.next
      }
      assert.deepEqual(got, all)
    })
    feedTest('a seek, back or forward, gives what lies there', async ({ feed }) => {
      const reader = await feed.open(0, null)
      const all = await collect(reader, feed.name, 0, 1 << 30)
      for (const to of [...all.map(r => r.offset), ...all.map(r => r.offset).reverse()]) {
        reader.seek(to)
        const { records } = await fetchChecked(reader, feed.name, to, 1)
        assert.deepEqual(
          records[0],
          all.find(r => r.offset === to),
        )
      }
      reader.seek(0)
      assert.deepEqual(await collect(reader, feed.name, 0, 1 << 30), all)
      reader.close()
    })
    feedTest('arrived resolves at once when there is something, and when its signal was aborted', async ({ feed }) => {
      const reader = await feed.open(0, null)
      await reader.arrived(new AbortController().signal)
      await collect(reader, feed.name, 0, 1 << 30)
      await reader.arrived(AbortSignal.abort())
      reader.close()
    })
    feedTest('arrived waits while there is nothing, until its signal aborts or the reader closes', async ({ feed }) => {
      const reader = await feed.open(0, null)
      await collect(reader, feed.name, 0, 1 << 30)
      const stop = new AbortController()
      const waiting = reader.arrived(stop.signal)
      assert.equal(await stateOf(waiting), 'pending')
      stop.abort()
      await waiting
      const another = reader.arrived(new AbortController().signal)
      assert.equal(await stateOf(another), 'pending')
      reader.close()
      await another
    })
    feedTest('a position without what it was made of is refused: FILE_CHANGED for a mark that is not its own', async ({ feed }) => {
      for (const mark of ['', 'no json', '[]', 'null', '{}', '{"kind":"something else"}']) {
        await assert.rejects(feed.open(1, mark), error => isMillraceError(error) && error.code === 'FILE_CHANGED')
      }
    })
    if (end === 'bounded') boundedTests(feedTest)
    else unboundedTests(feedTest)
  })
}

type FeedTest = (sentence: string, body: (opened: OpenedFeed, t: TestContext) => Promise<void>) => void

function boundedTests(feedTest: FeedTest): void {
  feedTest('ended is false until the last record was fetched, then true, and a fetch behind it gives nothing', async ({ feed }) => {
    const reader = await feed.open(0, null)
    const last = (await collect(reader, feed.name, 0, 1 << 30)).at(-1)!
    reader.seek(0)
    for (let position = 0; !reader.ended; ) {
      assert.ok(position <= last.offset)
      const fetched = await fetchChecked(reader, feed.name, position, 1)
      assert.equal(fetched.caughtUp, reader.ended)
      if (fetched.records.at(-1)?.offset !== last.offset) assert.ok(!reader.ended)
      position = fetched.next
    }
    const { next } = await reader.fetch(1)
    assert.deepEqual(await reader.fetch(1 << 20), { from: next, next, batches: [], caughtUp: true })
    reader.close()
  })
  feedTest('opened where it ended, it is at its end at the first fetch', async ({ feed, reopen }) => {
    const reader = await feed.open(0, null)
    await collect(reader, feed.name, 0, 1 << 30)
    const { next } = await reader.fetch(1)
    const again = await (await reopen()).open(next, await feed.mark())
    assert.deepEqual(await again.fetch(1), { from: next, next, batches: [], caughtUp: true })
    assert.equal(again.ended, true)
    again.close()
  })
  feedTest('progress rises from 0 to 1', async ({ feed }) => {
    const reader = await feed.open(0, null)
    let before = feed.progress()
    assert.equal(before, 0)
    for (let position = 0; !reader.ended; ) {
      position = (await fetchChecked(reader, feed.name, position, 1)).next
      const now = feed.progress()
      assert.ok(now !== null && now >= before! && now <= 1, `${before} → ${now}`)
      before = now
    }
    assert.equal(feed.progress(), 1)
    reader.close()
  })
}

function unboundedTests(feedTest: FeedTest): void {
  feedTest('it never ends and has no progress', async ({ feed }) => {
    const reader = await feed.open(0, null)
    await collect(reader, feed.name, 0, 1 << 30)
    assert.equal(reader.ended, false)
    assert.equal(feed.progress(), null)
    reader.close()
  })
  feedTest('arrived resolves when there is more, and the next fetch gives it', async ({ feed, more }, t) => {
    if (more === undefined) return t.skip('nothing makes this feed give more')
    const reader = await feed.open(0, null)
    const position = (await collect(reader, feed.name, 0, 1 << 30)).at(-1)!.offset + 1
    const waiting = reader.arrived(new AbortController().signal)
    assert.equal(await stateOf(waiting), 'pending')
    more()
    await waiting
    assert.ok((await fetchChecked(reader, feed.name, position, 1)).records.length > 0)
    reader.close()
  })
}

const rest = (all: readonly Given[], from: number): Given[] => all.filter(r => r.offset >= from)

/** Whether a promise is settled after everything that is ready has run. */
async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'settled'> {
  let state: 'pending' | 'settled' = 'pending'
  const settled = (): void => void (state = 'settled')
  promise.then(settled, settled)
  for (let i = 0; i < 10; i++) await new Promise(resolve => setImmediate(resolve))
  return state
}

async function fetchChecked(reader: FeedReader, name: string, from: number, maxBytes: number) {
  const fetched = await reader.fetch(maxBytes)
  assert.equal(fetched.from, from, 'a fetch begins at the position')
  assert.ok(fetched.next >= from, 'a fetch never goes back')
  assert.ok(fetched.next > from || fetched.caughtUp, 'only a feed that is caught up stays where it is')
  const records: Given[] = []
  let last = from - 1
  for (const batch of fetched.batches) {
    assert.deepEqual([batch.topic, batch.partition], [name, 0])
    assert.ok(batch.count > 0, 'no batch is empty')
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offset(i)
      assert.ok(offset > last && offset < fetched.next, `offset ${offset} after ${last}, before ${fetched.next}`)
      last = offset
      const packed = batch.packedHeaders(i)
      const headers = packed === null ? [] : [...unpackHeaders(packed)].map(([n, v]) => [n, latin(v)!] as const)
      records.push({ offset, time: batch.time(i), key: latin(batch.key(i)), value: latin(batch.value(i)), headers })
    }
  }
  return { records, next: fetched.next, caughtUp: fetched.caughtUp }
}

/** Everything from `position` until the reader is caught up. */
async function collect(reader: FeedReader, name: string, position: number, maxBytes: number, stopped?: (next: number) => Promise<unknown>) {
  const records: Given[] = []
  for (;;) {
    const fetched = await fetchChecked(reader, name, position, maxBytes)
    records.push(...fetched.records)
    position = fetched.next
    await stopped?.(position)
    if (fetched.caughtUp) return records
  }
}

async function readAll(reader: FeedReader, name: string, from: number, maxBytes: number, stopped?: (next: number) => Promise<unknown>) {
  const records = await collect(reader, name, from, maxBytes, stopped)
  reader.close()
  return records
}
