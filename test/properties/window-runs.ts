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
import type { Driven, SeenRecord } from '#lib/testing/driver.ts'
import type { Arrival } from '../oracle/windows/task.ts'
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
export const eventCodec = plain<Event>()
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

/** What came out, by partition, in order. */
export interface Seen {
  /** The records of the partition, as they lie there. */
  readonly arrived: readonly Event[]
  readonly results: readonly Result[]
  /** What was sent to a late topic, and what the engine told. */
  readonly sent: readonly string[]
  readonly told: readonly string[]
  readonly refused: number
}
export const resultOf = ({ value: r, time }: SeenRecord<Shown>): Result =>
  ({ ...r, value: r.value === null ? null : { ...r.value, sum: BigInt(r.value.sum) }, at: time }) as Result

export async function seenOf(driven: Driven, p: Processor, partition: number): Promise<Seen> {
  const here = <R extends { readonly partition: number }>(records: readonly R[]): readonly R[] =>
    records.filter(r => r.partition === partition)
  return {
    arrived: here(await driven.records(input)).map(r => r.value),
    results: here(await driven.records(output)).map(resultOf),
    sent: [
      ...here(await driven.records(lateCalls)).map(({ value: r }) => lateLine({ ...r, weight: BigInt(r.value.weight) })),
      ...here(await driven.records(lateRecords)).map(({ value: r, headers }) => {
        const missed = (JSON.parse(headers['millrace-late-missed']!) as [number, number][]).map(([start, end]) => ({ start, end }))
        return lateLine({ ...r, weight: BigInt(r.weight), missed, lateBy: Number(headers['millrace-late-by-ms']) })
      }),
    ],
    told: here(driven.late).map(l => toldLine({ key: l.key as string, at: l.time, missed: l.missed, lateBy: l.lateByMs })),
    refused: here(await driven.deadLetters(p)).length,
  }
}

// ---- one line each, to be compared and read

export const resultLine = ({ key, start, end, revision, cause, final, value, at }: Result): string =>
  `${key} [${start},${end}) r${revision} ${cause}${final ? ' final' : ''} at ${at}: ${value === null ? 'nothing' : `${value.n} records, ${value.sum}`}`
type Told = Pick<LateCall, 'key' | 'at' | 'missed' | 'lateBy'>
export const toldLine = ({ key, at, missed, lateBy }: Told): string =>
  `${key} at ${at} missed ${missed.map(w => `[${w.start},${w.end})`).join(' ')} by ${lateBy}`
export const lateLine = (l: Told & { readonly weight: bigint }): string => `${l.weight}: ${toldLine(l)}`
