// One window stage over a few records, and what comes out as lines: the window, its revision, why it came, and its records by their values.
import {
  aggregate,
  collect,
  type Duration,
  type Emit,
  type Flow,
  from,
  map,
  millis,
  type Processor,
  processor,
  type Stage,
  type Windowed,
} from '#lib/index.ts'
import { type Driven, drive } from '#lib/testing/driver.ts'
import { events, lines, type E } from './jobs.ts'

/** A record at a small time of its own, so that windows begin at 0. */
export const at = (time: number, k = 'a', v = time): E => ({ k, at: time, v })
export const drop = { late: 'count-and-drop' } as const

type AnyWindows = Stage<Flow<E, string>, Windowed<E, string, 'fixed' | 'merging'>>
/** Windows of either kind, as the tests of emission take them. */
export const anyWindows = <M extends 'fixed' | 'merging'>(stage: Stage<Flow<E, string>, Windowed<E, string, M>>): AnyWindows =>
  stage as never

interface Folded {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly revision: number
  readonly cause: string
  readonly final: boolean
  readonly value: { readonly vs: readonly number[] } | null
}
/** `a [0,10) r1 close final: 1 2`; an update lacks the word final, what is taken back has no values. */
export const line = (r: Folded): string =>
  `${r.key} [${r.start},${r.end}) r${r.revision} ${r.cause}${r.final ? ' final' : ''}:${r.value === null ? ' nothing' : r.value.vs.map(v => ` ${v}`).join('')}`

export const windowLines = (windows: AnyWindows, emit: Emit = 'on-close', idle: Duration | 'never' = 'never'): Processor =>
  processor(
    'windows',
    from(events, { idle })
      .pipe(
        windows,
        aggregate({ vs: collect(e => e.v, { atMost: 1_000, beyond: 'fail' }) }, { emit }),
        map(r => ({ k: r.key, text: line(r as Folded) })),
      )
      .to(lines),
    { breaker: 'off' },
  )

/** What came out so far. */
export const told = async (driven: Driven): Promise<readonly string[]> => (await driven.results(lines)).map(l => l.text)

/** What comes out of records that are pushed one after the other, or as lists in one turn each; the stream does not end. */
export async function linesOf(
  windows: AnyWindows,
  pushes: readonly (E | readonly E[])[],
  emit: Emit = 'on-close',
): Promise<readonly string[]> {
  const driven = await drive(windowLines(windows, emit))
  for (const push of pushes) await driven.push(events, ...(Array.isArray(push) ? (push as readonly E[]) : [push as E]))
  const texts = await told(driven)
  await driven.stop()
  return texts
}
export const ms = millis
