// Recorded results of Kafka Streams, Quix Streams and Flink for tumbling windows with final results, run through the real engine.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { aggregate, avro, count, type Fold, from, map, max, millis, min, processor, sum, topic, tumbling } from '#lib/index.ts'
import { drive } from '#lib/testing/driver.ts'

interface Case {
  readonly id: string
  readonly operator: string
  readonly normative?: boolean
  readonly options: {
    sizeMs: number
    graceMs?: number
    outOfOrdernessMs?: number
    allowedLatenessMs?: number
    agg: string
    emit?: string
    closingStrategy?: string
    offsetMs?: number
  }
  readonly input: readonly { key: string; ts: number; value: number; partition: number }[]
  readonly expected: readonly { after: number | 'end'; key: string; start: number; end: number; value: number; partition?: number }[]
  readonly dropped?: readonly { input: number; count: number }[]
}

const folder = new URL('../../../shared/cases/windows/', import.meta.url)
const there = existsSync(folder)
const skip = there ? false : 'the recorded cases (../shared/cases/windows) are not here'

const value = avro({
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'value', type: 'long' },
  ],
})
const input = topic('events', { key: 'key', time: 'at', value, partitions: 1 })
const output = topic('results', {
  key: 'key',
  time: 'start',
  partitions: 1,
  value: avro({
    type: 'record',
    name: 'Result',
    fields: [
      { name: 'key', type: 'string' },
      { name: 'start', type: 'long' },
      { name: 'end', type: 'long' },
      { name: 'value', type: 'long' },
    ],
  }),
})

const FOLDS: Readonly<Record<string, () => Fold<{ value: number }, number>>> = {
  count: () => count() as Fold<{ value: number }, number>,
  sum: () => sum(e => e.value),
  min: () => min(e => e.value),
  max: () => max(e => e.value),
}

/** Why a case cannot be run yet, or null. */
function notYet({ operator, options, normative }: Case): string | null {
  if (operator !== 'tumbling') return `${operator} windows`
  if (normative === false) return 'a defect of the peer'
  if (options.emit === 'update' || options.emit === 'current') return "emit: 'on-update'"
  if (options.closingStrategy === 'key') return 'a clock per key'
  if ((options.allowedLatenessMs ?? 0) > 0) return 'late: { correct }'
  return FOLDS[options.agg] === undefined ? `the fold ${options.agg}` : null
}

const line = (r: { after: number | 'end'; key: string; start: number; end: number; value: number }): string =>
  `${r.after} ${r.key} [${r.start},${r.end}) ${r.value}`

async function run(c: Case, partition: number): Promise<{ results: string[]; late: number[] }> {
  const { sizeMs, graceMs, outOfOrdernessMs, agg, offsetMs } = c.options
  const driven = await drive(
    processor(
      'case',
      from(input, { idle: 'never' })
        .pipe(
          tumbling('w', {
            size: millis(sizeMs),
            grace: millis(graceMs ?? outOfOrdernessMs ?? 0),
            late: 'count-and-drop',
            offset: millis(offsetMs ?? 0),
          }),
          aggregate({ value: FOLDS[agg]!() }, { emit: 'on-close' }),
          map(w => ({ key: w.key, start: w.start, end: w.end, value: w.value.value })),
        )
        .to(output),
    ),
  )
  const results: string[] = []
  const late: number[] = []
  for (const [i, e] of c.input.entries()) {
    if (e.partition !== partition) continue
    const missed = driven.late.length
    await driven.push(input, { key: e.key, at: e.ts, value: e.value })
    if (driven.late.length > missed) late.push(i)
    for (const r of (await driven.results(output)).slice(results.length)) results.push(line({ after: i, ...r }))
  }
  if (c.expected.some(e => e.after === 'end')) {
    await driven.drain()
    for (const r of (await driven.results(output)).slice(results.length)) results.push(line({ after: 'end', ...r }))
  }
  await driven.stop()
  return { results, late }
}

for (const file of ['kafka-streams-tumbling.json', 'quix-tumbling.json', 'flink-datastream.json']) {
  const cases = there ? (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case[]) : []
  const runnable = cases.filter(c => notYet(c) === null)
  test(`${file}: final results of tumbling windows come after the same record, with the same value`, { skip }, async t => {
    const waiting = new Map<string, number>()
    for (const c of cases) {
      const why = notYet(c)
      if (why !== null) waiting.set(why, (waiting.get(why) ?? 0) + 1)
    }
    for (const [why, n] of waiting) t.diagnostic(`${n} cases are not run: ${why}`)
    assert.ok(runnable.length > 0)
    for (const c of runnable) {
      const results: string[] = []
      const late: number[] = []
      for (const partition of new Set(c.input.map(e => e.partition))) {
        const part = await run(c, partition)
        results.push(...part.results)
        late.push(...part.late)
      }
      assert.deepEqual(results.sort(), c.expected.map(line).sort(), c.id)
      if (c.dropped !== undefined)
        assert.deepEqual(
          late.sort((a, b) => a - b),
          c.dropped.map(d => d.input),
          `${c.id}: late records`,
        )
    }
  })
}

test('100,000 skewed events give the very windows that DuckDB and polars give', { skip }, async () => {
  const rows = (name: string): string[][] =>
    gunzipSync(readFileSync(new URL(`tables/${name}.csv.gz`, folder)))
      .toString()
      .trim()
      .split('\n')
      .slice(1)
      .map(l => l.split(','))
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
        { name: 'n', type: 'long' },
        { name: 'sum', type: 'long' },
        { name: 'min', type: 'long' },
        { name: 'max', type: 'long' },
      ],
    }),
  })
  const driven = await drive(
    processor(
      't1',
      from(input)
        .pipe(
          tumbling('w', { size: millis(300_000), grace: millis(120_000), late: 'count-and-drop' }),
          aggregate({ n: count(), sum: sum(e => e.value), min: min(e => e.value), max: max(e => e.value) }, { emit: 'on-close' }),
          map(w => ({ key: w.key, start: w.start, ...w.value })),
        )
        .to(wide),
    ),
  )
  const events = rows('t1_events').map(([, key, ts, v]) => ({ key: key!, at: Number(ts), value: Number(v) }))
  for (let i = 0; i < events.length; i += 10_000) await driven.push(input, ...events.slice(i, i + 10_000))
  await driven.drain()
  const have = (await driven.results(wide)).map(r => `${r.key},${r.start},${r.n},${r.sum},${r.min},${r.max}`).sort()
  const want = rows('t1_tumbling_300000_expected')
    .map(([key, start, , n, total, low, high]) => `${key},${start},${n},${total},${low},${high}`)
    .sort()
  assert.equal(driven.late.length, 0)
  assert.equal(have.length, want.length)
  assert.deepEqual(have, want)
  await driven.stop()
})
