// What each fold costs per event, with a ratio to count() of the same run: measuring and adding to one of 1,000 accumulators, as a window does, and the
// bytes of a state with 100 events (CPU time, medians of alternating rounds).
// node bench/folds.ts [rounds, default 7]
import {
  approxDistinct,
  collect,
  count,
  custom,
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
import { Arena } from '#lib/model/arena.ts'
import { foldSpecOf } from '#lib/stages/folds/fold.ts'
import { accumulate } from '#lib/stages/window/accumulate.ts'
import { writeValue } from '#lib/state/value-codec.ts'
import { SplittableRandom } from './peers/splittable-random.ts'

const ROUNDS = Number(process.argv[2] ?? 7)
const KEYS = 1_000
const EVENTS = 100_000

interface Event {
  readonly id: string
  readonly total: number
  readonly at: number
}
const random = new SplittableRandom(42)
const events: readonly Event[] = Array.from({ length: EVENTS }, (_, i) => ({
  id: `ord-${(0x10000000 + random.nextInt(EVENTS)).toString(16)}`,
  total: (100 + random.nextInt(200_000)) / 100,
  at: 1_760_000_100_000 + i * 3 - random.nextInt(5_000),
}))

const FOLDS: Readonly<Record<string, Fold<Event, unknown>>> = {
  'count()': count(),
  'sum() of doubles': sum(o => o.total),
  'sum() of decimals': sum(o => o.total, { decimals: 4 }),
  'min()': min(o => o.total),
  'max()': max(o => o.total),
  'mean()': mean(o => o.total),
  'first()': first(o => o.total),
  'last()': last(o => o.total),
  'earliest()': earliest(o => o.id),
  'latest() of an object': latest(o => ({ id: o.id, total: o.total })),
  'collect(), 100 at most': collect(o => o.id, { atMost: 100, beyond: 'fail' }),
  'collect(), the last 10': collect(o => o.id, { atMost: 10, beyond: 'drop-oldest' }),
  'percentile(), 1 %': percentile(o => o.total, { p: 0.99, relativeError: 0.01 }),
  'approxDistinct(), exact': approxDistinct(o => o.id, { exactUpTo: 1_000, relativeError: 0.02 }),
  'approxDistinct(), a sketch': approxDistinct(o => o.id, { exactUpTo: 0, relativeError: 0.02 }),
  'custom() of a number': custom('n', {
    version: 1,
    initial: () => 0,
    add: (n, o: Event) => n + o.total,
    merge: (a, b) => a + b,
    result: n => n,
  }),
  'custom() of an object': custom('spread', {
    version: 1,
    initial: () => ({ low: Infinity, high: -Infinity }),
    add: (s, o: Event) => ({ low: Math.min(s.low, o.total), high: Math.max(s.high, o.total) }),
    merge: (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }),
    result: s => s.high - s.low,
  }),
}
const jobs = Object.entries(FOLDS).map(([what, fold]) => ({
  what,
  folds: accumulate(['x'], [foldSpecOf(fold as never)]),
  ns: [] as number[],
}))

/** A whole round, as the events of a window for each key. */
function round({ folds }: (typeof jobs)[number]): unknown[][] {
  const keys: unknown[][] = []
  const moment = { at: 0, ordinal: 0 }
  for (let i = 0; i < EVENTS; i++) {
    const event = events[i]!
    const states = keys[i % KEYS]
    moment.at = event.at
    moment.ordinal = i + 1
    if (states === undefined) keys.push(folds.begun(folds.measureFirst(event, moment)))
    else folds.add(states, 0, folds.measure(event, moment, states, 0))
  }
  return keys
}
const bytesOf = (states: readonly unknown[]): number => {
  const arena = new Arena(256)
  for (const state of states) writeValue(arena, state)
  return arena.at
}

const sizes = new Map<string, number>()
for (let i = 0; i <= ROUNDS; i++) {
  for (const job of jobs) {
    const before = process.cpuUsage()
    const keys = round(job)
    const { user, system } = process.cpuUsage(before)
    // the first round warms up
    if (i > 0) job.ns.push(((user + system) * 1_000) / EVENTS)
    sizes.set(job.what, bytesOf(keys[0]!))
  }
}
const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[of.length >> 1]!
const base = median(jobs[0]!.ns)
console.log(`${EVENTS} events on ${KEYS} keys, ${ROUNDS} rounds`)
for (const { what, ns } of jobs) {
  const each = median(ns)
  console.log(
    `${what.padEnd(28)} ${each.toFixed(0).padStart(5)} ns  ${(each / base).toFixed(1).padStart(5)} × count()  ${String(sizes.get(what)).padStart(6)} bytes`,
  )
}
