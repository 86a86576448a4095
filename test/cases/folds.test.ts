// Folds against recorded results of DuckDB and polars, Quix Streams and Kafka Streams, run through the real engine.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  aggregate,
  avro,
  collect,
  count,
  earliest,
  type Flow,
  type Fold,
  from,
  hopping,
  json,
  latest,
  map,
  max,
  mean,
  millis,
  min,
  processor,
  sum,
  topic,
  tumbling,
  type Windowed,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'

const folder = new URL('../../../shared/cases/windows/', import.meta.url)
const there = existsSync(folder)
const skip = there ? false : 'the recorded cases (../shared/cases/windows) are not here'

const input = topic('events', {
  key: 'key',
  time: 'at',
  partitions: 1,
  value: avro({
    type: 'record',
    name: 'Event',
    fields: [
      { name: 'key', type: 'string' },
      { name: 'at', type: 'long' },
      { name: 'value', type: 'long' },
    ],
  }),
})
interface Event {
  readonly key: string
  readonly at: number
  readonly value: number
}
interface Shown<A> {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly value: A
}
type Windows = (flow: Flow<Event, string>) => Windowed<Event, string>
const windows = (sizeMs: number, hopMs: number, graceMs: number): Windows => {
  const timed = { size: millis(sizeMs), grace: millis(graceMs), late: 'count-and-drop' } as const
  return hopMs === sizeMs ? flow => flow.pipe(tumbling('w', timed)) : flow => flow.pipe(hopping('w', { ...timed, hop: millis(hopMs) }))
}
/** Runs a fold over events that arrive in this order. */
async function folded<A extends object>(
  over: Windows,
  folds: { readonly [N in keyof A]: Fold<Event, A[N]> },
  events: readonly Event[],
  end: 'drain' | 'leave open',
): Promise<readonly Shown<A>[]> {
  const output = topic('results', { key: 'key', time: 'start', partitions: 1, value: json(v => v as Shown<A>) })
  const driven = await drive(
    processor(
      'case',
      over(from(input, { idle: 'never' }))
        .pipe(
          aggregate(folds, { emit: 'on-close' }),
          map(({ key, start, end, value }) => ({ key, start, end, value: value as A })),
        )
        .to(output),
    ),
  )
  for (let i = 0; i < events.length; i += 10_000) await driven.push(input, ...events.slice(i, i + 10_000))
  if (end === 'drain') {
    await driven.drain()
    assert.equal(driven.late.length, 0)
  }
  const results = await driven.results(output)
  await driven.stop()
  return results
}

// ---- single cases

interface Case {
  readonly id: string
  readonly options: { readonly sizeMs: number; readonly advanceMs?: number; readonly graceMs: number }
  readonly input: readonly { readonly key: string; readonly ts: number; readonly value: number }[]
  readonly expected: readonly (Shown<unknown> & { readonly after: number })[]
}
const caseOf = (file: string, id: string): Case =>
  (JSON.parse(readFileSync(new URL(`${file}.json`, folder), 'utf8')) as Case[]).find(c => c.id === id)!
const collected = collect((x: Event) => [x.at, x.value] as const, { atMost: 1_000, beyond: 'fail' })
type Collected = readonly (readonly [at: number, value: number])[]

for (const { file, id, fold, shown } of [
  { file: 'quix-tumbling', id: 'quix-tumbling-04-bursts', fold: mean((x: Event) => x.value), shown: (v: unknown) => v },
  {
    file: 'quix-tumbling',
    id: 'quix-tumbling-08-late',
    fold: collected,
    // there by event time
    shown: (v: unknown) => (v as Collected).toSorted(([a], [b]) => a - b).map(([, value]) => value),
  },
  {
    file: 'kafka-streams-hopping',
    id: 'ks-hopping-14-late',
    fold: collected,
    shown: (v: unknown) => (v as Collected).map(([, value]) => value).join('|'),
  },
] as const) {
  test(`${id}: the same values in the same windows`, { skip }, async () => {
    const { options, input: given, expected } = caseOf(file, id)
    const { sizeMs, advanceMs = sizeMs, graceMs } = options
    const events = given.map(({ key, ts, value }) => ({ key, at: ts, value }))
    const found = await folded<{ value: unknown }>(windows(sizeMs, advanceMs, graceMs), { value: fold }, events, 'leave open')
    const line = ({ key, start, end }: Shown<unknown>, value: unknown): string => `${key} [${start},${end}) ${JSON.stringify(value)}`
    assert.deepEqual(found.map(r => line(r, shown(r.value.value))).sort(), expected.map(r => line(r, r.value)).sort())
  })
}

// ---- tables

const rows = (name: string): string[][] =>
  gunzipSync(readFileSync(new URL(`tables/${name}.csv.gz`, folder)))
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map(l => l.split(','))

for (const [file, sizeMs, hopMs] of [
  ['t1_tumbling_300000_expected', 300_000, 300_000],
  ['t1_hopping_600000_120000_expected', 600_000, 120_000],
] as const) {
  test(`100,000 skewed events folded give every column of ${file}`, { skip }, async () => {
    const events = rows('t1_events').map(([, key, at, value]) => ({ key: key!, at: Number(at), value: Number(value) }))
    const found = await folded(
      windows(sizeMs, hopMs, 120_000),
      {
        n: count(),
        sum: sum(x => x.value),
        min: min(x => x.value),
        max: max(x => x.value),
        mean: mean(x => x.value),
        earliest: earliest(x => x.value),
        latest: latest(x => x.value),
      },
      events,
      'drain',
    )
    const have = found.map(({ key, start, end, value: v }) =>
      [key, start, end, v.n, v.sum, v.min, v.max, v.mean.toFixed(6), v.earliest, v.latest].join(),
    )
    const want = rows(file).map(row => row.map((cell, i) => (i === 7 ? Number(cell).toFixed(6) : cell)).join())
    assert.equal(have.length, want.length)
    assert.deepEqual(have.sort(), want.sort())
  })
}
