import { MillraceError } from '../model/errors.ts'
import { type Flow, type PlanNode, planNode } from '../model/stage.ts'
import type { OpenSpec } from './context.ts'
import { asFlow, FlowNode, flowName, nodeOf } from './flow.ts'

/** The records of several nodes, each as it comes. */
const MERGE: OpenSpec = { step: 'merge', reads: { by: [], passes: 'same' }, open: (_context, down) => down }
const merged = (nodes: readonly PlanNode[]): FlowNode => new FlowNode(planNode(MERGE, nodes))

/**
 * Union of several flows under the same key type: every record of each, a flow named twice twice. Order is kept within a flow's partition, nothing is
 * promised between inputs; stream time behind it is the least of those inputs that are not idle (S2.2). Where memory goes by key behind it, the inputs
 * must have the same number of partitions (NOT_CO_PARTITIONED, when the processor is deployed).
 */
export function merge<T, K, F extends readonly [Flow<unknown, K>, ...Flow<unknown, K>[]]>(
  first: Flow<T, K>,
  ...rest: F
): Flow<T | (F[number] extends Flow<infer U, unknown> ? U : never), K> {
  return asFlow(merged([first, ...rest].map(nodeOf)))
}

/**
 * As merge, but each value says which flow it came from: `{ from: 'orders', value }`.
 * @throws PLAN_INVALID without flows, and for names that are whole numbers
 */
export function mergeTagged<const F extends Readonly<Record<string, Flow<unknown, unknown>>>>(
  flows: F,
): Flow<
  { [N in keyof F]: F[N] extends Flow<infer T, unknown> ? { readonly from: N; readonly value: T } : never }[keyof F],
  F[keyof F] extends Flow<unknown, infer K> ? K : never
> {
  const names = Object.keys(flows)
  if (names.length === 0) throw new MillraceError('PLAN_INVALID', 'mergeTagged() needs at least one flow')
  const tagged = names.map(name => planNode(tagSpec(flowName('mergeTagged()', name)), [nodeOf(flows[name]!)]))
  return asFlow(merged(tagged))
}

const tagSpec = (from: string): OpenSpec => ({
  step: 'tag',
  tuning: { from },
  reads: { by: 'whole', passes: 'new' },
  open: (_context, down) => value => down({ from, value }),
})
