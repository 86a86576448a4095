// Where a node's records come from.
import type { PlanNode } from './stage.ts'

/** The sources of a node's records, as far as nothing but stages of the given kind lies between; null when another stage does. */
function sourcesThrough(node: PlanNode, passes: (between: PlanNode) => boolean): readonly PlanNode[] | null {
  const sources: PlanNode[] = []
  const seen = new Set<PlanNode>()
  const left = [...node.inputs]
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    if (at.spec.source !== undefined) sources.push(at)
    else if (passes(at)) left.push(...at.inputs)
    else return null
  }
  return sources
}

/** The sources whose very values a node is given: only stages that pass them on lie between. Null when some value was made on the way. */
export const originsOf = (node: PlanNode): readonly PlanNode[] | null => sourcesThrough(node, n => n.spec.reads.passes === 'same')

/** The sources whose records a node is given as they come, tombstones included: nothing looks at them on the way. Null when something does. */
export const directSourcesOf = (node: PlanNode): readonly PlanNode[] | null => sourcesThrough(node, n => n.spec.step === 'merge')
