// The driver's process dies and begins anew, and goes to other numbers of partitions: nothing of it may be seen in what comes out.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  aggregate,
  count,
  feed,
  from,
  insertOnly,
  isMillraceError,
  json,
  keyBy,
  map,
  millis,
  processor,
  scan,
  seconds,
  sum,
  table,
  tap,
  text,
  topic,
  tumbling,
} from '#lib/index.ts'
import { type DriveOptions, type Driven, drive } from '#lib/testing/driver.ts'

interface Sale {
  readonly shop: string
  readonly item: string
  readonly at: number
  readonly n: number
}
const plain = <T>() => json<T>(value => value as T)
const sale = plain<Sale>()
const sales = topic('sales', { value: sale, key: 'shop', time: 'at' })
const byItem = topic('by-item', { value: sale, key: 'item', time: 'at' })
const late = topic('late', { value: sale, key: 'shop', time: 'at' })
const shops = topic('shops', { value: plain<{ shop: string; until: number; n: number }>(), key: 'shop', time: 'until' })
const items = topic('items', { value: plain<{ item: string; until: number; n: number; sales: number }>(), key: 'item', time: 'until' })
const running = topic('running', { value: plain<{ shop: string; n: number }>(), key: 'shop', time: 'record-timestamp' })
const logged = table('logged', { columns: { shop: text, until: text }, key: ['shop', 'until'] })
const lines = feed('lines', { value: sale, key: 'shop', time: 'at' })

const START = Date.UTC(2026, 0, 1)
const sold = (shop: string, at: number, n = 1, item = `item of ${shop}`): Sale => ({ shop, item, at: START + at, n })
const refuse = (s: Sale): Sale => {
  if (s.n < 0) throw new Error('sold less than nothing')
  return s
}
const totals = { n: sum((s: Sale) => s.n), sales: count() }

const source = from(sales)
const shopping = processor('shopping', [
  source
    .pipe(
      tumbling('per-shop', { size: seconds(1), grace: millis(500), late }),
      aggregate(totals, { emit: 'on-close' }),
      map(w => ({ shop: w.key, until: w.end, n: w.value.n })),
    )
    .to(shops),
  source
    .pipe(
      map(refuse),
      keyBy(s => s.item, { via: byItem }),
      tumbling('per-item', { size: seconds(1), grace: seconds(1), late: 'count-and-drop' }),
      aggregate(totals, { emit: 'on-close' }),
      map(w => ({ item: w.key, until: w.end, ...w.value })),
    )
    .to(items),
  source
    .pipe(
      map(refuse),
      scan('running', {
        version: 1,
        ttl: null,
        initial: () => 0,
        next: (n, s: Sale) => ({ state: n + s.n, emit: [{ shop: s.shop, n: n + s.n }] }),
      }),
    )
    .to(running),
])
const logging = processor(
  'logging',
  from(shops).to(insertOnly(logged, s => ({ shop: s.shop, until: String(s.until - START) }), { duplicate: 'stop' })),
)
const JOB = [shopping, logging]

const INPUT = [
  sold('a', 0),
  sold('b', 300, 2),
  sold('a', 900, 3, 'shared'),
  sold('b', 1_200, 4, 'shared'),
  sold('b', 1_300, -1),
  sold('a', 2_600),
  sold('a', 100, 9), // late
  sold('b', 2_700, 5, 'shared'),
  sold('c', 2_800),
]

/** All that may be told apart afterwards. */
async function outcome(driven: Driven) {
  const seen = {
    shops: await driven.results(shops),
    items: await driven.results(items),
    running: await driven.results(running),
    late: (await driven.records(late)).map(r => [r.value, r.headers['millrace-late-window'], r.headers['millrace-late-by-ms']]),
    told: driven.late.map(l => [l.window, l.key, l.time, l.lateByMs]),
    rows: driven.rows(logged),
    letters: (await driven.deadLetters(shopping)).map(l => [l.code, l.value]),
  }
  await driven.stop()
  return seen
}
async function whole(options: DriveOptions = {}) {
  const driven = await drive(JOB, options)
  await driven.push(sales, ...INPUT)
  await driven.drain()
  return outcome(driven)
}

