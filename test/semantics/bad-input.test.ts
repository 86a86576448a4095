// Bad input gets one clear error each and loses nothing: keys that are none, times that are none, functions that are not synchronous.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  aggregate,
  avro,
  branch,
  count,
  distinct,
  filter,
  flatMap,
  type Flow,
  from,
  json,
  keyBy,
  keyInPlace,
  map,
  millis,
  processor,
  scan,
  stampWith,
  table,
  tap,
  text,
  topic,
  tumbling,
  upsert,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { copies, e, type E, events, lines, window } from './jobs.ts'

const told = map((x: { k: string; v: number }) => ({ k: 'out', text: `${x.k} ${x.v}` }))
type Driven = Awaited<ReturnType<typeof drive>>
const texts = async (driven: Driven) => (await driven.results(lines)).map(l => l.text)

// ---- keys
/** Writes to 'events' under another key than its reader takes it to have: the reader finds whatever stands in `k`. */
const odd = topic('events', { key: 'id', time: 'at', value: json(value => value as { id: string; k: unknown; at: number; v: number }) })
const oddly = (k: unknown, v: number) => ({ ...e('', 0, v), id: 'x', k })

test('S1.4: a record whose key is null, missing or no key is refused by each stage that needs one, and by no other', async () => {
  const keyed: Readonly<Record<string, (flow: Flow<E, string>) => Flow<{ k: string; v: number }, string>>> = {
    scan: flow => flow.pipe(scan('s', { version: 1, ttl: null, initial: () => 0, next: (n, x) => ({ state: n, emit: [x] }) })),
    distinct: flow => flow.pipe(distinct('s', { version: 1, by: x => x.v, within: millis(1) })),
    window: flow =>
      flow.pipe(
        tumbling('s', { ...window, late: 'count-and-drop' }),
        aggregate({ n: count() }, { emit: 'on-close' }),
        map(w => ({ k: w.key, v: w.value.n })),
      ),
    'key-by': flow => flow.pipe(keyBy(x => x.k, { via: copies })),
    'key-in-place': flow => flow.pipe(keyInPlace(x => x.k)),
  }
  for (const [stage, made] of Object.entries(keyed)) {
    const p = processor(
      'p',
      made(from(events, { idle: 'never' }))
        .pipe(told)
        .to(lines),
      { breaker: 'off' },
    )
    const driven = await drive(p)
    await driven.push(odd, oddly(null, 1), oddly(undefined, 2), oddly({}, 3), oddly(true, 4), oddly('a', 5))
    await driven.drain()
    assert.deepEqual(
      (await driven.deadLetters(p)).map(d => [d.code, d.offset]),
      [0, 1, 2, 3].map(offset => ['KEY_MISSING', offset]),
      stage,
    )
    assert.equal((await driven.results(lines)).length, 1, stage)
  }
  const pure = await drive(
    processor(
      'p',
      from(events)
        .pipe(
          filter(x => x.v > 0),
          told,
        )
        .to(lines),
    ),
  )
  await pure.push(odd, oddly(null, 1), oddly('a', 2))
  assert.deepEqual(await texts(pure), ['null 1', 'a 2'])
})

test('S1.4: a value whose key is none is not written', async () => {
  const p = processor(
    'p',
    from(events)
      .pipe(map(x => ({ k: x.v === 1 ? (null as unknown as string) : x.v === 2 ? (NaN as unknown as string) : x.k, text: String(x.v) })))
      .to(lines),
  )
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 1), e('a', 0, 2), e('a', 0, 3))
  assert.deepEqual(await texts(driven), ['3'])
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => [d.code, d.stage]),
    [
      ['KEY_MISSING', 'to'],
      ['KEY_MISSING', 'to'],
    ],
  )
})

// ---- times
const precise = topic('precise', {
  key: 'k',
  time: 'at',
  value: avro({
    type: 'record',
    name: 'P',
    fields: [
      { name: 'k', type: 'string' },
      { name: 'at', type: 'double' },
      { name: 'v', type: 'double' },
    ],
  }),
})
const NO_TIMES = [NaN, Infinity, -Infinity, -1, 1.5, 2 ** 60]

test('S1.3: a time that is no whole number of milliseconds since 1970 refuses the record, whatever the codec carries', async () => {
  const p = processor('p', from(precise).pipe(told).to(lines), { breaker: 'off' })
  const driven = await drive(p)
  await driven.push(precise, ...NO_TIMES.map(at => ({ k: 'a', at, v: 0 })), { ...e('a', 0), v: 7 })
  assert.deepEqual(await texts(driven), ['a 7'])
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.code),
    NO_TIMES.map(() => 'EVENT_TIME_INVALID'),
  )
})

