import type { ResetPorts, ResetTo, TaskReset } from '../../engine/reset.ts'
import { reset, resetOutlook } from '../../engine/reset.ts'
import { kindOf } from '../../model/plan.ts'
import { isTableTarget } from '../../model/table-target.ts'
import { planOfProcessor, type Processor } from '../../stages/processor.ts'
import { processorOf } from '../inspection/facts.ts'
import { count, counted } from '../text/figures.ts'
import type { Screen } from '../text/screen.ts'

export interface ResetOrder {
  readonly processor: string
  readonly to: ResetTo
  /** `ask`: only say what would be lost. */
  readonly consent: 'given' | 'ask'
  readonly format: 'table' | 'json'
}
/** The data directory, which no other process has open meanwhile. */
export interface AtRest {
  readonly app: string
  readonly processors: readonly Processor[]
  readonly ports: ResetPorts
}

/** `millrace reset <processor> --to …`. @returns exit code: 0 when it was done or there is nothing to do, 1 when consent is missing. @throws OPTION_INVALID and what the ports throw */
export async function resetCommand({ app, processors, ports }: AtRest, order: ResetOrder, screen: Screen): Promise<number> {
  const { to, consent, format } = order
  const processor = processorOf(processors, order.processor)
  const plan = planOfProcessor(processor)
  const tasks = consent === 'given' ? await reset(ports, { app, plan, to }) : await resetOutlook(ports, { app, plan, to })
  const code = consent === 'given' || tasks.length === 0 ? 0 : 1
  if (format === 'json') {
    const state = tasks.length === 0 ? 'nothing to reset' : consent === 'given' ? 'reset' : 'not reset'
    screen.out(`${JSON.stringify({ processor: processor.id, to, state, tasks }, null, 2)}\n`)
  } else screen.out(resetText(processor, order, tasks))
  return code
}

export function resetText(processor: Processor, { to, consent }: ResetOrder, tasks: readonly TaskReset[]): string {
  const { id } = processor
  if (tasks.length === 0) return `${id} has never run here: there is nothing to reset\n`
  const plan = planOfProcessor(processor)
  const done = consent === 'given'
  const lines = [done ? `${id} was reset:` : `A reset of ${id} to '${to}' would change:`]
  for (const { partition, remembers, inputs } of tasks) {
    lines.push(`  partition ${partition}`)
    for (const [store, entries] of Object.entries(remembers))
      if (entries > 0) lines.push(`    ${counted(entries, 'entry', 'entries')} of '${store}' ${entries === 1 ? 'is' : 'are'} forgotten`)
    for (const { input, from, to: next } of inputs) lines.push(`    ${input}: ${inputText(from, next)}`)
  }
  const all = tasks.flatMap(t => t.inputs)
  const again = all.reduce((n, { from, to: next }) => n + Math.max(0, (from ?? 0) - next), 0)
  const skipped = all.reduce((n, { from, to: next }) => n + Math.max(0, next - (from ?? 0)), 0)
  const targets = [...new Set(plan.nodes.flatMap(n => n.spec.targets ?? []).map(t => `${isTableTarget(t) ? 'table' : 'topic'} ${t.to}`))]
  if (again > 0) {
    lines.push(`Up to ${count(again)} offsets are read again, and what they give goes to ${targets.join(', ')} a second time:`)
    lines.push(
      kindOf(plan) === 'sink'
        ? '  rows with a key and a revision replace themselves; tables that only insert refuse them'
        : '  readers of those topics see it twice; table rows with a key and a revision replace themselves',
    )
  }
  if (skipped > 0) lines.push(`Up to ${count(skipped)} offsets are never read.`)
  if (!done) lines.push('Nothing was changed. The same command with --yes does it.')
  return `${lines.join('\n')}\n`
}

const inputText = (from: number | null, to: number): string =>
  from === to ? `goes on at ${count(to)}` : from === null ? `begins at ${count(to)}` : `goes from ${count(from)} to ${count(to)}`
