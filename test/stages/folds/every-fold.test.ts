// What every fold owes the engine, whatever it computes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  approxDistinct,
  collect,
  count,
  custom,
  Decimal,
  earliest,
  first,
  type Fold,
  last,
  latest,
  max,
  mean,
  min,
  percentile,
  sum,
} from '#lib/index.ts'
import * as door from '#lib/index.ts'
import { BlockWriter, entriesOf } from '#lib/state/delta.ts'
import { PaneStore } from '#lib/state/pane-store.ts'
import { Session, SessionStore } from '#lib/state/session-store.ts'
import type { Store } from '#lib/state/store.ts'
import { entered, rowsOf } from '../../state/pane-rows.ts'
import { anyWay, arriving, bytesOf, codeOf, copyOf, folded, foldedApart, type Given, specOf, throughBytes } from './folding.ts'

const whole = fc.integer({ min: -1_000_000, max: 1_000_000 })
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
const plainData = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.bigInt(),
  fc.uint8Array(),
  fc.record({ price: fc.bigInt({ min: -999n, max: 999n }).map(units => new Decimal(units, 2)) }),
)
const id = <V>(v: V): V => v

interface Subject {
  readonly name: string
  readonly fold: Fold<never, unknown>
  readonly values: fc.Arbitrary<unknown>
}
const subject = <V>(name: string, values: fc.Arbitrary<V>, fold: Fold<V, unknown>): Subject => ({ name, fold, values })
const SUBJECTS: readonly Subject[] = [
  subject('count', fc.anything(), count()),
  subject('sum', whole, sum(id<number>)), // of doubles that are whole: others are only as exact as doubles are
  subject(
    'sum of decimals',
    finite.map(v => v % 1e9),
    sum(id<number>, { decimals: 4 }),
  ),
  subject('min', finite, min(id<number>)),
  subject('max', fc.string(), max(id<string>)),
  subject('mean', fc.double({ noNaN: true, min: -1e300, max: 1e300 }), mean(id<number>)),
  subject('first', plainData, first(id<unknown>)),
  subject('last', plainData, last(id<unknown>)),
  subject('earliest', plainData, earliest(id<unknown>)),
  subject('latest', plainData, latest(id<unknown>)),
  subject('collect, drop-oldest', plainData, collect(id<unknown>, { atMost: 5, beyond: 'drop-oldest' })),
  subject('collect, drop-newest', plainData, collect(id<unknown>, { atMost: 5, beyond: 'drop-newest' })),
  subject('collect, fail', plainData, collect(id<unknown>, { atMost: 40, beyond: 'fail' })),
  subject('percentile', finite, percentile(id<number>, { p: 0.9, relativeError: 0.05 })),
  subject('approxDistinct', fc.oneof(fc.nat(20), fc.string({ maxLength: 2 })), approxDistinct(id, { exactUpTo: 8, relativeError: 0.2 })),
  subject(
    'custom',
    whole,
    custom('spread', {
      version: 1,
      initial: () => ({ seen: [] as number[], best: { low: Infinity, high: -Infinity } }),
      add: (s, n: number) => {
        s.seen.push(n)
        s.best.low = Math.min(s.best.low, n)
        s.best.high = Math.max(s.best.high, n)
        return s
      },
      merge: (a, b) => {
        a.seen.push(...b.seen)
        a.best = { low: Math.min(a.best.low, b.best.low), high: Math.max(a.best.high, b.best.high) }
        return a
      },
      result: s => [s.seen.sort((a, b) => a - b), s.best.high - s.best.low],
    }),
  ),
]

test('these are all folds that there are', () => {
  const functions = [
    'approxDistinct',
    'collect',
    'count',
    'custom',
    'earliest',
    'first',
    'last',
    'latest',
    'max',
    'mean',
    'min',
    'percentile',
    'sum',
  ]
  for (const name of functions) assert.equal(typeof (door as Record<string, unknown>)[name], 'function', name)
  assert.deepEqual(new Set(SUBJECTS.map(s => s.name.split(/[, ]/)[0])), new Set(functions))
})

