// E2: a task remembers more than it has in memory.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  count,
  flatMap,
  from,
  json,
  keyInPlace,
  map,
  millis,
  type Processor,
  processor,
  scan,
  stage,
  tee,
  topic,
  tumbling,
} from '#lib/index.ts'
import { SeededRandom } from '#lib/testing/simulation/random.ts'
import { copies, type E, e, events, lines, results } from '../semantics/jobs.ts'
import { Lives } from './lives.ts'

const SMALL = { residentEntries: 4, applyEntries: 5, applyEveryMs: 1, snapshotBytes: 2_000 }

const summed = () =>
  processor(
    'summed',
    from(events, { idle: 'never' })
      .pipe(
        scan('s', {
          version: 1,
          ttl: null,
          initial: () => ({ n: 0, sum: 0 }),
          next: (s, x) => {
            const next = { n: s.n + 1, sum: s.sum + x.v }
            return { state: x.v === 0 ? null : next, emit: [{ k: x.k, text: `${x.k}:${next.n}:${next.sum}` }] }
          },
        }),
      )
      .to(lines),
    { epoch: { records: 7 } },
  )
function expected(input: readonly E[]): string[] {
  const state = new Map<string, { n: number; sum: number }>()
  return input.map(x => {
    const s = state.get(x.k) ?? { n: 0, sum: 0 }
    const next = { n: s.n + 1, sum: s.sum + x.v }
    if (x.v === 0) state.delete(x.k)
    else state.set(x.k, next)
    return `${x.k}:${next.n}:${next.sum}`
  })
}
const drawn = (random: SeededRandom, n: number): E[] =>
  Array.from({ length: n }, (_, i) => e(`key-${random.below(30)}`, i, random.below(6) === 0 ? 0 : random.below(9)))
const evicted = (lives: Lives, p: Processor): number => lives.task(p).session.pipeline.bounded[0]!.store.evicted

/** Counts the calls of the engine. */
function counting(): { readonly calls: Map<string, number>; readonly lost: (point: string) => boolean } {
  const calls = new Map<string, number>()
  return { calls, lost: point => (calls.set(point, (calls.get(point) ?? 0) + 1), false) }
}

test('E2: results are the same however little is in memory, through deletions, snapshots and deaths', async () => {
  for (const seed of [1, 2, 3, 4]) {
    const random = new SeededRandom(seed)
    const { calls, lost } = counting()
    const lives = new Lives(SMALL, lost)
    const p = summed()
    const input = drawn(random, 300)
    await lives.begin(p)
    let most = 0
    for (let i = 0; i < input.length; ) {
      const n = random.between(1, 12)
      await lives.push(events, ...input.slice(i, i + n))
      i += n
      await lives.pass(random.below(4))
      most = Math.max(most, evicted(lives, p))
      if (random.below(8) === 0) {
        lives.kill()
        await lives.begin(p)
      }
    }
    assert.deepEqual(
      (await lives.results(lines)).map(l => l.text),
      expected(input),
    )
    assert.ok(most > 5, `at most ${most} entries had left memory`)
    assert.ok((calls.get('cache.read') ?? 0) > 20 && (calls.get('cache.scan') ?? 0) > 2)
    assert.ok((await lives.ledger(p)).some(r => r.kind === 'snapshot'))
    assert.deepEqual(lives.failures, [])
  }
})

test('E2: under its bound a task asks the cache for nothing', async () => {
  const { calls, lost } = counting()
  const lives = new Lives({ ...SMALL, residentEntries: 1_000 }, lost)
  const p = summed()
  await lives.begin(p)
  const input = drawn(new SeededRandom(1), 100)
  for (const x of input) await lives.push(events, x)
  assert.equal(calls.get('cache.read'), undefined)
  assert.equal(evicted(lives, p), 0)
})

test('E2: what is read back for a batch is read by one call per so many keys', async () => {
  const { calls, lost } = counting()
  const lives = new Lives({ ...SMALL, applyEntries: 1_000 }, lost)
  const p = processor('summed', summedOutput(), { epoch: { records: 1_000 } })
  await lives.begin(p)
  const input = Array.from({ length: 50 }, (_, i) => e(`key-${i}`, i, 1))
  await lives.push(events, ...input)
  await lives.pass(5)
  await lives.push(events, e('other', 51, 1))
  assert.ok(evicted(lives, p) > 40)
  calls.clear()
  await lives.push(events, ...input)
  assert.equal(calls.get('cache.read'), 1)
})
const summedOutput = () =>
  from(events, { idle: 'never' })
    .pipe(
      scan('s', {
        version: 1,
        ttl: null,
        initial: () => 0,
        next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: String(s + x.v) }] }),
      }),
    )
    .to(lines)

