// Memory goes by key, and a task sees one partition of each input: all records of a key must come to one task, so inputs that meet where memory is kept
// have the same number of partitions (S8).
import { MillraceError } from '../model/errors.ts'
import { inputOf, type Plan, rootsOf, sourcesOf } from '../model/plan.ts'
import type { PlanNode } from '../model/stage.ts'

/** Whether what a stage does depends on where its keys live: it remembers something, or looks where a key lives. */
const goesByKey = ({ spec }: PlanNode): boolean => spec.name !== undefined || spec.step === 'key-in-place'

/** @throws NOT_CO_PARTITIONED naming both inputs, both counts and what to do */
export function checkCoPartitioned(plan: Plan, partitionsOf: (input: string) => number): void {
  for (const node of plan.nodes) {
    if (!goesByKey(node)) continue
    const [first, ...others] = rootsOf(node).map(name => ({ name, partitions: partitionsOf(name) }))
    const other = others.find(o => o.partitions !== first!.partitions)
    if (other !== undefined) throw notCoPartitioned(plan, node, first!, other)
  }
}

interface Counted {
  readonly name: string
  readonly partitions: number
}

function notCoPartitioned(plan: Plan, node: PlanNode, a: Counted, b: Counted): MillraceError {
  const [less, more] = a.partitions < b.partitions ? [a, b] : [b, a]
  const stage = node.spec.name === undefined ? node.spec.step : `${node.spec.step} '${node.spec.name}'`
  const source = sourcesOf(plan).find(n => inputOf(n).name === less.name)!
  const mend =
    inputOf(source).kind === 'feed'
      ? `a feed has one partition: write it to a topic with ${more.partitions} first`
      : `give '${less.name}' ${more.partitions} as well, { partitions: ${more.partitions} } (a topic that exists keeps its count: make it anew), or send one of them through keyBy() into a topic with the other's count`
  return new MillraceError(
    'NOT_CO_PARTITIONED',
    `${stage} of '${plan.processor}' goes by key, but '${less.name}' with ${counted(less.partitions)} and '${more.name}' with ${counted(more.partitions)} meet there, so that one key's records would be in two tasks: ${mend}`,
    { where: { processor: plan.processor, stage: node.spec.name ?? node.spec.step } },
  )
}

const counted = (n: number): string => (n === 1 ? '1 partition' : `${n} partitions`)
