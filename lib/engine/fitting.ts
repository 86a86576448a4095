// Whether a processor can go on with what an epoch of its ledger left (S5.1): as it is, by its migrations, or not at all.
import { fingerprintOf, type Plan } from '../model/plan.ts'
import { changeText, stateChanges } from '../model/state-changes.ts'
import type { ProcessorOptions } from '../stages/processor.ts'
import type { Meta } from './ledger.ts'

/** Makes a stored value today's; null forgets the key. */
export type Migration = (old: unknown) => unknown

export type Fitting =
  | { readonly kind: 'fits' }
  /** By stage. */
  | { readonly kind: 'migrates'; readonly migrations: ReadonlyMap<string, Migration> }
  | { readonly kind: 'unfit'; readonly why: readonly string[] }

/** What to make of epochs, by what they say of their stages. Nearly all of them say the same. */
export function fittingsOf(plan: Plan, migrate: ProcessorOptions['migrate'] = {}): (meta: Meta) => Fitting {
  const known = new Map<string, Fitting>([[fingerprintOf(plan), { kind: 'fits' }]])
  return ({ fingerprint, stages }) => {
    let fitting = known.get(fingerprint)
    if (fitting === undefined) known.set(fingerprint, (fitting = fittingOf(stages, plan, migrate)))
    return fitting
  }
}

export function fittingOf(stages: readonly string[], plan: Plan, migrate: NonNullable<ProcessorOptions['migrate']>): Fitting {
  const migrations = new Map<string, Migration>()
  const why: string[] = []
  for (const change of stateChanges(stages, plan)) {
    const f = migrate[change.stage]
    if (change.change === 'version' && f !== undefined) migrations.set(change.stage, old => f(old, change.from))
    else if (change.change === 'version')
      why.push(`${changeText(change)}: give the processor migrate: { '${change.stage}': (old, from) => … }`)
    else if (change.change === 'new') why.push(`${changeText(change)}: the records before were not kept for it`)
    else if (change.change !== 'none') why.push(changeText(change)!)
  }
  if (why.length > 0) return { kind: 'unfit', why }
  return migrations.size === 0 ? { kind: 'fits' } : { kind: 'migrates', migrations }
}
