// Small jobs and words that the tests of the rules share.
import { aggregate, count, from, isMillraceError, json, map, millis, processor, sum, topic, tumbling } from '#lib/index.ts'
import { BEGINNING } from '#lib/testing/simulation/clock.ts'

export interface E {
  readonly k: string
  readonly at: number
  readonly v: number
}
const plain = <T>() => json<T>(value => value as T)
export const codec = plain<E>()
export const events = topic('events', { key: 'k', time: 'at', value: codec })
export const copies = topic('copies', { key: 'k', time: 'at', value: codec })
export const regrouped = topic('regrouped', { key: 'k', time: 'at', value: codec })
export const lateEvents = topic('late-events', { key: 'k', time: 'at', value: codec })
export const results = topic('results', {
  key: 'k',
  time: 'start',
  value: plain<{ k: string; start: number; end: number; n: number; total: number; cause: string; revision: number; final: boolean }>(),
})
export const lines = topic('lines', { key: 'k', time: 'record-timestamp', value: plain<{ k: string; text: string }>() })

export const e = (k: string, at: number, v = 1): E => ({ k, at: BEGINNING + at, v })
export const window = { size: millis(10), grace: millis(5) }
export const folds = { n: count(), total: sum((x: E) => x.v) }
export const result = (w: {
  key: string
  start: number
  end: number
  cause: string
  revision: number
  final: boolean
  value: { n: number; total: number }
}) => ({
  k: w.key,
  start: w.start - BEGINNING,
  end: w.end - BEGINNING,
  cause: w.cause,
  revision: w.revision,
  final: w.final,
  ...w.value,
})
export const counted = (late: 'count-and-drop' | typeof lateEvents = 'count-and-drop') =>
  processor(
    'counted',
    from(events, { idle: 'never' })
      .pipe(tumbling('w', { ...window, late }), aggregate(folds, { emit: 'on-close' }), map(result))
      .to(results),
  )
export const brief = (r: { k: string; start: number; n: number; cause: string }): string => `${r.k}@${r.start} n=${r.n} ${r.cause}`
export const code = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
  } catch (error) {
    return isMillraceError(error) ? error.code : String(error)
  }
  return 'nothing'
}
