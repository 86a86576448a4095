// The rules of semantics, each by a small job run on the real engine; the numbers are those of the rules.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { map as rxMap, take } from 'rxjs'
import {
  aggregate,
  count,
  days,
  filter,
  flatMap,
  from,
  isMillraceError,
  json,
  keyBy,
  keyInPlace,
  map,
  millis,
  minutes,
  processor,
  rx,
  scan,
  seconds,
  stampWith,
  sum,
  tap,
  tee,
  topic,
  tumbling,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'

interface E {
  readonly k: string
  readonly at: number
  readonly v: number
}
const plain = <T>() => json<T>(value => value as T)
const codec = plain<E>()
const events = topic('events', { key: 'k', time: 'at', value: codec })
const copies = topic('copies', { key: 'k', time: 'at', value: codec })
const lateEvents = topic('late-events', { key: 'k', time: 'at', value: codec })
const results = topic('results', {
  key: 'k',
  time: 'start',
  value: plain<{ k: string; start: number; end: number; n: number; total: number; cause: string; revision: number; final: boolean }>(),
})
const lines = topic('lines', { key: 'k', time: 'record-timestamp', value: plain<{ k: string; text: string }>() })

const e = (k: string, at: number, v = 1): E => ({ k, at: BEGINNING + at, v })
const window = { size: millis(10), grace: millis(5) }
const folds = { n: count(), total: sum((x: E) => x.v) }
const result = (w: {
  key: string
  start: number
  end: number
  cause: string
  revision: number
  final: boolean
  value: { n: number; total: number }
}) => ({
  k: w.key,
  start: w.start - BEGINNING,
  end: w.end - BEGINNING,
  cause: w.cause,
  revision: w.revision,
  final: w.final,
  ...w.value,
})
const counted = (late: 'count-and-drop' | typeof lateEvents = 'count-and-drop') =>
  processor(
    'counted',
    from(events, { idle: 'never' })
      .pipe(tumbling('w', { ...window, late }), aggregate(folds, { emit: 'on-close' }), map(result))
      .to(results),
  )
const brief = (r: { k: string; start: number; n: number; cause: string }): string => `${r.k}@${r.start} n=${r.n} ${r.cause}`
const code = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
  } catch (error) {
    return isMillraceError(error) ? error.code : String(error)
  }
  return 'nothing'
}

test('S1.3: an event time that is no whole non-negative number of milliseconds is a dead letter', async () => {
  const driven = await drive(counted())
  await driven.push(events, { k: 'a', at: -1, v: 1 }, { k: 'a', at: 1.5, v: 1 }, { k: 'a', at: null as unknown as number, v: 1 }, e('a', 1))
  await driven.drain()
  assert.deepEqual(
    (await driven.deadLetters(counted())).map(d => d.code),
    ['EVENT_TIME_INVALID', 'EVENT_TIME_INVALID', 'EVENT_TIME_INVALID'],
  )
  assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=1 drain'])
})

test('S1.3: one absurd timestamp on a live topic closes no window', async () => {
  const driven = await drive(counted())
  await driven.push(events, e('a', 1))
  await driven.push(events, e('a', days(2)))
  await driven.push(events, e('a', 2))
  assert.deepEqual(await driven.results(results), [])
  assert.deepEqual(
    (await driven.deadLetters(counted())).map(d => [d.code, JSON.parse(d.value!).at]),
    [['EVENT_TIME_IN_FUTURE', BEGINNING + days(2)]],
  )
})

test('S1.4: a record without a key is refused where a key is needed, and only there', async () => {
  const keyless = { k: null as unknown as string, at: BEGINNING, v: 1 }
  const driven = await drive([
    counted(),
    processor(
      'copied',
      from(events)
        .pipe(map(x => ({ k: 'x', text: String(x.v) })))
        .to(lines),
    ),
  ])
  const raw = { k: 'raw', at: BEGINNING, v: 1 }
  await driven.push(events, raw)
  await driven.drain()
  assert.equal((await driven.results(lines)).length, 1)
  assert.equal(await code(() => driven.push(events, keyless)), 'KEY_MISSING')
})

test('S1.4: keyInPlace refuses a key that lives elsewhere', async () => {
  const p = processor(
    'in-place',
    from(events)
      .pipe(
        keyInPlace(x => `${x.k}-other`),
        scan('s', { version: 1, ttl: null, initial: () => 0, next: s => ({ state: s + 1, emit: [{ k: 'x', text: String(s) }] }) }),
      )
      .to(lines),
  )
  const driven = await drive(p, { partitions: 5 })
  await driven.push(events, ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(k => e(k, 0)))
  const refused = await driven.deadLetters(p)
  assert.ok(refused.length > 0 && refused.length < 7)
  assert.ok(refused.every(d => d.code === 'KEY_IN_WRONG_PARTITION'))
})