test('E2: keys that are numbers are read ahead as well, once one of them was missed', async () => {
  const { calls, lost } = counting()
  const lives = new Lives({ ...SMALL, applyEntries: 1_000 }, lost)
  const numbered = topic('numbered', { key: 'n', time: 'record-timestamp', value: json(v => v as { n: number }) })
  const p = processor(
    'numbered',
    from(numbered, { idle: 'never' })
      .pipe(
        scan('s', {
          version: 1,
          ttl: null,
          initial: () => 0,
          next: (s, x) => ({ state: s + 1, emit: [{ k: String(x.n), text: String(s + 1) }] }),
        }),
      )
      .to(lines),
  )
  await lives.begin(p)
  const input = Array.from({ length: 40 }, (_, n) => ({ n }))
  await lives.push(numbered, ...input)
  await lives.pass(5)
  await lives.push(numbered, { n: 99 })
  assert.ok(evicted(lives, p) > 30)
  calls.clear()
  await lives.push(numbered, ...input)
  assert.equal((await lives.results(lines)).filter(l => l.text === '2').length, 40)
  assert.ok(calls.get('cache.read')! <= 3, `${calls.get('cache.read')} calls`)
})

test('E2: keys that a stage computes are found when they are missed; the record is computed again as if it had not been', async () => {
  const seen: string[] = []
  const flow = from(events, { idle: 'never' })
  const make = () =>
    processor('computed', [
      flow
        .pipe(
          tumbling('w', { size: millis(10_000), grace: millis(0), late: 'count-and-drop' }),
          aggregate({ n: count() }, { emit: 'on-close' }),
          map(w => ({ k: w.key, start: w.start, end: w.end, n: w.value.n, total: 0, cause: w.cause, revision: 1, final: true })),
        )
        .to(results),
      flow
        .pipe(
          tee(copies),
          flatMap(x => [
            { ...x, k: `${x.k}-1` },
            { ...x, k: `${x.k}-2` },
          ]),
          keyInPlace(x => x.k),
          scan('s', {
            version: 1,
            ttl: null,
            initial: () => 0,
            next: (s, x) => {
              seen.push(x.k)
              return { state: s + 1, emit: [{ k: x.k, text: `${x.k}:${s + 1}` }] }
            },
          }),
        )
        .to(lines),
    ])
  const p = make()
  const lives = new Lives(SMALL)
  await lives.begin(p)
  const input = Array.from({ length: 120 }, (_, i) => e(`key-${(i * 7) % 20}`, i))
  for (let i = 0; i < input.length; i += 5) {
    await lives.push(events, ...input.slice(i, i + 5))
    await lives.pass(3)
  }
  assert.ok(evicted(lives, p) > 20)
  const times = new Map<string, number>()
  const want = input.flatMap(x => [`${x.k}-1`, `${x.k}-2`]).map(k => (times.set(k, (times.get(k) ?? 0) + 1), `${k}:${times.get(k)}`))
  assert.deepEqual(
    (await lives.results(lines)).map(l => l.text),
    want,
  )
  assert.equal((await lives.results(copies)).length, input.length, 'what was sent before the miss was taken back')
  assert.ok(seen.length > want.length, 'some records were computed twice')
  await lives.push(events, e('key-0', 30_000))
  assert.equal(
    (await lives.results(results)).filter(r => r.start >= 0).reduce((n, r) => n + r.n, 0),
    input.length,
    'windows counted every record once',
  )
  const meta = (await lives.ledger(p)).findLast(r => r.kind === 'meta')!
  assert.ok(meta.kind === 'meta' && meta.meta.counts.records === input.length + 1)
})

test('E2: a cache that carries another stamp than this owner closes the task; it opens again and goes on', async () => {
  const lives = new Lives(SMALL)
  const p = summed()
  await lives.begin(p)
  const input = drawn(new SeededRandom(9), 120)
  await lives.push(events, ...input.slice(0, 80))
  await lives.pass(5)
  await lives.push(events, ...input.slice(80, 90))
  assert.ok(evicted(lives, p) > 5)
  lives.world.cache.lose(`lives.${p.id}.0`)
  await lives.push(events, ...input.slice(90))
  await lives.pass(2_000)
  assert.deepEqual(
    lives.failures.map(f => f.code),
    ['CACHE_MISMATCH'],
  )
  assert.deepEqual(
    (await lives.results(lines)).map(l => l.text),
    expected(input),
  )
})

test('a task opens with no more in memory than its bound, and counts what it remembers', async () => {
  const lives = new Lives({ ...SMALL, snapshotBytes: 1_000_000 })
  const p = summed()
  await lives.begin(p)
  await lives.push(events, ...Array.from({ length: 200 }, (_, i) => e(`key-${i}`, i, 1)))
  lives.kill()
  await lives.begin(p)
  const { store } = lives.task(p).session.pipeline.bounded[0]!
  assert.ok(store.resident <= 4, `${store.resident} entries in memory`)
  assert.equal(store.size, 200)
  await lives.push(events, ...Array.from({ length: 200 }, (_, i) => e(`key-${i}`, 200 + i, 1)))
  assert.ok((await lives.results(lines)).slice(200).every(l => l.text.endsWith(':2:2')))
})

