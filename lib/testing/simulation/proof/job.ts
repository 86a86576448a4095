// A small job that uses every part of the protocol: windows with grace and a late topic, a repartition of records or of results, memory per key,
// stateless RxJS, dead letters, and a sink whose rows have revisions.
import { map as rxMap } from 'rxjs'
import { json } from '../../../model/codec.ts'
import type { WindowResult } from '../../../model/record.ts'
import { integer, table, text } from '../../../model/table.ts'
import { insertOnly, upsert } from '../../../model/table-target.ts'
import { millis } from '../../../model/time.ts'
import { topic } from '../../../model/topic.ts'
import { filter } from '../../../stages/filter.ts'
import { count } from '../../../stages/folds/count.ts'
import { sum } from '../../../stages/folds/sum.ts'
import { from } from '../../../stages/from.ts'
import { keyBy } from '../../../stages/key-by.ts'
import { map } from '../../../stages/map.ts'
import { type Processor, processor } from '../../../stages/processor.ts'
import { rx } from '../../../stages/rx.ts'
import { scan } from '../../../stages/scan.ts'
import { aggregate } from '../../../stages/window/aggregate.ts'
import { hopping } from '../../../stages/window/hopping.ts'
import { tumbling } from '../../../stages/window/tumbling.ts'
import { BEGINNING } from '../clock.ts'

export const APP = 'sim'
export const STREAM = 'folded'
export const SINK = 'loaded'
export const DEAD_LETTERS = `${APP}.${STREAM}.dlq`

/** ms, as are all that follow. */
export const SIZE = 100
export const DIRECT_GRACE = 30
export const RESULTS_SIZE = 200

/** What a seed decides about the job. */
export interface Shape {
  readonly partitions: number
  /** Most records of an epoch. */
  readonly epochRecords: number
  readonly idle: 'never' | number
  /** Hop of the first windows; SIZE: they tumble. */
  readonly hop: number
  /** What goes through a repartition topic into second windows. */
  readonly regrouped: 'records' | 'results' | 'nothing'
  /** When the second windows tell. */
  readonly emit: 'on-close' | 'on-update'
  /** How many different keys there are. */
  readonly keys: number
  /** Times of events go up with at most this disorder; it is the grace of second windows over records. */
  readonly disorder: number
}

export interface Event {
  /** 0, 1, 2 … in the order of writing. */
  readonly id: number
  readonly k: string
  readonly g: string
  readonly at: number
  /** −1 is poison: a stage throws. 0 is filtered out before the second windows. */
  readonly n: number
}
/** What windows give. */
export interface Result {
  readonly k: string
  /** Group of the key: where results go through a repartition. */
  readonly g: string
  readonly start: number
  /** The last moment of the window. */
  readonly at: number
  readonly n: number
  readonly total: number
  readonly revision: number
  readonly cause: string
  readonly final: boolean
}
export interface Running {
  /** Of the event. */
  readonly id: number
  readonly k: string
  readonly seq: number
  readonly total: number
  /** Goes up and down, and comes twice. */
  readonly revision: number
}
const plain = <T>() => json<T>(value => value as T)

export const events = topic('events', { key: 'k', time: 'at', value: plain<Event>() })
export const byGroup = topic('folded.by-group', { key: 'g', time: 'at', value: plain<Event>() })
export const results = topic('folded.results', { key: 'g', time: 'at', value: plain<Result>() })
export const direct = topic('direct', { key: 'k', time: 'start', value: plain<Result>() })
export const grouped = topic('grouped', { key: 'k', time: 'start', value: plain<Result>() })
export const running = topic('running', { key: 'k', time: 'record-timestamp', value: plain<Running>() })
export const late = topic('late', { key: 'k', time: 'at', value: plain<Event>() })

export const directTable = table('direct', {
  columns: { k: text, start: integer, n: integer, total: integer, revision: integer },
  key: ['k', 'start'],
  revision: 'revision',
})
export const latestTable = table('latest', {
  columns: { k: text, seq: integer, total: integer, revision: integer },
  key: ['k'],
  revision: 'revision',
})

/** A second row of one id would be a record that was loaded twice. */
export const journalTable = table('journal', { columns: { id: integer, k: text, seq: integer }, key: ['id'] })

/** The topic between the two windows, null when there is none. */
export const viaOf = ({ regrouped }: Shape): string | null =>
  regrouped === 'records' ? byGroup.name : regrouped === 'results' ? results.name : null

