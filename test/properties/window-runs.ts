// Runs windows on the real engine and brings what came out into the oracle's form.
import {
  aggregate,
  count,
  cumulating,
  flatMap,
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
  stampWith,
  sum,
  topic,
  tumbling,
  type Windowed,
  type WindowResult,
} from '#lib/index.ts'
import type { Driven, SeenRecord } from '#lib/testing/driver.ts'
import type { Arrival } from '../oracle/windows/task.ts'
import type { Key, LateCall, Result, WindowWords } from '../oracle/windows/words.ts'

export interface Event {
  readonly key: Key
  /** Where windows put it. */
  readonly at: number
  readonly sourceTime: number
  readonly weight: string
  readonly fate: Arrival['fate']
}
interface Shown {
  readonly key: Key
  readonly start: number
  readonly end: number
  readonly revision: number
  readonly cause: string
  readonly final: boolean
  readonly value: { readonly n: number; readonly sum: string } | null
}
const plain = <T>() => json<T>(value => value as T)
export const eventCodec = plain<Event>()
export const input = topic('events', { key: 'key', time: 'sourceTime', value: eventCodec })
export const output = topic('results', { key: 'key', time: 'record-timestamp', value: plain<Shown>() })
export const lateRecords = topic('late-records', { key: 'key', time: 'at', value: eventCodec })
export const lateCalls = topic('late-calls', { key: 'key', time: 'at', value: plain<LateRecord<Event, Key>>() })
const judged = topic('judged', { key: 'key', time: 'at', value: eventCodec })

export type LateForm = 'count-and-drop' | 'topic' | 'described'
type Weighing = Flow<{ readonly weight: string }, Key>

/** The stage that the words describe; `late` is for the first stage only, results are never late (S2.6). */
export function windowStage(
  name: string,
  w: WindowWords,
  late: LateForm,
): Stage<Weighing, Windowed<{ readonly weight: string }, Key, 'fixed' | 'merging'>> {
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
type Folded = WindowResult<{ readonly n: number; readonly sum: { toString(): string } } | null, Key>

export const windowed = (flow: Weighing, windows: readonly WindowWords[], late: LateForm): Output =>
  windowResults(flow, windows, late).to(output)
/** All windows behind one another, then the results as they are. */
export function windowResults(flow: Weighing, windows: readonly WindowWords[], late: LateForm, named = 'w'): Flow<Shown, Key> {
  let weighing = flow
  let results: Flow<Shown, Key> | null = null
  for (const [i, w] of windows.entries()) {
    const folds = { n: count(), sum: sum((x: { weight: string }) => x.weight, { decimals: 0 }) }
    results = weighing.pipe(
      windowStage(`${named}${i}`, w, i === 0 ? late : 'count-and-drop'),
      aggregate(folds, { emit: emitOf(w) }),
      map((r: Folded): Shown => ({ ...r, value: r.value === null ? null : { n: r.value.n, sum: String(r.value.sum) } })),
    )
    weighing = results.pipe(map(r => ({ weight: r.value?.sum ?? '0' })))
  }
  return results!
}

/** What refuses a record: the fold that it comes to, another branch behind the windows, or a second value of the same record. */
export type Refusing = 'fold' | 'branch' | 'second value'
export interface Job {
  readonly windows: readonly WindowWords[]
  readonly late: LateForm
  /** Most records of a turn. */
  readonly turn: number
  readonly refusing: Refusing
}
/** No sum takes its weight. */
const broken = (e: Event): Event => ({ ...e, weight: `${e.weight} broken` })
const weightOf = (e: Pick<Event, 'weight'>): bigint => BigInt(e.weight.split(' ')[0]!)
export function windowsProcessor({ windows, late, turn, refusing }: Job): Processor {
  const flow = from(input, { idle: 'never' }).pipe(stampWith(e => e.at))
  const twice = (e: Event): readonly Event[] => (isRefused(e) ? [{ ...e, fate: 'taken' }, e] : [e])
  const judge = map<Event, Key, Event>(e => {
    if (isRefused(e)) throw new Error('refused')
    return e
  })
  const options = { breaker: 'off', epoch: { records: turn } } as const
  const isRefused = (e: Event): boolean => e.fate !== 'taken'
  if (refusing === 'fold')
    return processor('windows', windowed(flow.pipe(map(e => (isRefused(e) ? broken(e) : e))), windows, late), options)
  if (refusing === 'second value') return processor('windows', windowed(flow.pipe(flatMap(twice), judge), windows, late), options)
  const judging = flow.pipe(judge)
  return processor('windows', [windowed(flow, windows, late), judging.to(judged)], options)
}

export const eventOf = ({ weight, ...arrival }: Arrival): Event => ({ ...arrival, weight: String(weight) })

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
      ...here(await driven.records(lateCalls)).map(({ value: r }) => lateLine({ ...r, weight: weightOf(r.value) })),
      ...here(await driven.records(lateRecords)).map(({ value: r, headers }) => {
        const missed = (JSON.parse(headers['millrace-late-missed']!) as [number, number][]).map(([start, end]) => ({ start, end }))
        return lateLine({ ...r, weight: weightOf(r), missed, lateBy: Number(headers['millrace-late-by-ms']) })
      }),
    ],
    told: here(driven.late).map(l => toldLine({ key: l.key as Key, at: l.time, missed: l.missed, lateBy: l.lateByMs })),
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
