// A stretch of stages as one function: map(), filter() and tap() one after the other, and what takes their value in the end.
import type { Cursor, InLine, Push } from '../stages/context.ts'
import { promised, saidYes } from '../stages/synchronous.ts'
import { failed } from './stage-failure.ts'

/** The last one of a stretch is a `'push'`, and only that one. */
export interface Step {
  readonly does: InLine['does'] | 'push'
  readonly f: InLine['f'] | Push
  /** What an error says it came from; null when it says so itself. */
  readonly stage: string | null
}

/** What each does with `value` by its function `f`; `given` is at hand. */
const LINES: Readonly<Record<Step['does'], (f: string) => string>> = {
  map: f => `given = ${f}(value, cursor)
      if (given instanceof Promise) throw promised('map()', given)
      value = given`,
  filter: f => `given = ${f}(value, cursor)
      if (given !== true && (given === false || !saidYes('filter()', given))) return`,
  tap: f => `given = ${f}(value, cursor)
      if (given instanceof Promise) throw promised('tap()', given)`,
  push: f => `${f}(value)`,
}

/**
 * Written out stage by stage: so each call has a place of its own and the compiler sees one function there, which it can put in line; a closure for all map()
 * stages of a process would see all their functions, and call (bench/stages.ts). Lets an error say which stage it came from; the innermost stage wins.
 * @param place a number for it in the process: V8 keeps what it learns by the text, and gives the tasks of one plan what it has compiled for the first of them
 */
export function stretch(place: number, steps: readonly Step[], cursor: Cursor): Push {
  const [only] = steps
  if (steps.length === 1 && only!.stage === null) return only!.f as Push
  const source = `'use strict' // ${place}
  ${steps.map((_, i) => `const f${i} = steps[${i}].f`).join('\n  ')}
  return value => {
    let at = 0, given
    try {
      ${steps.map((step, i) => `${i === 0 ? '' : `at = ${i}\n      `}${LINES[step.does](`f${i}`)}`).join('\n      ')}
    } catch (error) {
      throw failed(error, steps[at].stage)
    }
  }`
  const written = new Function('promised', 'saidYes', 'failed', 'steps', 'cursor', source) as (
    ...given: [typeof promised, typeof saidYes, typeof failed, readonly Step[], Cursor]
  ) => Push
  return written(promised, saidYes, failed, steps, cursor)
}
