// `millrace plan <processor> --data …`: the code at hand against what an earlier start has stored, stage by stage.
import { fittingOf } from '../../engine/fitting.ts'
import { kindOf } from '../../model/plan.ts'
import { changeText, type StageChange, stateChanges } from '../../model/state-changes.ts'
import type { Inspection, StoredStages } from '../../ports/inspection.ts'
import { planOfProcessor, type Processor } from '../../stages/processor.ts'
import { count, counted } from '../text/figures.ts'
import type { Screen } from '../text/screen.ts'

/** What the next start makes of a task. */
export type Verdict = 'goes on' | 'migrates' | 'is refused'

export interface TaskDiff {
  readonly partition: number
  readonly epoch: number
  readonly verdict: Verdict
  /** Why it is refused, and what to do. */
  readonly why: readonly string[]
  readonly stages: readonly (StageChange & { readonly entries: number; readonly verdict: Verdict })[]
}

export function taskDiff(processor: Processor, { partition, epoch, stages, entries }: StoredStages): TaskDiff {
  const plan = planOfProcessor(processor)
  const { migrate = {} } = processor.options
  const fitting = fittingOf(stages, plan, migrate)
  const verdictOf = (change: StageChange): Verdict =>
    change.change === 'none' ? 'goes on' : change.change === 'version' && migrate[change.stage] !== undefined ? 'migrates' : 'is refused'
  return {
    partition,
    epoch,
    verdict: fitting.kind === 'fits' ? 'goes on' : fitting.kind === 'migrates' ? 'migrates' : 'is refused',
    why: fitting.kind === 'unfit' ? fitting.why : [],
    stages: stateChanges(stages, plan).map(change => ({ ...change, entries: entries[change.stage] ?? 0, verdict: verdictOf(change) })),
  }
}

/** @returns exit code: 0 when the next start goes on, 1 when it is refused (STATE_INCOMPATIBLE) */
export async function planDiff(inspection: Inspection, processor: Processor, as: 'text' | 'json', screen: Screen): Promise<number> {
  const tasks = (await inspection.stored(processor.id)).map(stored => taskDiff(processor, stored))
  if (as === 'json') screen.out(`${JSON.stringify({ processor: processor.id, tasks }, null, 2)}\n`)
  else screen.out(diffText(processor, tasks))
  return tasks.some(t => t.verdict === 'is refused') ? 1 : 0
}

export function diffText(processor: Processor, tasks: readonly TaskDiff[]): string {
  const { id } = processor
  if (kindOf(planOfProcessor(processor)) === 'sink') return `${id} loads tables and keeps no state: any start goes on\n`
  if (tasks.length === 0) return `${id} has stored nothing here: the next start begins anew\n`
  const lines = [`${id} against what it has stored:`]
  // Tasks differ only where a reset or a migration did not come to its end.
  for (const [, same] of Map.groupBy(tasks, t => JSON.stringify(t.stages.map(({ entries: _, ...change }) => change)))) {
    const [first] = same as [TaskDiff]
    const alone = same.length === tasks.length
    if (!alone) lines.push(`  partition ${same.map(t => t.partition).join(', ')}`)
    for (const [i, stage] of first.stages.entries()) {
      const entries = same.reduce((n, t) => n + t.stages[i]!.entries, 0)
      lines.push(`${alone ? '' : '  '}  ${stageText(stage)} (${counted(entries, 'entry', 'entries')})`)
    }
    if (first.stages.length === 0) lines.push('  no stage keeps state')
  }
  const refused = tasks.find(t => t.verdict === 'is refused')
  if (refused !== undefined) {
    lines.push('The next start is refused (STATE_INCOMPATIBLE):', ...refused.why.map(why => `  ${why}`))
    lines.push(`  or let it forget everything: millrace reset ${id}`)
  } else if (tasks.some(t => t.verdict === 'migrates')) lines.push('The next start migrates what is stored and goes on.')
  else lines.push(`The next start goes on after epoch ${tasks.map(t => count(t.epoch)).join(', ')}.`)
  return `${lines.join('\n')}\n`
}

function stageText(change: TaskDiff['stages'][number]): string {
  const text = changeText(change) ?? `stage '${change.stage}' is as stored`
  return change.verdict === 'migrates' ? `${text}, with a migrate` : text
}
