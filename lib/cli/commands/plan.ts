import type { PlanForm } from '../../ports/inspection.ts'
import type { Processor } from '../../stages/processor.ts'
import { processorOf } from '../inspection/facts.ts'
import type { Screen } from '../text/screen.ts'

/** `millrace plan [processor]`: what is computed, stage by stage. Needs no data. @throws OPTION_INVALID */
export function plan(processors: readonly Processor[], id: string | null, as: PlanForm, screen: Screen): void {
  const chosen = id === null ? processors : [processorOf(processors, id)]
  const texts = chosen.map(p => p.describe(as))
  if (as === 'json') screen.out(id === null ? `[${texts.join(',\n')}]\n` : `${texts[0]}\n`)
  else screen.out(`${texts.join('\n\n')}\n`)
}