for (const { name, fold, values } of SUBJECTS) {
  const spec = specOf(fold)
  const given = arriving(values)

  test(`${name}: values taken apart in any way and merged in any order and grouping give the result of all of them`, () => {
    fc.assert(
      fc.property(given, anyWay, (all, way) => {
        assert.deepEqual(spec.result(foldedApart(spec, all, way)), spec.result(folded(spec, all)))
      }),
    )
  })

  test(`${name}: a merge leaves its second state alone, then and whatever is added later`, () => {
    fc.assert(
      fc.property(given, given, given, (left, right, later) => {
        const b = folded(spec, right)
        const before = bytesOf(b)
        const merged = spec.merge(folded(spec, left), b)
        folded(spec, after(later, [...left, ...right]), merged)
        assert.deepEqual(bytesOf(b), before)
      }),
    )
  })

  test(`${name}: later adds and merges do not reach a copy`, () => {
    fc.assert(
      fc.property(given, given, (all, later) => {
        const state = folded(spec, all)
        const copy = copyOf(spec, state)
        const before = bytesOf(copy)
        const next = folded(spec, after(later, all), state)
        spec.merge(next, folded(spec, later))
        assert.deepEqual(bytesOf(copy), before)
      }),
    )
  })

  test(`${name}: a result is not reached by later adds, and asking for it changes nothing`, () => {
    fc.assert(
      fc.property(given, given, (all, later) => {
        const state = folded(spec, all)
        const before = bytesOf(state)
        const result = spec.result(state)
        assert.deepEqual(bytesOf(state), before)
        const shown = structuredClone(result)
        folded(spec, after(later, all), state)
        assert.deepEqual(structuredClone(result), shown)
      }),
    )
  })

  test(`S5.4: ${name}: a state comes back from its bytes as it was, and goes on as if nothing had happened`, () => {
    fc.assert(
      fc.property(given, given, (all, later) => {
        const state = folded(spec, all)
        const back = throughBytes(state)
        assert.deepEqual(back, state)
        assert.deepEqual(spec.result(back), spec.result(state))
        const next = after(later, all)
        assert.deepEqual(spec.result(folded(spec, next, back)), spec.result(folded(spec, next, state)))
      }),
    )
  })
}

