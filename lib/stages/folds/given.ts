// What an author's function gave a fold, and why it was not taken.
import { MillraceError } from '../../model/errors.ts'
import { checkPlain } from '../../state/plain.ts'
import { promised } from '../synchronous.ts'

export const refused = (fold: string, given: unknown): MillraceError =>
  given instanceof Promise ? promised(`${fold}()`, given) : new MillraceError('VALUE_REFUSED', `${fold}() was given ${String(given)}`)

/** @throws VALUE_REFUSED, ASYNC_FUNCTION */
export function finite(fold: string, given: unknown): number {
  if (typeof given === 'number' && Number.isFinite(given)) return given
  throw refused(fold, given)
}

/** Any plain data. @throws STATE_NOT_PLAIN, ASYNC_FUNCTION */
export function plainData(fold: string, given: unknown): unknown {
  if (given instanceof Promise) throw promised(`${fold}()`, given)
  checkPlain(given)
  return given
}
