// A small job that uses every part of the protocol, and what it must give: computed by plain code that knows nothing of the engine.
import { aggregate } from '../../../stages/window/aggregate.ts'
import { count } from '../../../stages/folds/count.ts'
import { filter } from '../../../stages/filter.ts'
import { from } from '../../../stages/from.ts'
import { keyBy } from '../../../stages/key-by.ts'
import { map } from '../../../stages/map.ts'
import { type Processor, processor } from '../../../stages/processor.ts'
import { rx } from '../../../stages/rx.ts'
import { scan } from '../../../stages/scan.ts'
import { sum } from '../../../stages/folds/sum.ts'
import { tumbling } from '../../../stages/window/tumbling.ts'
import { map as rxMap } from 'rxjs'
import { json } from '../../../model/codec.ts'
import { partitionOf } from '../../../model/key.ts'
import { integer, table, text, type Table } from '../../../model/table.ts'
import { upsert } from '../../../model/table-target.ts'
import { millis } from '../../../model/time.ts'
import { topic } from '../../../model/topic.ts'
import { BEGINNING } from '../clock.ts'
import type { SeededRandom } from '../random.ts'

export const APP = 'sim'
export const STREAM = 'folded'
export const SINK = 'loaded'
export const SIZE = 100
const DISORDER = 60
const DIRECT_GRACE = 30
const KEYS = ['a', 'b', 'c', 'd', 'e']
const GROUPS = ['x', 'y', 'z']

export interface Event {
  readonly k: string
  readonly g: string
  readonly at: number
  /** −1 is poison: a stage throws. */
  readonly n: number
}
interface Window {
  readonly k: string
  readonly start: number
  readonly n: number
  readonly total: number
  readonly revision: number
}
interface Running {
  readonly k: string
  readonly seq: number
  readonly total: number
}
const plain = <T>() => json<T>(value => value as T)

const event = plain<Event>()
export const events = topic('events', { key: 'k', time: 'at', value: event })
export const regrouped = topic('folded.by-group', { key: 'g', time: 'at', value: plain<Event>() })
export const direct = topic('direct', { key: 'k', time: 'start', value: plain<Window>() })
export const groups = topic('groups', { key: 'k', time: 'start', value: plain<Window>() })
export const running = topic('running', { key: 'k', time: 'record-timestamp', value: plain<Running>() })
export const late = topic('late', { key: 'k', time: 'at', value: event })
export const directTable: Table<{ k: string; start: number; n: number; total: number; revision: number }> = table('direct', {
  columns: { k: text, start: integer, n: integer, total: integer, revision: integer },
  key: ['k', 'start'],
  revision: 'revision',
})

/** The job, with epochs of at most `epochRecords` records. */
export function processorsOf(epochRecords: number): readonly [Processor, Processor] {
  const all = from(events, { idle: 'never' })
  const sane = all.pipe(
    map(e => {
      if (e.n < 0) throw new RangeError('poison')
      return e
    }),
  )
  const windowed = (w: { key: string; start: number; revision: number; value: { n: number; total: number } }): Window => ({
    k: w.key,
    start: w.start,
    n: w.value.n,
    total: w.value.total,
    revision: w.revision,
  })
  const folds = { n: count(), total: sum((e: Event) => e.n) }
  return [
    processor(
      STREAM,
      [
        all
          .pipe(
            tumbling('direct', { size: millis(SIZE), grace: millis(DIRECT_GRACE), late }),
            aggregate(folds, { emit: 'on-close' }),
            map(windowed),
          )
          .to(direct),
        sane
          .pipe(
            rx(rxMap(e => e)),
            keyBy(e => e.g, { via: regrouped }),
            filter(e => e.n !== 0),
            tumbling('groups', { size: millis(SIZE), grace: millis(DISORDER), late: 'count-and-drop' }),
            aggregate(folds, { emit: 'on-close' }),
            map(windowed),
          )
          .to(groups),
        sane
          .pipe(
            scan('running', {
              version: 1,
              ttl: null,
              initial: () => ({ seq: 0, total: 0 }),
              next: (s, e: Event) => {
                const state = { seq: s.seq + 1, total: s.total + e.n }
                return { state, emit: [{ k: e.k, ...state }] }
              },
            }),
          )
          .to(running),
      ],
      { breaker: 'off', epoch: { records: epochRecords } },
    ),
    processor(
      SINK,
      from(direct).to(upsert(directTable, w => ({ k: w.k, start: w.start - BEGINNING, n: w.n, total: w.total, revision: w.revision }))),
    ),
  ]
}