test('S2.1, S3.3: lateness is judged per record, in offset order, whatever the batches', async () => {
  const input = [e('a', 1), e('a', 14), e('a', 2), e('b', 15), e('a', 3), e('a', 16)]
  const runs = await Promise.all(
    [1, 2, 6].map(async size => {
      const driven = await drive(counted(lateEvents))
      for (let i = 0; i < input.length; i += size) await driven.push(events, ...input.slice(i, i + size))
      await driven.drain()
      return { results: (await driven.results(results)).map(brief), late: (await driven.results(lateEvents)).map(x => x.at - BEGINNING) }
    }),
  )
  for (const run of runs) assert.deepEqual(run, { results: ['a@0 n=2 close', 'a@10 n=2 drain', 'b@10 n=1 drain'], late: [3] })
})

test('S2.3: a silent topic closes its windows by wall time once it is idle, and not before', async () => {
  const p = processor(
    'idle',
    from(events, { idle: seconds(30) })
      .pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result))
      .to(results),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 3))
  await driven.advance(millis(30_011))
  assert.deepEqual(await driven.results(results), [])
  await driven.advance(millis(1))
  assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=1 idle'])
  await driven.push(events, e('a', 4))
  assert.equal(driven.late.length, 1, 'S2.4: what was closed stays closed')
})

test("S2.3: idle: 'never' leaves stream time to the records", async () => {
  const driven = await drive(counted())
  await driven.push(events, e('a', 3))
  await driven.advance(minutes(5))
  assert.deepEqual(await driven.results(results), [])
})

test('S2.6, S3.8: a window behind a window gets every result in time, however far one record jumps', async () => {
  const twice = processor(
    'twice',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('first', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        tumbling('second', { size: millis(30), grace: millis(0), late: 'count-and-drop' }),
        aggregate({ n: count(), total: sum(w => w.value.total) }, { emit: 'on-close' }),
        map(result),
      )
      .to(results),
  )
  const driven = await drive(twice)
  await driven.push(events, e('a', 1), e('a', 11), e('a', 25), e('a', 1_000))
  assert.deepEqual((await driven.results(results)).map(brief), ['a@0 n=3 close'])
  assert.equal(driven.late.length, 0)
})

test('S3.1: windows with a negative start are not made, an offset moves the alignment', async () => {
  const p = processor(
    'shifted',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('w', { ...window, offset: millis(3), late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        map(w => ({ ...result(w), start: w.start, end: w.end })),
      )
      .to(results),
  )
  const driven = await drive(p)
  await driven.push(events, { k: 'a', at: 2, v: 1 }, { k: 'a', at: 3, v: 1 }, { k: 'a', at: 12, v: 1 })
  await driven.drain()
  assert.deepEqual(
    (await driven.results(results)).map(r => [r.start, r.end, r.n]),
    [[3, 13, 2]],
  )
})

test('S3.4: a late topic gets the record itself, with headers that say what it missed and by how much', async () => {
  const driven = await drive(counted(lateEvents))
  await driven.push(events, e('a', 1), e('a', 40), e('a', 2, 7))
  const [late] = await driven.records(lateEvents)
  assert.deepEqual(late!.value, e('a', 2, 7))
  assert.equal(late!.headers['millrace-late-window'], 'w')
  assert.equal(late!.headers['millrace-late-by-ms'], '25')
  assert.deepEqual(JSON.parse(late!.headers['millrace-late-missed']!), [[BEGINNING, BEGINNING + 10]])
})

test('S3.9: what one record makes due comes out in (end, window name, key) order', async () => {
  const flow = from(events, { idle: 'never' })
  const named = (name: string, size: number) =>
    flow
      .pipe(
        tumbling(name, { size: millis(size), grace: millis(0), late: 'count-and-drop' }),
        aggregate({ n: count() }, { emit: 'on-close' }),
        map(w => ({ k: 'all', text: `${w.end - BEGINNING} ${name} ${w.key}` })),
      )
      .to(lines)
  const driven = await drive(processor('ordered', [named('b', 10), named('a', 20)]))
  await driven.push(events, e('z', 1), e('y', 2), e('z', 11), e('x', 500))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['10 b y', '10 b z', '20 a y', '20 a z', '20 b z'],
  )
})

