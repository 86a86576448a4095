// 100,000 skewed and disordered events, against the windows that DuckDB and polars make of them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  aggregate,
  avro,
  count,
  type Flow,
  from,
  hopping,
  map,
  max,
  millis,
  min,
  processor,
  type Stage,
  sum,
  topic,
  tumbling,
  type Windowed,
} from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'
import { input } from './play.ts'
import { folder, skip } from './recorded.ts'

const wide = topic('wide', {
  key: 'key',
  time: 'start',
  partitions: 1,
  value: avro({
    type: 'record',
    name: 'Wide',
    fields: [
      { name: 'key', type: 'string' },
      { name: 'start', type: 'long' },
      { name: 'end', type: 'long' },
      { name: 'n', type: 'long' },
      { name: 'sum', type: 'long' },
      { name: 'min', type: 'long' },
      { name: 'max', type: 'long' },
    ],
  }),
})
const rows = (name: string): readonly (readonly string[])[] =>
  gunzipSync(readFileSync(new URL(`tables/${name}.csv.gz`, folder)))
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map(l => l.split(','))

type Event = { readonly key: string; readonly at: number; readonly value: number }
async function check(windows: Stage<Flow<Event, string>, Windowed<Event, string>>, table: string, most: number): Promise<void> {
  const driven = await drive(
    processor(
      't1',
      from(input)
        .pipe(
          windows,
          aggregate(
            { n: count(), sum: sum((e: Event) => e.value), min: min((e: Event) => e.value), max: max((e: Event) => e.value) },
            { emit: 'on-close' },
          ),
          map(w => ({ key: w.key, start: w.start, end: w.end, ...w.value })),
        )
        .to(wide),
    ),
  )
  const events = rows('t1_events').map(([, key, ts, v]) => ({ key: key!, at: Number(ts), value: Number(v) }))
  for (let i = 0; i < events.length; i += 10_000) await driven.push(input, ...events.slice(i, i + 10_000))
  await driven.drain()
  const have = (await driven.results(wide)).map(r => `${r.key},${r.start},${r.end},${r.n},${r.sum},${r.min},${r.max}`).sort()
  const want = rows(table)
    .map(([key, start, end, n, total, low, high]) => `${key},${start},${end},${n},${total},${low},${high}`)
    .sort()
  assert.equal(driven.late.length, 0)
  assert.equal(want.length, most)
  assert.deepEqual(have, want)
  await driven.stop()
}
const words = { grace: millis(120_000), late: 'count-and-drop' } as const

test('24,735 tumbling windows are those of DuckDB and polars', { skip }, () =>
  check(tumbling('w', { size: millis(300_000), ...words }), 't1_tumbling_300000_expected', 24_735),
)
test('91,150 hopping windows are those of DuckDB', { skip }, () =>
  check(hopping('w', { size: millis(600_000), hop: millis(120_000), ...words }), 't1_hopping_600000_120000_expected', 91_150),
)
