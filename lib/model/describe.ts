// A plan as text, JSON or a Mermaid drawing.
import { fingerprintOf, type Plan } from './plan.ts'
import type { PlanNode } from './stage.ts'

const worded = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))

/** One line for a stage: step, name, version and its settings. */
export const labelOf = ({ spec }: PlanNode): string =>
  [
    spec.step,
    spec.name === undefined ? '' : `'${spec.name}'`,
    spec.version === undefined ? '' : `v${spec.version}`,
    ...Object.entries({ ...spec.state, ...spec.tuning }).map(([k, v]) => `${k}=${worded(v)}`),
  ]
    .filter(part => part !== '')
    .join(' ')

export function describePlan(plan: Plan, as: 'text' | 'json' | 'mermaid' = 'text'): string {
  const index = new Map(plan.nodes.map((n, i) => [n, i]))
  const feeders = (n: PlanNode): readonly number[] =>
    [...n.inputs, ...(n.spec.source?.upstream ? [n.spec.source.upstream] : [])].map(f => index.get(f)!)
  if (as === 'json') {
    const stages = plan.nodes.map((n, i) => ({
      id: i,
      step: n.spec.step,
      ...(n.spec.name === undefined ? {} : { name: n.spec.name }),
      ...(n.spec.version === undefined ? {} : { version: n.spec.version }),
      ...(n.spec.state === undefined ? {} : { state: n.spec.state }),
      ...(n.spec.tuning === undefined ? {} : { tuning: n.spec.tuning }),
      from: feeders(n),
    }))
    return JSON.stringify({ processor: plan.processor, fingerprint: fingerprintOf(plan), stages }, null, 2)
  }
  if (as === 'mermaid') {
    return [
      'flowchart LR',
      ...plan.nodes.map((n, i) => `  n${i}["${labelOf(n).replaceAll('"', "'")}"]`),
      ...plan.nodes.flatMap((n, i) => feeders(n).map(f => `  n${f} --> n${i}`)),
    ].join('\n')
  }
  const lines = plan.nodes.map((n, i) => `  ${i}  ${labelOf(n)}${feeders(n).length > 0 ? `  <- ${feeders(n).join(', ')}` : ''}`)
  return [`${plan.processor}  ${fingerprintOf(plan)}`, ...lines].join('\n')
}