describe('what an act made the engine emit', () => {
  test('push, advance and drain give what came out since the act before, typed by topic and table, and as one list', async () => {
    const driven = await drive(JOB)
    const first = await driven.push(sales, ...INPUT.slice(0, 5))
    assert.deepEqual([first.of(shops), first.of(items), first.of(logged)], [[], [], []])
    assert.deepEqual(first.of(running), [
      { shop: 'a', n: 1 },
      { shop: 'b', n: 2 },
      { shop: 'a', n: 4 },
      { shop: 'b', n: 6 },
    ])
    assert.deepEqual(
      first.deadLetters.map(l => [l.processor, l.code, l.stage, l.topic, l.partition, l.offset, l.key, JSON.parse(l.value!).n]),
      // Both outputs refuse the record, and it is refused once.
      [['shopping', 'USER_FUNCTION_FAILED', 'map', 'sales', 0, 4, 'b', -1]],
    )
    const second = await driven.push(sales, ...INPUT.slice(5))
    assert.deepEqual(second.of(shops), [
      { shop: 'a', until: START + 1_000, n: 4 },
      { shop: 'b', until: START + 1_000, n: 2 },
      { shop: 'b', until: START + 2_000, n: 4 },
    ])
    assert.deepEqual(second.of(logged), [
      { shop: 'a', until: '1000' },
      { shop: 'b', until: '1000' },
      { shop: 'b', until: '2000' },
    ])
    const missed = [{ start: START, end: START + 1_000 }]
    assert.deepEqual(
      second.late.map(l => [l.processor, l.window, l.windows, l.missed, l.lateByMs, l.topic, l.key, l.time - START]),
      [
        ['shopping', 'per-shop', 1, missed, 1_100, 'sales', 'a', 100],
        ['shopping', 'per-item', 1, missed, 600, 'by-item', 'item of a', 100],
      ],
    )
    const result = second.results.find(r => r.topic === 'shops')
    assert.deepEqual(result, {
      topic: 'shops',
      ...{ partition: 0, offset: 0, key: 'a', time: START + 1_000, headers: {} },
      value: { shop: 'a', until: START + 1_000, n: 4 },
    })
    assert.deepEqual([...new Set(second.results.map(r => r.topic))], ['late', 'shops', 'items', 'running'])
    assert.equal(second.records(late)[0]!.headers['millrace-late-by-ms'], '1100')
    assert.equal(second.of(byItem).length, 4, 'also what a processor writes for itself can be asked for')
    const idle = await driven.advance(seconds(60))
    assert.deepEqual(
      idle.of(shops).map(s => s.shop),
      ['a', 'b', 'c'],
    )
    const drained = await driven.drain()
    assert.deepEqual([drained.results, drained.late, drained.deadLetters, drained.of(logged)], [[], [], [], []])
    assert.throws(
      () => drained.of(sales),
      (error: unknown) => isMillraceError(error) && error.code === 'OPTION_INVALID',
    )
    await driven.stop()
  })
  test('what is done after a drain is done by tasks that run as before', async () => {
    const driven = await drive(shopping)
    await driven.push(sales, sold('a', 0))
    assert.equal((await driven.drain()).of(shops).length, 1)
    assert.equal((await driven.push(sales, sold('a', 5_000))).of(shops).length, 0, 'its window is open until something closes it')
    assert.equal((await driven.drain()).of(shops).length, 1)
    await driven.stop()
  })
  test('a value that the topic cannot hold is refused by push, and nothing of that push is written', async () => {
    const driven = await drive(shopping)
    await assert.rejects(
      driven.push(sales, sold('a', 0), { ...sold('a', 0), shop: null as unknown as string }),
      (error: unknown) => isMillraceError(error) && error.code === 'KEY_MISSING',
    )
    assert.deepEqual((await driven.push(sales, sold('a', 1))).of(running), [{ shop: 'a', n: 1 }])
    await driven.stop()
  })
})

