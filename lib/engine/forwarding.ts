// Whether a record's bytes can go on as they are, and need not be decoded for that.
import { originsOf } from '../model/origins.ts'
import { inputOf } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'
import { specOf, type Target } from '../model/topic.ts'

/** Whether what a node forwards to `target` are the records' own bytes: their inputs are written as the target is. Otherwise the values are written anew. */
export function forwardsBytes(node: PlanNode, target: Target<never>): boolean {
  const { value } = specOf(target)
  return originsOf(node)?.every(origin => inputOf(origin).value === value) ?? false
}
