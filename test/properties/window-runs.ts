// Runs windows on the real engine and brings what came out into the oracle's form.
import {
  aggregate,
  count,
  cumulating,
  type Flow,
  from,
  hopping,
  json,
  type LateRecord,
  map,
  millis,
  type Output,
  type Processor,
  processor,
  session,
  type Stage,
  sum,
  topic,
  tumbling,
  type Windowed,
  type WindowResult,
} from '#lib/index.ts'
import { type Driven, drive } from '#lib/testing/driver.ts'
import type { Arrival, Outcome } from '../oracle/windows/task.ts'
import type { LateCall, Result, WindowWords } from '../oracle/windows/words.ts'

/** A record on its way; `refused` by a later branch of the pipeline. */
export interface Event {
  readonly key: string
  readonly at: number
  readonly weight: string
  readonly fate: 'taken' | 'refused'
}
interface Shown {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly revision: number
  readonly cause: string
  readonly final: boolean
  readonly value: { readonly n: number; readonly sum: string } | null
}
const plain = <T>() => json<T>(value => value as T)
const eventCodec = plain<Event>()
export const input = topic('events', { key: 'key', time: 'at', value: eventCodec })
export const output = topic('results', { key: 'key', time: 'record-timestamp', value: plain<Shown>() })
export const lateRecords = topic('late-records', { key: 'key', time: 'at', value: eventCodec })
export const lateCalls = topic('late-calls', { key: 'key', time: 'at', value: plain<LateRecord<Event, string>>() })
const judged = topic('judged', { key: 'key', time: 'at', value: eventCodec })

export type LateForm = 'count-and-drop' | 'topic' | 'described'
type Weighing = Flow<{ readonly weight: string }, string>

/** The stage that the words describe; `late` is for the first stage only, results are never late (S2.6). */
export function windowStage(
  name: string,
  w: WindowWords,
  late: LateForm,
): Stage<Weighing, Windowed<{ readonly weight: string }, string, 'fixed' | 'merging'>> {
  const form = late === 'topic' ? lateRecords : late === 'described' ? { to: lateCalls } : late
  const words = {
    grace: millis(w.grace),
    late: (w.kind !== 'session' && w.keep > 0 ? { correct: millis(w.keep) } : form) as 'count-and-drop',
  }
  if (w.kind === 'session')
    return session(name, { ...words, gap: millis(w.gap), ...(w.longest === Infinity ? {} : { longest: millis(w.longest) }) })
  const aligned = { ...words, size: millis(w.size), offset: millis(w.offset) }
  if (w.kind === 'hopping') return hopping(name, { ...aligned, hop: millis(w.hop) }) as never
  if (w.kind === 'cumulating') return cumulating(name, { ...aligned, step: millis(w.hop) }) as never
  return tumbling(name, aligned) as never
}
const emitOf = ({ emit }: WindowWords) => (typeof emit === 'object' ? { every: millis(emit.every) } : emit)
type Folded = WindowResult<{ readonly n: number; readonly sum: { toString(): string } } | null, string>

/** All windows behind one another, then the results as they are. */
export function windowed(flow: Weighing, windows: readonly WindowWords[], late: LateForm): Output {
  let weighing = flow
  let results: Flow<Shown, string> | null = null
  for (const [i, w] of windows.entries()) {
    const folds = { n: count(), sum: sum((x: { weight: string }) => x.weight, { decimals: 0 }) }
    results = weighing.pipe(
      windowStage(`w${i}`, w, i === 0 ? late : 'count-and-drop'),
      aggregate(folds, { emit: emitOf(w) }),
      map((r: Folded): Shown => ({ ...r, value: r.value === null ? null : { n: r.value.n, sum: String(r.value.sum) } })),
    )
    weighing = results.pipe(map(r => ({ weight: r.value?.sum ?? '0' })))
  }
  return results!.to(output)
}

export interface Job {
  readonly windows: readonly WindowWords[]
  readonly late: LateForm
  /** Most records of a turn. */
  readonly turn: number
}
export const windowsProcessor = ({ windows, late, turn }: Job): Processor => {
  const flow = from(input, { idle: 'never' })
  const judging = flow.pipe(
    map(e => {
      if (e.fate === 'refused') throw new Error('refused')
      return e
    }),
  )
  return processor('windows', [windowed(flow, windows, late), judging.to(judged)], { breaker: 'off', epoch: { records: turn } })
}

export const eventOf = ({ key, at, weight, fate }: Arrival): Event => ({ key, at, weight: String(weight), fate })

/** What one partition gave, in order. */
export async function partitionOutcome(
  driven: Driven,
  partition: number,
): Promise<{ results: readonly Result[]; late: readonly LateCall[] }> {
  const seen = (await driven.records(output)).filter(r => r.partition === partition)
  const results = seen.map(
    ({ value: v, time }) => ({ ...v, value: v.value === null ? null : { ...v.value, sum: BigInt(v.value.sum) }, at: time }) as Result,
  )
  return { results, late: await lateOf(driven, partition) }
}

async function lateOf(driven: Driven, partition: number): Promise<readonly LateCall[]> {
  const described = (await driven.records(lateCalls)).filter(r => r.partition === partition)
  const sent = (await driven.records(lateRecords)).filter(r => r.partition === partition)
  return [
    ...described.map(({ value: { key, at, value, lateBy, missed } }) => ({
      key,
      at,
      weight: BigInt(value.weight),
      missed,
      lateBy,
      share: 'all' as const,
    })),
    ...sent.map(({ value: { key, at, weight }, headers }) => {
      const missed = (JSON.parse(headers['millrace-late-missed']!) as [number, number][]).map(([start, end]) => ({ start, end }))
      return { key, at, weight: BigInt(weight), missed, lateBy: Number(headers['millrace-late-by-ms']), share: 'all' as const }
    }),
  ]
}

// ---- one line each, to be compared and read

export const resultLine = ({ key, start, end, revision, cause, final, value, at }: Result): string =>
  `${key} [${start},${end}) r${revision} ${cause}${final ? ' final' : ''} at ${at}: ${value === null ? 'nothing' : `${value.n} records, ${value.sum}`}`
export const lateLine = ({ key, at, weight, missed, lateBy }: Omit<LateCall, 'share'>): string =>
  `${key} at ${at} (${weight}) missed ${missed.map(w => `[${w.start},${w.end})`).join(' ')} by ${lateBy}`
export const outcomeLines = ({ results, late }: Pick<Outcome, 'results' | 'late'>) => ({
  results: results.map(resultLine),
  late: late.map(lateLine),
})

export async function driving<R>(job: Job, partitions: number, use: (driven: Driven) => Promise<R>): Promise<R> {
  const driven = await drive(windowsProcessor(job), { partitions })
  try {
    return await use(driven)
  } finally {
    await driven.stop()
  }
}