describe('crash()', () => {
  test('after any record, with the cache kept or lost, everything comes out once and as if nothing had happened', async () => {
    const expected = await whole()
    assert.ok(expected.late.length === 1 && expected.told.length === 2 && expected.letters.length === 1)
    for (const cache of ['kept', 'lost'] as const) {
      const driven = await drive(JOB)
      for (const s of INPUT) {
        await driven.push(sales, s)
        await driven.crash({ cache })
      }
      await driven.drain()
      assert.deepEqual(await outcome(driven), expected, cache)
    }
  })
  test('at any call of a server, whether the call still arrives or not', async () => {
    const expected = await whole()
    const counted = await drive(JOB)
    const opening = counted.calls
    await counted.push(sales, ...INPUT)
    await counted.drain()
    const { calls } = counted
    await counted.stop()
    assert.ok(calls > opening + 10)
    for (let call = 1; call <= calls - opening; call++) {
      const driven = await drive(JOB)
      driven.crashAtCall(call)
      await driven.push(sales, ...INPUT)
      await driven.drain()
      assert.deepEqual(await outcome(driven), expected, `call ${call} of ${calls - opening}`)
    }
  })
  test('while the process is opening, again and again', async () => {
    const driven = await drive(JOB)
    await driven.push(sales, ...INPUT)
    const before = driven.calls
    for (let call = 1; call < before; call += 3) {
      const crashed = driven.crash()
      driven.crashAtCall(call)
      await crashed
    }
    await driven.drain()
    assert.deepEqual(await outcome(driven), await whole())
  })
  test('in the middle of a function: the rest of the turn has no effect, the next process computes it again', async () => {
    const seen: string[] = []
    let driven: Driven | null = null
    const dying = processor(
      'dying',
      from(sales)
        .pipe(
          tap(s => {
            seen.push(s.shop)
            if (s.shop === 'b' && seen.length < 3) void driven!.crash()
          }),
          map(s => ({ shop: s.shop, n: s.n })),
        )
        .to(running),
    )
    driven = await drive(dying)
    const came = await driven.push(sales, sold('a', 0), sold('b', 0), sold('c', 0))
    assert.deepEqual(seen, ['a', 'b', 'c', 'a', 'b', 'c'])
    assert.deepEqual(
      came.of(running).map(r => r.shop),
      ['a', 'b', 'c'],
    )
    assert.equal((await driven.results(running)).length, 3)
    await driven.stop()
  })
  test('what was pushed and not awaited is taken by the new process', async () => {
    const driven = await drive(shopping)
    const pushed = driven.push(sales, ...INPUT)
    const crashed = driven.crash()
    assert.equal((await pushed).of(running).length, 8)
    assert.deepEqual((await crashed).results, [])
    await driven.stop()
  })
  test('a feed goes on where its position was committed', async () => {
    const reading = processor('reading', from(lines).to(sales))
    const driven = await drive(reading, { startAt: START, feeds: { lines: [JSON.stringify(INPUT[0])] } })
    for (const s of INPUT.slice(1)) {
      driven.crashAtCall(2)
      await driven.feed('lines', JSON.stringify(s))
    }
    await driven.drain()
    assert.deepEqual(await driven.results(sales), INPUT)
    await driven.stop()
    await assert.rejects(driven.feed('other', '{}'), (error: unknown) => isMillraceError(error) && error.code === 'OPTION_INVALID')
  })
  test('a number of calls that is none is a mistake', async () => {
    const driven = await drive(shopping)
    for (const calls of [0, -1, 1.5, NaN])
      assert.throws(
        () => driven.crashAtCall(calls),
        (error: unknown) => isMillraceError(error) && error.code === 'OPTION_INVALID',
      )
    await driven.stop()
  })
})

describe('repartition()', () => {
  test('everything that was done is done again on other partitions: what does not hang on the order between keys is the same', async () => {
    const driven = await drive(JOB, { partitions: 1 })
    const inTime = INPUT.filter(s => s.n !== 9) // lateness hangs on it: stream time is that of a partition
    await driven.push(sales, ...inTime.slice(0, 3))
    await driven.crash()
    await driven.push(sales, ...inTime.slice(3))
    await driven.drain()
    const sorted = (values: readonly object[]): string[] => values.map(v => JSON.stringify(v)).toSorted()
    const [before, rows] = [sorted(await driven.results(items)), sorted(driven.rows(logged))]
    for (const partitions of [3, 8]) {
      const all = await driven.repartition(partitions)
      assert.deepEqual(sorted(all.of(items)), before)
      assert.deepEqual(sorted(all.of(logged)), rows)
      assert.equal(new Set(all.records(running).map(r => r.partition)).size > 1, true)
    }
    await driven.stop()
  })
  test('what was refused is not done again, and the wall clock begins where it began', async () => {
    const driven = await drive(shopping, { startAt: START })
    await assert.rejects(driven.push(sales, { ...sold('a', 0), shop: null as unknown as string }))
    await driven.push(sales, sold('a', 0))
    await driven.advance(seconds(40))
    const closed = (await driven.repartition(2)).of(shops)
    assert.deepEqual(closed, [{ shop: 'a', until: START + 1_000, n: 1 }])
    await driven.stop()
  })
  test('state is why: an existing ledger refuses another number of tasks', async () => {
    const wider = topic('sales', { value: sale, key: 'shop', time: 'at', partitions: 2 })
    const driven = await drive(processor('first', from(sales).to(late)))
    await assert.rejects(driven.push(wider, sold('a', 0)), (error: unknown) => isMillraceError(error) && error.code === 'TOPIC_DIFFERS')
    await driven.stop()
  })
})