/** Events in the order of writing; times go up with a disorder of at most DISORDER. */
export function eventsOf(random: SeededRandom, n: number): readonly Event[] {
  let now = BEGINNING
  return Array.from({ length: n }, (_, i) => {
    now += random.below(40)
    return {
      k: random.pick(KEYS),
      g: random.pick(GROUPS),
      at: Math.max(BEGINNING, now - random.below(DISORDER)),
      n: random.below(12) === 0 ? -1 : random.below(10) === 0 ? 0 : i,
    }
  })
}

export const partitionOfKey = (k: string, partitions: number): number => partitionOf(Buffer.from(k), partitions)

const startOf = (at: number): number => Math.floor(at / SIZE) * SIZE
const folded = (windows: Map<string, { n: number; total: number }>, id: string, n: number): void => {
  const before = windows.get(id) ?? { n: 0, total: 0 }
  windows.set(id, { n: before.n + 1, total: before.total + n })
}
const lines = (windows: ReadonlyMap<string, { n: number; total: number }>): readonly string[] =>
  [...windows].map(([id, { n, total }]) => `${id} n=${n} total=${total}`).sort()

export interface Expected {
  readonly direct: readonly string[]
  readonly groups: readonly string[]
  readonly late: number
  readonly refused: number
  /** Per key, in order. */
  readonly running: ReadonlyMap<string, readonly string[]>
}
/** Lines of results as `Expected` has them. */
export const windowLine = (w: Window): string => `${w.k}@${w.start - BEGINNING} n=${w.n} total=${w.total}`
export const runningLine = (r: Running): string => `${r.seq}:${r.total}`

/** What the whole input gives in the end. */
export function expectedOf(input: readonly Event[], partitions: number): Expected {
  const windows = new Map<string, { n: number; total: number }>()
  const byGroup = new Map<string, { n: number; total: number }>()
  const totals = new Map<string, string[]>()
  const sums = new Map<string, { seq: number; total: number }>()
  const time = new Array<number>(partitions).fill(-Infinity)
  let missed = 0
  let refused = 0
  for (const e of input) {
    const p = partitionOfKey(e.k, partitions)
    const start = startOf(e.at)
    if (e.n < 0)
      refused++ // refused by one stage, it leaves no trace in the others
    else {
      if (start + SIZE + DIRECT_GRACE <= time[p]!) missed++
      else folded(windows, `${e.k}@${start - BEGINNING}`, e.n)
      if (e.n !== 0) folded(byGroup, `${e.g}@${start - BEGINNING}`, e.n)
      const s = sums.get(e.k) ?? { seq: 0, total: 0 }
      const next = { seq: s.seq + 1, total: s.total + e.n }
      sums.set(e.k, next)
      totals.set(e.k, [...(totals.get(e.k) ?? []), `${next.seq}:${next.total}`])
    }
    time[p] = Math.max(time[p]!, e.at)
  }
  return { direct: lines(windows), groups: lines(byGroup), late: missed, refused, running: totals }
}

/** What a task must remember after `seen` events of its partition, at stream time `time`: stage → key → value. */
export function stateOf(
  seen: readonly Event[],
  time: number,
): { readonly direct: ReadonlyMap<string, string>; readonly running: ReadonlyMap<string, string> } {
  const windows = new Map<string, { start: number; n: number; total: number }>()
  const sums = new Map<string, { seq: number; total: number }>()
  let now = -Infinity
  for (const e of seen) {
    const start = startOf(e.at)
    if (e.n >= 0) {
      if (start + SIZE + DIRECT_GRACE > now) {
        const id = `${e.k}@${start}`
        const before = windows.get(id) ?? { start, n: 0, total: 0 }
        windows.set(id, { start, n: before.n + 1, total: before.total + e.n })
      }
      const s = sums.get(e.k) ?? { seq: 0, total: 0 }
      sums.set(e.k, { seq: s.seq + 1, total: s.total + e.n })
    }
    now = Math.max(now, e.at)
  }
  const open = [...windows].filter(([, w]) => w.start + SIZE + DIRECT_GRACE > time)
  return {
    direct: new Map(open.map(([id, { n, total }]) => [id, `${n}:${total}`])),
    running: new Map([...sums].map(([k, s]) => [k, `${s.seq}:${s.total}`])),
  }
}
