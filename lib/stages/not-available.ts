import { MillraceError } from '../model/errors.ts'
import type { Stage } from '../model/stage.ts'
import { applied } from './flow.ts'

/**
 * A stage that is described and not there yet: what is written with it type-checks, and a plan that uses it is refused.
 * @param call names it, with the author's own name if it has one: `sliding 'last-hour'`
 */
export const notAvailable = <In, Out>(step: string, call: string): Stage<In, Out> =>
  applied(step, () => {
    throw new MillraceError('STAGE_NOT_AVAILABLE', `${call} cannot be used yet: it is described, but comes with a later version`)
  })
