// Functions of the author are synchronous (S5.5). A promise in the place of a value is noticed where it comes out, and an async function where it is written.
import { MillraceError } from '../model/errors.ts'

type AuthorFunction = (...a: never[]) => unknown
const WAITING = new Set(['[object AsyncFunction]', '[object AsyncGeneratorFunction]'])

/**
 * The function, as it is.
 * @param what names it in messages: `map()`, `scan 'ema': next`
 * @throws ASYNC_FUNCTION, PLAN_INVALID when it is no function
 */
export function synchronous<F extends AuthorFunction>(what: string, f: F): F {
  if (typeof f !== 'function') throw new MillraceError('PLAN_INVALID', `${what} is given ${String(f)}: a function is needed`)
  if (WAITING.has(Object.prototype.toString.call(f)))
    throw new MillraceError('ASYNC_FUNCTION', `${what} is given an async function: inside a turn nothing waits; ${ADVICE}`)
  return f
}

/** The error of a function that gave a promise. What becomes of the promise is nobody's business any more, its failure included. */
export function promised(what: string, given: unknown): MillraceError {
  void Promise.resolve(given).catch(() => {})
  return new MillraceError('ASYNC_FUNCTION', `${what} gave a promise where a value is needed: inside a turn nothing waits; ${ADVICE}`)
}

/** Yes or no as a predicate says it; anything else counts as JavaScript has it. @throws ASYNC_FUNCTION for a promise, which would always mean yes */
export function saidYes(what: string, answer: unknown): boolean {
  if (answer instanceof Promise) throw promised(what, answer)
  return Boolean(answer)
}

const ADVICE = 'asynchronous work has a stage of its own, mapAsync()'
