import { MillraceError } from '../model/errors.ts'
import { type Flow, planNode } from '../model/stage.ts'
import type { OpenSpec, Push } from './context.ts'
import { asFlow, FlowNode, flowName, nodeOf } from './flow.ts'
import { saidYes, synchronous } from './synchronous.ts'

type Predicate<T> = (value: T) => boolean
type Case<T> = Predicate<T> | 'otherwise'

/**
 * Parts a flow: a record goes to the first case, in the order of writing, whose predicate says yes; each predicate is asked at most once a record. A type
 * guard narrows its case. `'otherwise'` takes what no predicate took; without one such records are dropped and counted (`millrace_dropped_records_total`).
 * @throws PLAN_INVALID without cases, with two 'otherwise', or with a name that is a whole number; ASYNC_FUNCTION
 * @example
 * const { big, rest } = branch(orders, { big: o => o.total > 100, rest: 'otherwise' })
 */
export function branch<T, K, const B extends Readonly<Record<string, ((value: T) => boolean) | 'otherwise'>>>(
  flow: Flow<T, K>,
  cases: B,
): {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a guard's parameter may be wider than T
  readonly [N in keyof B]: B[N] extends (value: any) => value is infer U ? Flow<U, K> : Flow<T, K>
} {
  const parts = Object.entries(cases as Readonly<Record<string, Case<unknown>>>)
  const names = parts.map(([name]) => flowName('branch()', name))
  if (names.length === 0) throw new MillraceError('PLAN_INVALID', 'branch() needs at least one case')
  const parted = planNode(branchSpec(parts), [nodeOf(flow)])
  return Object.freeze(Object.fromEntries(names.map(name => [name, asFlow(new FlowNode(planNode(caseSpec(name), [parted])))]))) as never
}

function branchSpec(parts: readonly (readonly [string, Case<unknown>])[]): OpenSpec {
  const asked = parts.flatMap(([name, f]) => (f === 'otherwise' ? [] : [[name, synchronous(`branch() '${name}'`, f)] as const]))
  const others = parts.filter(([, f]) => f === 'otherwise').map(([name]) => name)
  if (others.length > 1)
    throw new MillraceError('PLAN_INVALID', `branch() has two cases for what is left, '${others[0]}' and '${others[1]}': one can take it`)
  const [left] = others
  return {
    step: 'branch',
    tuning: { cases: [...asked.map(([name]) => name), ...(left === undefined ? [] : [`otherwise ${left}`])].join(', ') },
    reads: { by: asked.map(([, f]) => f), passes: 'same' },
    open: context => {
      const predicates = asked.map(([, f]) => f)
      const outlets = asked.map(([name]) => context.outlet(name))
      const otherwise: Push = left === undefined ? () => context.dropped('branch') : context.outlet(left)
      return value => {
        for (let i = 0; i < predicates.length; i++) {
          const answer: unknown = predicates[i]!(value)
          if (answer === true || (answer !== false && saidYes(`branch() '${asked[i]![0]}'`, answer))) return outlets[i]!(value)
        }
        otherwise(value)
      }
    },
  }
}

const caseSpec = (name: string): OpenSpec => ({
  step: 'case',
  tuning: { case: name },
  outlet: name,
  reads: { by: [], passes: 'same' },
  open: (_context, down) => down,
})