export const groupOf = (k: string): string => (k < 'e' ? 'x' : 'y')
/** The memory of `running` is dropped by such an event. */
export const forgets = (n: number): boolean => n % 7 === 0
export const revisionOf = (seq: number): number => (seq * 7) % 5
/** Rows of such results cannot be made. */
export const isRefused = ({ seq }: Running): boolean => seq % 6 === 5

export function jobOf(shape: Shape): readonly [Processor, Processor] {
  return [
    processor(STREAM, outputsOf(shape), {
      breaker: 'off',
      epoch: { records: shape.epochRecords },
      ...(shape.idle === 'never' ? {} : { idleAfter: millis(shape.idle) }),
    }),
    loader,
  ]
}

/** What is computed; equal for many shapes, and made once for all of them: thousands of seeds run in one process, and what is made anew has to be made fast anew. */
function outputsOf({ idle, hop, regrouped, emit, disorder }: Shape): Outputs {
  const id = [idle === 'never', hop, regrouped, emit, disorder].join()
  const outputs = known.get(id) ?? made({ idle: idle === 'never' ? 'never' : 'some time', hop, regrouped, emit, disorder })
  known.set(id, outputs)
  return outputs
}
type Outputs = Parameters<typeof processor>[1]
const known = new Map<string, Outputs>()

function made({
  idle,
  hop,
  regrouped,
  emit,
  disorder,
}: Pick<Shape, 'hop' | 'regrouped' | 'emit' | 'disorder'> & { idle: 'never' | 'some time' }): Outputs {
  const all = from(events, idle === 'never' ? { idle: 'never' } : {})
  const sane = all.pipe(
    map(e => {
      if (e.n < 0) throw new RangeError('poison')
      return e
    }),
  )
  const folds = { n: count(), total: sum((e: Event) => e.n) }
  const timed = { size: millis(SIZE), grace: millis(DIRECT_GRACE), late }
  const windows = hop === SIZE ? tumbling<Event, string>('direct', timed) : hopping<Event, string>('direct', { ...timed, hop: millis(hop) })
  const first = all.pipe(windows, aggregate(folds, { emit: 'on-close' }), map(resultOf))
  const counted = sane.pipe(
    scan('running', {
      version: 1,
      ttl: null,
      initial: () => ({ seq: 0, total: 0 }),
      next: (s, e: Event) => {
        const state = { seq: s.seq + 1, total: s.total + e.n }
        return { state: forgets(e.n) ? null : state, emit: [{ id: e.id, k: e.k, ...state, revision: revisionOf(state.seq) }] }
      },
    }),
  )
  const outputs = [first.to(direct), counted.to(running)] as const
  if (regrouped === 'nothing') return outputs
  const second =
    regrouped === 'records'
      ? sane.pipe(
          rx(rxMap(e => e)),
          keyBy(e => e.g, { via: byGroup }),
          filter(e => e.n !== 0),
          tumbling('grouped', { size: millis(SIZE), grace: millis(disorder), late: 'count-and-drop' }),
          aggregate(folds, { emit }),
          map(resultOf),
        )
      : first.pipe(
          keyBy(r => r.g, { via: results }),
          tumbling('grouped', { size: millis(RESULTS_SIZE), grace: millis(0), late: 'count-and-drop' }),
          aggregate({ n: sum((r: Result) => r.n), total: sum((r: Result) => r.total) }, { emit }),
          map(resultOf),
        )
  return [...outputs, second.to(grouped)]
}

const resultOf = (w: WindowResult<{ n: number; total: number }, string>): Result => ({
  k: w.key,
  g: groupOf(w.key),
  start: w.start,
  at: w.end - 1,
  n: w.value.n,
  total: w.value.total,
  revision: w.revision,
  cause: w.cause,
  final: w.final,
})

const loader = processor(
  SINK,
  [
    from(direct).to(upsert(directTable, r => ({ k: r.k, start: r.start - BEGINNING, n: r.n, total: r.total, revision: r.revision }))),
    from(running).to(
      upsert(latestTable, r => {
        if (isRefused(r)) throw new RangeError('no row')
        return { k: r.k, seq: r.seq, total: r.total, revision: r.revision }
      }),
    ),
    from(running).to(insertOnly(journalTable, r => ({ id: r.id, k: r.k, seq: r.seq }), { duplicate: 'dead-letter' })),
  ],
  { breaker: 'off' },
)
