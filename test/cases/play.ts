// A recorded case on the real engine, one record a turn.
import {
  aggregate,
  avro,
  collect,
  count,
  cumulating,
  type Fold,
  type Flow,
  from,
  hopping,
  json,
  map,
  max,
  mean,
  millis,
  min,
  processor,
  session,
  type Stage,
  sum,
  topic,
  tumbling,
  type Windowed,
  type WindowResult,
} from '#lib/index.ts'
import { drive, type Emitted, type SeenLate } from '#lib/testing/driver.ts'
import { type Case, type Input, peerOf } from './recorded.ts'

interface Event {
  readonly key: string
  readonly at: number
  readonly value: number
}
export type Shown = WindowResult<number | string | readonly number[] | Readonly<Record<string, number>> | null, string>
/** A result, its partition, and which record brought it. */
export type Played = Shown & { readonly partition: number; readonly after: number | 'end' }
export type PlayedLate = Pick<SeenLate, 'windows' | 'missed'> & { readonly input: number; readonly share: 'some' | 'all' }

const value = avro({
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'value', type: 'long' },
  ],
})
export const input = topic('events', { key: 'key', time: 'at', value, partitions: 1 })
const output = topic('results', { key: 'key', time: 'record-timestamp', partitions: 1, value: json(v => v as Shown) })

const values = collect((e: Event) => e.value, { atMost: 10_000, beyond: 'fail' })
type Folds = Readonly<Record<string, Fold<Event, unknown>>>
const FOLDS: Readonly<Record<string, Folds>> = {
  count: { value: count() },
  sum: { value: sum((e: Event) => e.value) },
  min: { value: min((e: Event) => e.value) },
  max: { value: max((e: Event) => e.value) },
  mean: { value: mean((e: Event) => e.value) },
  collect: { value: values },
  concat: { value: values },
  all: { count: count(), sum: sum((e: Event) => e.value), min: min((e: Event) => e.value), max: max((e: Event) => e.value) },
}
type Windows = Stage<Flow<Event, string>, Windowed<Event, string, 'fixed' | 'merging'>>

function windowsOf(c: Case): Windows {
  const { sizeMs = 0, advanceMs = 0, stepMs = 0, gapMs = 0, offsetMs = 0, outOfOrdernessMs = 0, allowedLatenessMs = 0 } = c.options
  const grace = c.options.graceMs ?? outOfOrdernessMs
  if (c.operator === 'session') {
    // See differences.ts: closes a gap later; closes at equality.
    const ours = { kafka: grace, quix: grace + gapMs, flink: Math.max(0, grace - 1) }[peerOf(c)]
    return session('w', { gap: millis(gapMs), grace: millis(ours), late: 'count-and-drop' }) as never
  }
  const late = (allowedLatenessMs > 0 ? { correct: millis(allowedLatenessMs) } : 'count-and-drop') as 'count-and-drop'
  const words = { size: millis(sizeMs), grace: millis(grace), offset: millis(offsetMs), late }
  if (c.operator === 'hopping') return hopping('w', { ...words, hop: millis(advanceMs) }) as never
  if (c.operator === 'cumulate') return cumulating('w', { ...words, step: millis(stepMs) }) as never
  return tumbling('w', words) as never
}
const shownValue = (agg: string, v: Readonly<Record<string, unknown>> | null): Shown['value'] =>
  v === null
    ? null
    : agg === 'all'
      ? (v as Record<string, number>)
      : agg === 'concat'
        ? (v['value'] as number[]).join('|')
        : (v['value'] as number)

export interface PlayedCase {
  readonly results: readonly Played[]
  readonly late: readonly PlayedLate[]
}
/** All partitions, and with a clock for every key all keys, each by itself. */
export async function play(c: Case): Promise<PlayedCase> {
  const alone = ({ key, partition }: Input): string => (c.options.closingStrategy === 'key' ? `${partition} ${key}` : String(partition))
  // See differences.ts: late though it touches.
  const left = new Set(peerOf(c) === 'quix' && c.operator === 'session' ? c.late?.map(l => l.input) : [])
  const results: Played[] = []
  const late: PlayedLate[] = []
  for (const part of new Set(c.input.map(alone))) {
    const played = await playPart(
      c,
      [...c.input.entries()].filter(([i, e]) => alone(e) === part && !left.has(i)),
    )
    results.push(...played.results)
    late.push(...played.late)
  }
  return { results, late: late.sort((a, b) => a.input - b.input) }
}

async function playPart(c: Case, records: readonly (readonly [number, Input])[]): Promise<PlayedCase> {
  const { agg, emit } = c.options
  const driven = await drive(
    processor(
      'case',
      from(input, { idle: 'never' })
        .pipe(
          windowsOf(c),
          aggregate(FOLDS[agg]!, { emit: emit === 'update' || emit === 'current' ? 'on-update' : 'on-close' }),
          map((r): Shown => ({ ...r, value: shownValue(agg, r.value) })),
        )
        .to(output),
    ),
  )
  const results: Played[] = []
  const late: PlayedLate[] = []
  const took = (after: number | 'end', emitted: Emitted): void => {
    for (const r of emitted.of(output)) results.push({ ...r, partition: records[0]![1].partition, after })
  }
  for (const [i, e] of records) {
    const emitted = await driven.push(input, { key: e.key, at: e.ts, value: e.value })
    took(i, emitted)
    for (const { windows, missed } of emitted.late) {
      const total = c.operator === 'hopping' ? windowsHolding(c, e.ts) : 1
      late.push({ input: i, windows, missed, share: windows === total ? 'all' : 'some' })
    }
  }
  took('end', await driven.drain())
  await driven.stop()
  return { results, late }
}
/** How many of our hopping windows hold a time. */
function windowsHolding({ options: { sizeMs = 0, advanceMs = 1 } }: Case, ts: number): number {
  let n = 0
  for (let start = Math.floor(ts / advanceMs) * advanceMs; start >= 0 && start > ts - sizeMs; start -= advanceMs) n++
  return n
}
