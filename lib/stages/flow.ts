// The value that a pipeline is while it is written: a node of the plan with a pipe() that appends.
import { MillraceError } from '../model/errors.ts'
import type { Windowing } from './window/windowing.ts'
import { type Flow, type Output, type PlanNode, type Stage, planNode } from '../model/stage.ts'
import type { Target } from '../model/topic.ts'
import type { OpenSpec } from './context.ts'
import { isRowTarget, isTableTarget, isTombstoneTarget } from '../model/table-target.ts'

/** What stages pass along while a pipeline is written: the node so far, or a node whose records have been put into windows. */
export type Shape = FlowNode | WindowedNode

abstract class Piped {
  pipe(...stages: readonly Stage<never, unknown>[]): unknown {
    let shape: unknown = this
    for (const stage of stages) shape = (stage as unknown as Applied).apply(shape as Shape)
    return shape
  }
}

export class FlowNode extends Piped {
  readonly node: PlanNode
  constructor(node: PlanNode) {
    super()
    this.node = node
  }
  to(...targets: Target<never>[]): Output {
    return output(planNode(toSpec(targets), [this.node]))
  }
}

export class WindowedNode extends Piped {
  readonly node: PlanNode
  readonly windowing: Windowing
  constructor(node: PlanNode, windowing: Windowing) {
    super()
    this.node = node
    this.windowing = windowing
  }
}

/** A stage as it really is: what it makes of the shape before it. */
interface Applied {
  readonly step: string
  readonly apply: (shape: Shape) => Shape
}

/** A stage that turns the shape before it into another. */
export const applied = <In, Out>(step: string, apply: (shape: Shape) => Shape): Stage<In, Out> =>
  Object.freeze({ step, apply }) as unknown as Stage<In, Out>

/** A stage that appends one node to a flow. */
export const appended = <In, Out>(spec: OpenSpec): Stage<In, Out> =>
  applied(spec.step, shape => new FlowNode(planNode(spec, [flowOf(shape, spec.step).node])))

export function flowOf(shape: Shape, step: string): FlowNode {
  if (shape instanceof FlowNode) return shape
  throw new MillraceError('PLAN_INVALID', `${step}() needs a flow of records; put aggregate() between it and the windows`)
}

export const asFlow = <T, K>(node: FlowNode): Flow<T, K> => node as unknown as Flow<T, K>
export const nodeOf = (flow: Flow<never, unknown> | Flow<unknown, unknown>): PlanNode => (flow as unknown as FlowNode).node

/** A name among flows as it is. Objects list whole numbers before all other names, whatever the order of writing. @throws PLAN_INVALID */
export function flowName(what: string, name: string): string {
  if (/^\d+$/.test(name)) throw new MillraceError('PLAN_INVALID', `${what} is given the name ${name}: a name with a letter is needed`)
  return name
}

const OUTPUTS = new WeakMap<Output, PlanNode>()
const output = (node: PlanNode): Output => {
  const o = Object.freeze({ plan: 'output' as const })
  OUTPUTS.set(o, node)
  return o
}
/** @throws PLAN_INVALID when it was not made by `.to()` */
export function outputNode(o: Output): PlanNode {
  const node = OUTPUTS.get(o)
  if (node === undefined) throw new MillraceError('PLAN_INVALID', `a processor is a list of outputs: end each flow with .to(…)`)
  return node
}

function toSpec(targets: readonly Target<never>[]): OpenSpec {
  if (targets.length === 0) throw new MillraceError('PLAN_INVALID', '.to() needs a topic or a table')
  const whole = targets.some(t => !isTableTarget(t))
  return {
    step: 'to',
    tuning: { targets: targets.map(t => t.to).join(', ') },
    targets,
    reads: { by: whole ? 'whole' : targets.flatMap(t => (isRowTarget(t) ? t.reads : [])), passes: 'new' },
    open: context => {
      for (const t of targets) if (isTombstoneTarget(t)) context.tombstones(t)
      const senders = targets.filter(t => !isTombstoneTarget(t)).map(t => context.sender(t))
      const [only] = senders
      if (senders.length === 1) return only!
      return value => {
        for (const send of senders) send(value)
      }
    },
  }
}
