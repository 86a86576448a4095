// A plan: all nodes that lead to a processor's outputs, inputs first, each once. Pure data that can be printed, compared, fingerprinted.
import { createHash } from 'node:crypto'
import { MillraceError } from './errors.ts'
import type { FeedSpec } from './feed.ts'
import { checkPlan } from './plan-rules.ts'
import type { PlanNode } from './stage.ts'
import { isTableTarget } from './table-target.ts'
import { specOf, type TopicSpec } from './topic.ts'

export interface Plan {
  readonly processor: string
  readonly nodes: readonly PlanNode[]
}

/** The plan of given output nodes. @throws PLAN_DUPLICATE_NAME, PLAN_INVALID */
export function planOf(processor: string, outputs: readonly PlanNode[]): Plan {
  if (outputs.length === 0) throw new MillraceError('PLAN_INVALID', `'${processor}' has no outputs: end at least one flow with .to(…)`)
  const seen = new Set<PlanNode>()
  const visit = (n: PlanNode): void => {
    if (seen.has(n)) return
    n.inputs.forEach(visit)
    if (n.spec.source?.upstream) visit(n.spec.source.upstream)
    seen.add(n)
  }
  outputs.forEach(visit)
  checkPlan(processor, [...seen])
  return Object.freeze({ processor, nodes: Object.freeze([...seen]) })
}

/** The nodes that read something, in plan order. */
export const sourcesOf = (plan: Plan): readonly PlanNode[] => plan.nodes.filter(n => n.spec.source !== undefined)

export type InputSpec = TopicSpec | FeedSpec
export const inputOf = (node: PlanNode): InputSpec => node.spec.source!.of as unknown as InputSpec

/** The names of the inputs that a node's values come from, each once. */
export const rootsOf = (node: PlanNode): readonly string[] =>
  node.spec.source !== undefined ? [node.spec.source.of.from] : [...new Set(node.inputs.flatMap(rootsOf))]

/** Every topic that the plan reads or writes, by name; repartition topics are listed with their upstream. */
export function topicsOf(plan: Plan): readonly { readonly topic: TopicSpec; readonly use: 'reads' | 'writes' | 'repartition' }[] {
  const found = new Map<string, { topic: TopicSpec; use: 'reads' | 'writes' | 'repartition' }>()
  for (const node of plan.nodes) {
    const { source, targets } = node.spec
    if (source !== undefined && inputOf(node).kind === 'topic') {
      const topic = inputOf(node) as TopicSpec
      if (source.upstream) found.set(topic.name, { topic, use: 'repartition' })
      else if (!found.has(topic.name)) found.set(topic.name, { topic, use: 'reads' })
    }
    for (const t of targets ?? []) {
      if (!isTableTarget(t) && !found.has(t.to)) found.set(t.to, { topic: specOf(t), use: 'writes' })
    }
  }
  return [...found.values()]
}

/** The plans in the order in which data goes through them: who writes a topic before who reads it; otherwise, and in a circle, as given. */
export function writersFirst(plans: readonly Plan[]): readonly Plan[] {
  const written = (p: Plan): readonly string[] => p.nodes.flatMap(n => n.spec.targets ?? []).map(t => t.to)
  const read = new Map(plans.map(p => [p, new Set(sourcesOf(p).map(n => inputOf(n).name))]))
  const waitsFor = (reader: Plan, writer: Plan): boolean => written(writer).some(topic => read.get(reader)!.has(topic))
  const left = [...plans]
  const ordered: Plan[] = []
  while (left.length > 0) {
    const free = left.findIndex(reader => left.every(writer => writer === reader || !waitsFor(reader, writer)))
    ordered.push(...left.splice(Math.max(free, 0), 1))
  }
  return ordered
}

/** Whether the plan loads tables (a sink: offsets live in SQL) or writes topics (offsets live in the log). @throws SINK_HAS_STATE */
export function kindOf(plan: Plan): 'sink' | 'stream' {
  const loads = plan.nodes.some(n => n.spec.targets?.some(isTableTarget))
  if (!loads) return 'stream'
  for (const { spec } of plan.nodes) {
    const other =
      spec.name !== undefined
        ? `keeps state in '${spec.name}'`
        : spec.targets?.some(t => !isTableTarget(t))
          ? `writes topic '${spec.targets.find(t => !isTableTarget(t))!.to}'`
          : null
    if (other !== null) {
      throw new MillraceError(
        'SINK_HAS_STATE',
        `'${plan.processor}' loads tables and also ${other}: write to a topic and load that with a second processor`,
      )
    }
  }
  return 'sink'
}

const stable = (value: unknown): string =>
  JSON.stringify(value, (_key, x: unknown) =>
    x !== null && typeof x === 'object' && !Array.isArray(x)
      ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1)))
      : x,
  )

/** What identifies the state of a plan; plans are frozen, so it is computed once. */
interface Identity {
  readonly lines: readonly string[]
  readonly fingerprint: string
}
const IDENTITIES = new WeakMap<Plan, Identity>()
function identityOf(plan: Plan): Identity {
  let identity = IDENTITIES.get(plan)
  if (identity === undefined) {
    const lines = plan.nodes
      .filter(n => n.spec.name !== undefined)
      .map(({ spec }) => stable({ step: spec.step, name: spec.name, version: spec.version, ...spec.state }))
      .sort()
    identity = { lines, fingerprint: createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16) }
    IDENTITIES.set(plan, identity)
  }
  return identity
}
/** One line for each stage that owns state, in name order: functions, pure stages and the order of outputs are no part of it (S5.7). */
export const stateLines = (plan: Plan): readonly string[] => identityOf(plan).lines
/** 16 hex digits over the state lines. */
export const fingerprintOf = (plan: Plan): string => identityOf(plan).fingerprint
