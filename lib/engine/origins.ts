// Whether a stage's values are still the inputs' own: then a record's bytes can go on as they are, and need not be decoded for that.
import { inputOf } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'
import { specOf, type Target } from '../model/topic.ts'

/** The sources whose very values a node is given: only stages that pass them on lie between. Null when some value was made on the way. */
export function originsOf(node: PlanNode): readonly PlanNode[] | null {
  const origins: PlanNode[] = []
  const seen = new Set<PlanNode>()
  const left = [...node.inputs]
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    if (at.spec.source !== undefined) origins.push(at)
    else if (at.spec.reads.passes === 'same') left.push(...at.inputs)
    else return null
  }
  return origins
}

/** Whether what a node forwards to `target` are the records' own bytes: their inputs are written as the target is. Otherwise the values are written anew. */
export function forwardsBytes(node: PlanNode, target: Target<never>): boolean {
  const { value } = specOf(target)
  return originsOf(node)?.every(origin => inputOf(origin).value === value) ?? false
}