test('S5.4: all states of a window come through its store as they were, as changes and as a snapshot', () => {
  const specs = SUBJECTS.map(s => specOf(s.fold))
  const ends = { nextEnd: () => 30, lastEnd: () => 30 }
  const kinds: readonly { make: () => Store; put: (store: never, values: unknown[]) => void; got: (store: never) => readonly unknown[] }[] =
    [
      {
        make: () => new PaneStore('w', specs.length, ends, () => []),
        put: (store: PaneStore, values) => {
          const pane = store.open(20)
          store.touch(pane, entered(store, pane, 'key', values))
        },
        got: (store: PaneStore) => rowsOf(store)[0]!.states,
      },
      {
        make: () => new SessionStore('w', 10, v => v),
        put: (store: SessionStore, values) => store.add(new Session('key', 20, 30, values)),
        got: (store: SessionStore) => store.first('key')!.values,
      },
    ]
  fc.assert(
    fc.property(fc.tuple(...SUBJECTS.map(s => arriving(s.values, 12))), all => {
      const values = specs.map((spec, i) => folded(spec, all[i]!))
      for (const { make, put, got } of kinds) {
        const store = make()
        put(store as never, values)
        for (const way of ['changes', 'all'] as const) {
          const block = new BlockWriter(['w'])
          if (way === 'changes') store.writeChanges(block, 0, 1)
          else store.writeAll(block, 0)
          const copy = make()
          for (const { key, value } of block.take().flatMap(b => [...entriesOf(b)])) copy.load(key, value)
          const loaded = got(copy as never)
          assert.deepEqual(loaded, values)
          specs.forEach((spec, i) => assert.deepEqual(spec.result(loaded[i]), spec.result(values[i])))
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('S5.5: an async function is refused where it is written', () => {
  const later = async (): Promise<number> => 1
  for (const make of [sum, min, max, mean, first, last, earliest, latest] as readonly ((f: never) => unknown)[])
    assert.equal(
      codeOf(() => make(later as never)),
      'ASYNC_FUNCTION',
    )
  for (const make of [
    () => sum(later as never, { decimals: 2 }),
    () => collect(later, { atMost: 1, beyond: 'fail' }),
    () => percentile(later as never, { p: 0.5, relativeError: 0.1 }),
    () => approxDistinct(later as never, { exactUpTo: 1, relativeError: 0.1 }),
  ])
    assert.equal(codeOf(make), 'ASYNC_FUNCTION')
})

test('S5.4: a value that a fold refuses changes nothing', () => {
  const asyncValue = Promise.reject(new Error('nobody waits for this'))
  const refusals: readonly [Fold<never, unknown>, unknown, unknown, string][] = [
    [sum(id<number>), 1, NaN, 'VALUE_REFUSED'],
    [sum(id<number>, { decimals: 2 }), 1, NaN, 'DECIMAL_INVALID'],
    [sum(id<number>, { decimals: 2 }), 1, asyncValue, 'ASYNC_FUNCTION'],
    [min(id<number>), 1, undefined, 'VALUE_REFUSED'],
    [max(id<number>), 1, NaN, 'VALUE_REFUSED'],
    [mean(id<number>), 1, undefined, 'VALUE_REFUSED'],
    [mean(id<number>), 1, NaN, 'VALUE_REFUSED'],
    [mean(id<number>), 1, Infinity, 'VALUE_REFUSED'],
    [mean(id<number>), 1, '1', 'VALUE_REFUSED'],
    [mean(id<number>), 1, asyncValue, 'ASYNC_FUNCTION'],
    [percentile(id<number>, { p: 0.5, relativeError: 0.1 }), 1, NaN, 'VALUE_REFUSED'],
    [percentile(id<number>, { p: 0.5, relativeError: 0.1 }), 1, undefined, 'VALUE_REFUSED'],
    [percentile(id<number>, { p: 0.5, relativeError: 0.1 }), 1, -Infinity, 'VALUE_REFUSED'],
    [approxDistinct(id<string>, { exactUpTo: 8, relativeError: 0.2 }), 'a', undefined, 'VALUE_REFUSED'],
    ...[first, last, earliest, latest].flatMap((keeping): [Fold<never, unknown>, unknown, unknown, string][] => [
      [keeping(id<unknown>), 1, new Date(0), 'STATE_NOT_PLAIN'],
      [keeping(id<unknown>), 1, { deep: [() => 1] }, 'STATE_NOT_PLAIN'],
      [keeping(id<unknown>), 1, asyncValue, 'ASYNC_FUNCTION'],
    ]),
    ...(['drop-oldest', 'drop-newest', 'fail'] as const).flatMap((beyond): [Fold<never, unknown>, unknown, unknown, string][] => [
      [collect(id<unknown>, { atMost: 2, beyond }), 1, new Map(), 'STATE_NOT_PLAIN'],
      [collect(id<unknown>, { atMost: 2, beyond }), 1, asyncValue, 'ASYNC_FUNCTION'],
    ]),
  ]
  for (const [fold, good, bad, code] of refusals) {
    const spec = specOf(fold)
    for (const [at, ordinal] of [
      [0, 1],
      [9, 9],
    ] as const) {
      const state = folded(spec, [{ value: good, at: 5, ordinal: 5 }])
      const before = bytesOf(state)
      assert.equal(
        codeOf(() => spec.measure(bad, { at, ordinal }, state)),
        code,
        `${spec.fold} of ${String(bad)}`,
      )
      assert.deepEqual(bytesOf(state), before)
    }
  }
})

/** The same values, arriving behind others. */
const after = <V>(given: readonly Given<V>[], others: readonly unknown[]): Given<V>[] =>
  given.map(g => ({ ...g, ordinal: g.ordinal + others.length }))