test('S4.1, S4.5: a closed window gives one result that says all about itself', async () => {
  const driven = await drive(counted())
  await driven.push(events, e('a', 1, 5), e('a', 2, 6), e('b', 15))
  assert.deepEqual(await driven.results(results), [
    { k: 'a', start: 0, end: 10, cause: 'close', revision: 1, final: true, n: 2, total: 11 },
  ])
})

test('S5.2: state outlives its time to live in event time by nothing', async () => {
  const p = processor(
    'forgetful',
    from(events)
      .pipe(
        scan('s', {
          version: 1,
          ttl: millis(10),
          initial: () => 0,
          next: (s, x) => ({ state: s + x.v, emit: [{ k: x.k, text: String(s + x.v) }] }),
        }),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0), e('a', 10), e('a', 20), e('a', 31))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['1', '2', '3', '1'],
  )
})

test('S5.6: rx() runs real operators; an error inside refuses the record, and the chain goes on', async () => {
  const p = processor(
    'reactive',
    from(events)
      .pipe(
        rx(
          rxMap(x => {
            if (x.v === 2) throw new Error('two')
            return { k: x.k, text: String(x.v) }
          }),
        ),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 0, 2), e('a', 0, 3))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['1', '3'],
  )
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage, d.offset]),
    [['USER_FUNCTION_FAILED', 'rx', 1]],
  )
})

test('S5.6: a chain that completes would end the stream: its record is refused', async () => {
  const p = processor(
    'ending',
    from(events)
      .pipe(
        rx(take(1)),
        map(x => ({ k: x.k, text: String(x.v) })),
      )
      .to(lines),
    { breaker: 'off' },
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 0, 2))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.code),
    ['RX_COMPLETED', 'RX_COMPLETED'],
  )
})

test('S6.1, S6.2: a refused record leaves no trace in state or output, and one dead letter with its bytes', async () => {
  const seen: number[] = []
  const flow = from(events, { idle: 'never' })
  const p = processor('refusing', [
    flow.pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result)).to(results),
    flow
      .pipe(
        tee(copies),
        flatMap(x => [x, x]),
        scan('s', { version: 1, ttl: null, initial: () => 0, next: (s, x) => ({ state: s + 1, emit: [{ ...x, v: s + 1 }] }) }),
        tap(x => seen.push(x.v)),
        filter(x => {
          if (x.k === 'bad' && x.v === 2) throw new TypeError('second of bad')
          return true
        }),
        map(x => ({ k: x.k, text: String(x.v) })),
      )
      .to(lines),
  ])
  const driven = await drive(p)
  await driven.push(events, e('ok', 1), e('bad', 2), e('ok', 3), e('bad', 4))
  await driven.drain()
  assert.deepEqual((await driven.results(results)).map(brief), ['ok@0 n=2 drain'])
  assert.deepEqual(
    (await driven.results(lines)).map(l => `${l.k} ${l.text}`),
    ['ok 1', 'ok 2', 'ok 3', 'ok 4'],
  )
  assert.deepEqual(
    (await driven.results(copies)).map(x => x.k),
    ['ok', 'ok'],
  )
  assert.deepEqual(seen, [1, 2, 1, 2, 3, 4, 1, 2], 'the state of the refused record was put back')
  const letters = await driven.deadLetters(p)
  assert.deepEqual(
    letters.map(d => [d.code, d.stage, d.topic, d.offset]),
    [
      ['USER_FUNCTION_FAILED', 'filter', 'events', 1],
      ['USER_FUNCTION_FAILED', 'filter', 'events', 3],
    ],
  )
  assert.deepEqual(JSON.parse(letters[0]!.value!), e('bad', 2))
})

test("S6.1: the verdict 'skip' leaves nothing, 'stop' stops the task with the record's error", async () => {
  const throwing = (verdict: 'skip' | 'stop') =>
    processor(
      verdict,
      from(events)
        .pipe(
          map(x => {
            if (x.v < 0) throw new RangeError('below zero')
            return { k: x.k, text: String(x.v) }
          }),
        )
        .to(lines),
      { onFailure: { process: verdict } },
    )
  const driven = await drive(throwing('skip'))
  await driven.push(events, e('a', 0, -1), e('a', 0, 1))
  assert.deepEqual(
    (await driven.results(lines)).map(l => l.text),
    ['1'],
  )
  assert.deepEqual(await driven.deadLetters(throwing('skip')), [])
  const stopping = await drive(throwing('stop'))
  assert.equal(await code(() => stopping.push(events, e('a', 0, 1), e('a', 0, -1))), 'USER_FUNCTION_FAILED')
  assert.deepEqual(await stopping.results(lines), [], 'nothing of the epoch was committed')
})