test('S1.3: so does one that stampWith() gives, and one that a value for a topic has', async () => {
  const timeOf = (x: E): number => NO_TIMES[x.v] ?? x.at
  const stamped = from(events).pipe(stampWith(timeOf), told).to(lines)
  const written = from(events)
    .pipe(map(x => ({ k: x.k, at: timeOf(x), v: x.v })))
    .to(precise)
  for (const [output, stage] of [
    [stamped, 'stamp-with'],
    [written, 'to'],
  ] as const) {
    const p = processor('p', output, { breaker: 'off' })
    const driven = await drive(p)
    await driven.push(events, ...[...NO_TIMES, 0].map((_, v) => e('a', 0, v)))
    assert.deepEqual(
      (await driven.deadLetters(p)).map(d => [d.code, d.stage]),
      NO_TIMES.map(() => ['EVENT_TIME_INVALID', stage]),
    )
    assert.equal((await driven.results(lines)).length + (await driven.results(precise)).length, 1)
  }
})

// ---- functions that wait
const flow = from(events, { idle: 'never' })
const rows = table('rows', { columns: { k: text }, key: ['k'] })
/** Every place for a function: what is made with it. */
const PLACES: Readonly<Record<string, (f: never) => ReturnType<typeof processor>>> = {
  'map()': f => processor('p', flow.pipe(map<E, string, E>(f), told).to(lines)),
  'filter()': f => processor('p', flow.pipe(filter<E, string>(f), told).to(lines)),
  'flatMap()': f => processor('p', flow.pipe(flatMap<E, string, E>(f), told).to(lines)),
  'tap()': f => processor('p', flow.pipe(tap<E, string>(f), told).to(lines)),
  'keyBy()': f => processor('p', flow.pipe(keyBy<E, E, string>(f, { via: copies }), told).to(lines)),
  'keyInPlace()': f => processor('p', flow.pipe(keyInPlace<E, string>(f), told).to(lines)),
  'stampWith()': f => processor('p', flow.pipe(stampWith<E, string>(f), told).to(lines)),
  "branch() 'some'": f => processor('p', branch<E, string, { some: (x: E) => boolean }>(flow, { some: f }).some.pipe(told).to(lines)),
  "distinct 'd': by": f => processor('p', flow.pipe(distinct<E, string>('d', { version: 1, by: f, within: millis(1) }), told).to(lines)),
  "scan 's': next": f =>
    processor('p', flow.pipe(scan<E, string, number, E>('s', { version: 1, ttl: null, initial: () => 0, next: f }), told).to(lines)),
  "scan 's': initial": f =>
    processor(
      'p',
      flow
        .pipe(scan<E, string, number, E>('s', { version: 1, ttl: null, initial: f, next: (s, x) => ({ state: s, emit: [x] }) }), told)
        .to(lines),
    ),
}
const soon = (x: E) => Promise.resolve(x) as never
const never = () => Promise.reject(new Error('what becomes of it is nobody’s business')) as never

for (const [place, made] of Object.entries(PLACES)) {
  test(`S5.5: ${place} refuses an async function where it is written, and what is no function`, () => {
    assert.throws(() => made((async (x: E) => x) as never), { code: 'ASYNC_FUNCTION', message: new RegExp(place.replaceAll(/[()]/g, '.')) })
    assert.throws(() => made(async function* () {} as never), { code: 'ASYNC_FUNCTION' })
    assert.throws(() => made(undefined as never), { code: 'PLAN_INVALID', message: /a function is needed/ })
  })
  test(`S5.5: a promise that ${place} is given refuses the record, also one that fails later; other records go on`, async () => {
    for (const f of [soon, never]) {
      const p = made(f as never)
      const driven = await drive(p)
      await driven.push(events, e('a', 0), e('a', 1))
      assert.deepEqual(
        (await driven.deadLetters(p)).map(d => [d.code, d.offset]),
        [
          ['ASYNC_FUNCTION', 0],
          ['ASYNC_FUNCTION', 1],
        ],
      )
      assert.deepEqual(await texts(driven), [])
    }
  })
}

test('S5.5: a promise in the place of a row refuses the record', async () => {
  const p = processor('p', from(events).to(upsert(rows, soon as never)))
  const driven = await drive(p)
  await driven.push(events, e('a', 0))
  await driven.advance(millis(2_000))
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.code),
    ['ASYNC_FUNCTION'],
  )
})

test('a step that is none refuses the record and leaves the state as it was', async () => {
  const gives: readonly unknown[] = [undefined, null, 5, {}, { emit: [] }]
  const counted = scan<E, string, number, E>('s', {
    version: 1,
    ttl: null,
    initial: () => 0,
    next: (n, x) => (x.v < gives.length ? (gives[x.v] as never) : { state: n + 1, emit: [{ ...x, v: n }] }),
  })
  const p = processor('p', from(events).pipe(counted, told).to(lines), { breaker: 'off' })
  const driven = await drive(p)
  await driven.push(events, e('a', 0, 9), ...gives.map((_, v) => e('a', 1, v)), e('a', 2, 9))
  assert.deepEqual(await texts(driven), ['a 0', 'a 1'])
  assert.deepEqual(
    (await driven.deadLetters(p)).map(d => d.code),
    gives.map(() => 'USER_FUNCTION_FAILED'),
  )
})
