// A plan as text, JSON or a Mermaid drawing.
import { fingerprintOf, type Plan } from './plan.ts'
import type { PlanNode } from './stage.ts'

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** `5 min`, `90 s`, `1500 ms`: in the largest unit that leaves nothing over. */
function spanned(ms: number): string {
  const unit = UNITS.find(([, size]) => ms > 0 && ms % size === 0)
  return unit === undefined ? `${ms} ms` : `${ms / unit[1]} ${unit[0]}`
}

interface FoldWords {
  readonly fold: string
  readonly version: number
}
const isFold = (value: unknown): value is FoldWords => typeof value === 'object' && value !== null && 'fold' in value

/** `revenue = sum decimals 4`; the version only when it is not the first. */
function foldWords(name: string, { fold, version, ...rest }: FoldWords): string {
  const settings = Object.entries(rest).map(([k, v]) => `${k} ${worded(v)}`)
  return [`${name} = ${fold}`, ...(version === 1 ? [] : [`v${version}`]), ...settings].join(' ')
}

function worded(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const entries = Object.entries(value)
  return entries.length > 0 && entries.every(([, v]) => isFold(v))
    ? entries.map(([name, v]) => foldWords(name, v as FoldWords)).join(', ')
    : JSON.stringify(value)
}

/** What their steps are mainly about. */
const MAIN = new Set(['topic', 'targets', 'cases', 'case'])

/** A setting as people say it: names in `Ms` are spans, what a step is mainly about needs no name. */
function settingWords([name, value]: readonly [string, unknown]): string {
  if (MAIN.has(name)) return worded(value)
  if (name.endsWith('Ms') && typeof value === 'number') return `${name.slice(0, -2)} ${spanned(value)}`
  if (name === 'ttl') return value === null ? 'kept for ever' : `kept for ${spanned(value as number)}`
  return name === 'folds' ? worded(value) : `${name} ${worded(value)}`
}

/** One line for a stage: step, name, version and its settings. */
export const labelOf = ({ spec }: PlanNode): string => {
  const { step, name, version, state, tuning } = spec
  const settings = Object.entries({ ...state, ...tuning }).filter(([k, v]) => !(k === 'offsetMs' && v === 0) && k !== 'stored')
  const head = [
    step,
    ...(name === undefined ? [] : [`'${name}'`]),
    ...(version === undefined || version === 1 ? [] : [`v${version}`]),
  ].join(' ')
  return settings.length === 0 ? head : `${head}: ${settings.map(settingWords).join('; ')}`
}

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
  const starts = plan.nodes.map((n, i) => [String(i), feeders(n).length > 0 ? `<- ${feeders(n).join(', ')}` : ''] as const)
  const [ids, arrows] = [0, 1].map(c => Math.max(...starts.map(start => start[c]!.length))) as [number, number]
  const lines = plan.nodes.map((n, i) => `  ${starts[i]![0].padStart(ids)} ${starts[i]![1].padEnd(arrows)}  ${labelOf(n)}`)
  return [`${plan.processor}  ${fingerprintOf(plan)}`, ...lines].join('\n')
}
