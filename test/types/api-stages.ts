// Every other call of the public door: flows apart and together, windows, folds, joins, operators, stages of one's own. That it compiles is the test.
import { filter as rxFilter, map as rxMap, pipe } from 'rxjs'
import {
  aggregate,
  branch,
  calendar,
  collect,
  count,
  counting,
  cumulating,
  custom,
  days,
  distinct,
  earliest,
  filter,
  first,
  flatMap,
  from,
  hopping,
  hours,
  joinAsOf,
  joinInterval,
  joinTable,
  keyBy,
  keyInPlace,
  last,
  latest,
  type Lookup,
  lookup,
  map,
  mapAsync,
  mean,
  merge,
  mergeTagged,
  millis,
  min,
  minutes,
  percentile,
  rx,
  scan,
  seconds,
  session,
  sliding,
  stage,
  stampWith,
  sum,
  tableFrom,
  tap,
  tee,
  type Topic,
  tumbling,
} from '#lib/index.ts'
import { lateParcels, type Parcel, parcels, scans, scansBySender } from './api-orders.ts'

const handedIn = from(parcels)
// ---- flows apart and together
const scanned = from(scans, { start: { at: new Date(0) } })
const bySender = scanned.pipe(keyBy(s => s.sender, { via: scansBySender }))
export const { dear, express, others } = branch(handedIn, {
  dear: p => p.postage > 50,
  express: (p): p is Parcel & { service: 'express' } => p.service === 'express',
  others: 'otherwise',
})
export const word = express.pipe(
  map(p => {
    const service: 'express' = p.service
    return service
  }),
)
export const either = merge(handedIn, bySender).pipe(map(x => ('postage' in x ? x.postage : x.scan)))
export const visits = mergeTagged({ parcel: handedIn, scan: bySender }).pipe(
  map(x => (x.from === 'parcel' ? x.value.parcel : x.value.van)),
  filter(x => x !== null),
  session('visits', { gap: minutes(30), grace: seconds(0), late: 'count-and-drop', longest: days(1) }),
  aggregate({ n: count(), all: collect(x => x, { atMost: 100, beyond: 'fail' }) }, { emit: 'on-update' }),
  map(w => w.value?.all.join(' ') ?? 'taken back'),
)

// ---- every window, every emission, every fold
const timed = { grace: seconds(0), late: 'count-and-drop' } as const
const extent = custom('extent', {
  version: 1,
  initial: () => ({ low: Infinity, high: -Infinity }),
  add: (s, p: Parcel) => ({ low: Math.min(s.low, p.postage), high: Math.max(s.high, p.postage) }),
  merge: (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }),
  result: s => s.high - s.low,
})
export const windows = [
  handedIn.pipe(
    hopping('h', { size: minutes(5), hop: minutes(1), offset: seconds(7), ...timed }),
    aggregate(
      { p99: percentile(p => p.postage, { p: 0.99, relativeError: 0.01 }), usual: mean(p => p.postage) },
      { emit: { every: seconds(10) } },
    ),
  ),
  handedIn.pipe(
    cumulating('c', { size: days(1), step: hours(1), grace: seconds(0), late: { correct: days(1) } }),
    aggregate({ low: min(p => p.postage), newest: latest(p => p.parcel), oldest: earliest(p => p.parcel) }, { emit: 'on-update' }),
  ),
  handedIn.pipe(
    sliding('s', { size: minutes(5), ...timed }),
    aggregate({ n: count(), one: first(p => p.insured), other: last(p => p.service) }, { emit: 'on-close' }),
  ),
  handedIn.pipe(counting('n', { n: 10, timeout: minutes(1) }), aggregate({ n: count() }, { emit: 'on-close' })),
  handedIn.pipe(
    calendar('m', { unit: 'month', timeZone: 'Europe/Vienna', grace: hours(1), late: 'count-and-drop' }),
    aggregate({ extent }, { emit: 'on-close' }),
    map(w => w.value.extent.toFixed(2)),
  ),
] as const

// ---- joins, work that waits, operators of RxJS, a stage of one's own
declare const senders: Topic<{ id: string; name: string }>
declare const depots: Lookup<string, { town: string }>
const senderTable = tableFrom('senders', senders, { versions: { keepFor: days(30) }, version: 1 })
const newest = tableFrom('newest-senders', senders, { versions: 'latest', version: 1 })
export const joined = handedIn.pipe(
  mapAsync(async p => ({ ...p, risk: await Promise.resolve(p.postage / 100) }), {
    concurrency: 16,
    order: 'key',
    timeout: seconds(2),
    retry: { attempts: 3, backoff: millis(50) },
  }),
  joinInterval('seen', bySender, {
    version: 1,
    kind: 'left',
    before: minutes(10),
    after: seconds(0),
    ...timed,
    with: (p, s) => ({ ...p, van: s?.van ?? null }),
  }),
  joinTable(newest, { kind: 'left', with: (p, s) => ({ ...p, name: s?.name ?? 'unknown' }) }),
  joinAsOf(senderTable, { kind: 'inner', notOlderThan: 'any', with: (p, s) => ({ ...p, nameThen: s.name }) }),
  lookup(depots, {
    by: p => p.stops[0]?.depot ?? 'none',
    kind: 'left',
    cache: { rows: 1_000, ttl: hours(1), missing: minutes(1) },
    timeout: seconds(1),
    with: (p, d) => ({ ...p, town: d?.town ?? null }),
  }),
  rx(
    pipe(
      rxFilter(p => p.risk > 1),
      rxMap(p => ({ ...p, risky: true })),
    ),
  ),
  tap(p => void p.risky),
  distinct('once', { version: 1, by: p => p.parcel, within: hours(1) }),
  tee(lateParcels),
)
export const every = handedIn.pipe(
  stage<Parcel, string, Parcel, { seen: number }>({
    step: 'every-tenth',
    name: 'tenth',
    version: 1,
    ttl: days(1),
    open:
      ({ emit, state, drop, streamTime }) =>
      (p, { at, key }) => {
        const seen = (state.get()?.seen ?? 0) + 1
        if (seen < 10) state.set({ seen })
        else state.forget()
        if (seen === 10 && key !== '' && at >= streamTime()) emit(p)
        else drop()
      },
  }),
  stampWith(p => p.handed_in),
)

// ---- timers as returned data
interface Beat {
  van: string
  at: number
}
declare const beats: Topic<Beat>
export const silent = from(beats).pipe(
  scan('watch', {
    version: 1,
    ttl: days(1),
    initial: () => ({ last: 0 }),
    next: (_s, b) => ({ state: { last: b.at }, timers: [{ name: 'silent', at: b.at + minutes(5), clock: 'event' as const }] }),
    onTimer: (s, t, { key }) => ({ state: s, emit: [{ van: key, since: s.last, at: t.at }], timers: [{ cancel: 'silent' }] }),
  }),
)

// ---- twelve stages
export const twelve = handedIn.pipe(
  filter(p => p.postage > 0),
  flatMap(p => p.stops),
  filter(s => s.weight > 0),
  map(s => ({ ...s, cost: s.fee * s.weight })),
  tap(s => void s.cost),
  keyInPlace(s => s.depot),
  tumbling('t', { size: minutes(1), ...timed }),
  aggregate({ n: count(), cost: sum(s => s.cost, { decimals: 2 }) }, { emit: 'on-close' }),
  filter(w => w.value.n > 2),
  map(w => ({ depot: w.key, n: w.value.n, cost: w.value.cost, w })),
  rx(rxMap(x => ({ ...x, twice: x.n * 2 }))),
  map(x => [x.depot, x.twice, x.cost] as const),
)