test('S5.2: what has outlived its time in the cache alone is removed after the next snapshot', async () => {
  const lives = new Lives({ ...SMALL, snapshotBytes: 600 })
  const p = processor(
    'forgetful',
    from(events, { idle: 'never' })
      .pipe(
        scan('s', {
          version: 1,
          ttl: millis(1_000),
          initial: () => 0,
          next: (s, x) => ({ state: s + 1, emit: [{ k: x.k, text: String(s + 1) }] }),
        }),
      )
      .to(lines),
  )
  await lives.begin(p)
  for (let i = 0; i < 400; i++) {
    await lives.push(events, e(`key-${i}`, i * 20))
    if (i % 10 === 0) await lives.pass(2)
  }
  const { size } = lives.task(p).session.pipeline.stores[0]!
  assert.ok(size < 150, `${size} entries are remembered, 50 are alive`)
})

test('what only time moves stays in memory as a whole: what is behind a window, and what has timers', async () => {
  const lives = new Lives(SMALL)
  const behind = from(events, { idle: 'never' }).pipe(
    tumbling('w', { size: millis(10), grace: millis(0), late: 'count-and-drop' }),
    aggregate({ n: count() }, { emit: 'on-close' }),
    scan('behind', {
      version: 1,
      ttl: null,
      initial: () => 0,
      next: (s, w) => ({ state: s + w.value.n, emit: [{ k: w.key, text: String(s + w.value.n) }] }),
    }),
  )
  const timed = from(copies, { idle: 'never' }).pipe(
    scan('timed', {
      version: 1,
      ttl: null,
      initial: () => 0,
      next: (s, x) => ({ state: s + 1, timers: [{ name: 't', at: x.at + 5, clock: 'event' as const }] }),
      onTimer: (s, timer) => ({ state: s, emit: [{ k: timer.name, text: String(s) }] }),
    }),
  )
  const p = processor('timed', [behind.to(lines), timed.to(lines)])
  await lives.push(copies, e('a', 0))
  await lives.begin(p)
  assert.deepEqual(lives.task(p).session.pipeline.bounded, [])
  for (let i = 0; i < 60; i++) await lives.push(events, e(`key-${i % 20}`, i * 10))
  assert.equal((await lives.results(lines)).length, 59)
})

test('people see everything that a task remembers, in memory or not', async () => {
  const lives = new Lives(SMALL)
  const p = summed()
  await lives.begin(p)
  await lives.push(events, ...Array.from({ length: 40 }, (_, i) => e(`key-${i}`, i, 1)))
  await lives.pass(5)
  await lives.push(events, e('key-0', 41, 1))
  const task = lives.task(p)
  assert.ok(evicted(lives, p) > 20)
  const everything = async (key?: string): Promise<string[]> => {
    const found = task.stores(key).flatMap(s => [...s.entries])
    for (const { entries } of task.evicted(key)) for await (const entry of entries) found.push(entry)
    return found.map(f => `${f.key}:${(f.value as { n: number }).n}`).sort()
  }
  assert.deepEqual(await everything(), Array.from({ length: 40 }, (_, i) => `key-${i}:${i === 0 ? 2 : 1}`).sort())
  assert.deepEqual(await everything('key-1'), ['key-1:1'])
  assert.deepEqual(await everything('nobody'), [])
})

test("E2: a stage of an author's own that catches what the memory threw is computed again all the same", async () => {
  const lives = new Lives(SMALL)
  const p = processor(
    'catching',
    from(events, { idle: 'never' })
      .pipe(
        keyInPlace(x => `${x.k}!`),
        stage<E, string, { k: string; text: string }, number>({
          step: 'catching',
          name: 's',
          version: 1,
          ttl: null,
          open:
            ({ emit, state }) =>
            (_value, { key }) => {
              let n = 0
              try {
                n = state.get() ?? 0
                state.set(n + 1)
              } catch {
                n = -1
              }
              emit({ k: key, text: String(n + 1) })
            },
        }),
      )
      .to(lines),
  )
  await lives.begin(p)
  for (let i = 0; i < 60; i++) {
    await lives.push(events, e(`key-${i % 20}`, i))
    await lives.pass(2)
  }
  assert.ok(evicted(lives, p) > 10)
  assert.deepEqual(
    (await lives.results(lines)).map(l => l.text),
    Array.from({ length: 60 }, (_, i) => String(Math.floor(i / 20) + 1)),
  )
})