test('S6.1: a refused result is its own dead letter; the record that closed the window counts', async () => {
  const p = processor(
    'picky',
    from(events, { idle: 'never' })
      .pipe(
        tumbling('w', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        map(w => {
          if (w.key === 'bad') throw new Error('no such key')
          return result(w)
        }),
      )
      .to(results),
    { onFailure: { produce: 'dead-letter' } },
  )
  const driven = await drive(p)
  await driven.push(events, e('bad', 1), e('ok', 2), e('ok', 17))
  await driven.drain()
  assert.deepEqual((await driven.results(results)).map(brief), ['ok@0 n=1 close', 'ok@10 n=1 drain'])
  const [letter] = await driven.deadLetters(p)
  assert.deepEqual([letter!.code, letter!.stage, JSON.parse(letter!.value!).key], ['USER_FUNCTION_FAILED', 'map', 'bad'])
})

test('S6.4: the breaker stops a task that refuses more than its share', async () => {
  const p = processor(
    'stormy',
    from(events)
      .pipe(
        map(x => {
          if (x.v < 0) throw new Error('bad')
          return { k: x.k, text: '' }
        }),
      )
      .to(lines),
    { breaker: { share: 0.2, of: 100 } },
  )
  const mixed = (bad: number, good: number): E[] => [
    ...Array.from({ length: good }, () => e('a', 0, 1)),
    ...Array.from({ length: bad }, () => e('a', 0, -1)),
  ]
  const calm = await drive(p)
  await calm.push(events, ...mixed(49, 1))
  assert.equal((await calm.deadLetters(p)).length, 49, 'fewer than fifty never stop a task')
  assert.equal(await code(() => calm.push(events, ...mixed(5, 0))), 'DEAD_LETTER_STORM')
})

test('keyBy: a key that is not the key field of the via topic is refused', async () => {
  const p = processor(
    'rekeyed',
    from(events)
      .pipe(
        keyBy(x => `${x.k}!`, { via: copies }),
        map(x => ({ k: x.k, text: '' })),
      )
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.code),
    ['KEY_DIFFERS'],
  )
})

test('S2.5: behind a repartition a fast partition does not make a slow one late', async () => {
  const grouped = topic('by-group', { key: 'k', time: 'at', value: codec })
  const p = processor(
    'regrouped',
    from(events, { idle: 'never' })
      .pipe(
        keyBy(x => x.k, { via: grouped }),
        tumbling('w', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        map(result),
      )
      .to(results),
  )
  const driven = await drive(p, { partitions: 2, tuning: { markEveryMs: 0 } })
  const here = ['a', 'b', 'c', 'd', 'e', 'f']
  await driven.push(events, ...here.map(k => e(k, 1)))
  await driven.push(events, e('a', 90_000)) // one partition runs far ahead
  await driven.push(events, ...here.filter(k => k !== 'a').map(k => e(k, 2)))
  const others = (await driven.results(results)).length
  assert.equal(others, 0, 'the other partition holds stream time back')
  await driven.drain()
  const all = (await driven.results(results)).filter(r => r.start === 0)
  assert.equal(all.reduce((n, r) => n + r.n, 0) + driven.late.length, here.length * 2 - 1)
  const late = new Set(driven.late.map(l => l.window))
  assert.ok(late.size <= 1)
})

test('S5.1: stored state of other stages is refused, naming the stage', async () => {
  assert.throws(
    () =>
      processor('twins', [
        from(events)
          .pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result))
          .to(results),
        from(copies)
          .pipe(tumbling('w', { ...window, late: 'count-and-drop' }), aggregate(folds, { emit: 'on-close' }), map(result))
          .to(results),
      ]),
    { code: 'PLAN_DUPLICATE_NAME' },
  )
})

test('the time of what follows is what stampWith says', async () => {
  const p = processor(
    'stamped',
    from(events, { idle: 'never' })
      .pipe(
        stampWith(x => x.at + minutes(1)),
        tumbling('w', { ...window, late: 'count-and-drop' }),
        aggregate(folds, { emit: 'on-close' }),
        map(result),
      )
      .to(results),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 1))
  await driven.drain()
  assert.deepEqual(
    (await driven.results(results)).map(r => r.start),
    [60_000],
  )
})
