import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldsReadBy, fieldsRead } from '#lib/engine/projection.ts'
import {
  aggregate,
  avro,
  count,
  custom,
  filter,
  flatMap,
  from,
  keyBy,
  last,
  map,
  max,
  minutes,
  processor,
  scan,
  seconds,
  sum,
  tap,
  topic,
  tumbling,
} from '#lib/index.ts'
import { sourcesOf } from '#lib/model/plan.ts'
import { planOfProcessor } from '#lib/stages/processor.ts'

interface Order {
  a: number
  b: number
  items: { c: number }[]
  toJSON?: () => string
}
const fields = (f: (...a: never[]) => unknown, argument = 0): unknown => {
  const read = fieldsReadBy(f, argument)
  return read === 'whole' ? read : [...read].sort()
}

test('fields that a function names are the fields that it reads', () => {
  assert.deepEqual(
    fields((o: Order) => o.a + o['b']),
    ['a', 'b'],
  )
  assert.deepEqual(
    fields((o: Order) => o.items.map(i => i.c)),
    ['items'],
  )
  assert.deepEqual(
    fields(({ a, b: renamed }: Order) => a + renamed),
    ['a', 'b'],
  )
  assert.deepEqual(
    fields((o: Order) => {
      const { a } = o
      return a
    }),
    ['a'],
  )
  assert.deepEqual(
    fields(function (o: Order) {
      return o?.a
    }),
    ['a'],
  )
  assert.deepEqual(
    fields((_state: number, o: Order) => o.b, 1),
    ['b'],
  )
  assert.deepEqual(
    fields(
      {
        method(o: Order) {
          return o.a
        },
      }.method,
    ),
    ['a'],
  )
  assert.deepEqual(
    fields(() => 1),
    [],
  )
})

test('a function that could see more than it names reads the whole value', () => {
  const seen: unknown[] = []
  const key = 'a' as const
  for (const f of [
    (o: Order) => ({ ...o }),
    (o: Order) => seen.push(o),
    (o: Order) => JSON.stringify(o),
    (o: Order) => o[key],
    (o: Order) => {
      const alias = o
      return alias.b
    },
    (o: Order) => (o.a > 1 ? o : null),
    (o: Order) => `${o}`,
    (o: Order) => o.toJSON?.(),
    (o: Order) => {
      const { a, ...rest } = o
      return [a, rest]
    },
    ({ a, ...rest }: Order) => [a, rest],
    (...all: Order[]) => all[0]!.a,
    new Function('return arguments[0].a') as (o: Order) => unknown,
    ((o: Order) => o.a).bind(null),
    JSON.stringify,
  ])
    assert.equal(fields(f as (...a: never[]) => unknown), 'whole', String(f))
})

const value = avro({
  type: 'record',
  name: 'R',
  fields: [
    { name: 'k', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'x', type: 'double' },
    { name: 'y', type: 'double' },
    { name: 'z', type: 'double' },
  ],
})
const source = topic('in', { key: 'k', time: 'at', value })
const other = topic('out', { key: 'k', time: 'at', value })
const small = topic('small', {
  key: 'k',
  time: 'at',
  value: avro({
    type: 'record',
    name: 'S',
    fields: [
      { name: 'k', type: 'string' },
      { name: 'at', type: 'long' },
    ],
  }),
})
const window = { size: minutes(1), grace: seconds(0) }

const readOf = (p: ReturnType<typeof processor>): unknown => {
  const plan = planOfProcessor(p)
  const read = fieldsRead(plan, sourcesOf(plan)[0]!)
  return read === 'whole' ? read : [...read].sort()
}

test('a pipeline reads what its stages read, up to where the value ends', () => {
  const flow = from(source)
  const folded = flow.pipe(
    filter(r => r.x > 0),
    tap(r => void r.y),
    tumbling('w', { ...window, late: 'count-and-drop' }),
    aggregate({ n: count(), top: max(r => r.x) }, { emit: 'on-close' }),
    map(w => ({ k: w.key, at: w.start, z: w.value.top })),
  )
  assert.deepEqual(readOf(processor('p', folded.to(small))), ['x', 'y'])
})

test('a custom fold reads what its add() reads of the value, not of the state', () => {
  const spread = custom('spread', {
    version: 1,
    initial: () => ({ y: 0 }),
    add: (s, r: { z: number }) => ({ y: s.y + r.z }),
    merge: (a, b) => ({ y: a.y + b.y }),
    result: s => s.y,
  })
  const folded = from(source).pipe(
    tumbling('w', { ...window, late: 'count-and-drop' }),
    aggregate({ spread, last: last(r => r.x) }, { emit: 'on-close' }),
    map(w => ({ k: w.key, at: w.start })),
  )
  assert.deepEqual(readOf(processor('p', folded.to(small))), ['x', 'z'])
})

test('a late topic of the same codec takes the bytes, so it needs no field; one that gets another value needs them all', () => {
  const same = from(source).pipe(
    tumbling('w', { ...window, late: other }),
    aggregate({ total: sum(r => r.x, { decimals: 2 }) }, { emit: 'on-close' }),
    map(w => ({ k: w.key, at: w.start })),
  )
  assert.deepEqual(readOf(processor('p', same.to(small))), ['x'])
})

test('what leaves a pipeline as it is is read whole', () => {
  assert.equal(
    readOf(
      processor(
        'p',
        from(source)
          .pipe(filter(r => r.x > 1))
          .to(other),
      ),
    ),
    'whole',
  )
  assert.equal(
    readOf(
      processor(
        'p',
        from(source)
          .pipe(
            keyBy(r => r.k, { via: other }),
            map(r => ({ k: r.k, at: r.at })),
          )
          .to(small),
      ),
    ),
    'whole',
  )
})

test('two outputs read the union of their fields', () => {
  const flow = from(source)
  const left = flow.pipe(map(r => ({ k: r.k, at: r.at + r.x }))).to(small)
  const right = flow
    .pipe(
      flatMap(r => [{ k: r.k, at: r.z }]),
      scan('s', { version: 1, ttl: null, initial: () => 0, next: (n, _v) => ({ state: n + 1 }) }),
    )
    .to(small as never)
  assert.deepEqual(readOf(processor('p', [left, right])), ['at', 'k', 'x', 'z'])
})
