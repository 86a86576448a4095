// What changed between the state that a ledger holds and what a plan would keep, stage by stage (S5.1, S5.7).
import { type Plan, stateLines } from './plan.ts'

export type StageChange = { readonly stage: string } & (
  | { readonly change: 'none' }
  /** The plan has it, the ledger does not know it. */
  | { readonly change: 'new' }
  | { readonly change: 'gone' }
  /** Only its version differs: a migrate can bring it along. */
  | { readonly change: 'version'; readonly from: number; readonly to: number }
  | { readonly change: 'other'; readonly differences: readonly Difference[] }
)
/** A part of a stage's description, by its path; null where there is none. */
export interface Difference {
  readonly part: string
  readonly stored: string | null
  readonly now: string | null
}

type Line = Readonly<Record<string, unknown>> & { readonly name: string; readonly version: number }

/** One for each stage that the ledger or the plan knows, in name order. */
export function stateChanges(stored: readonly string[], plan: Plan): readonly StageChange[] {
  const byName = (lines: readonly string[]): Map<string, string> => new Map(lines.map(l => [(JSON.parse(l) as Line).name, l]))
  const before = byName(stored)
  const now = byName(stateLines(plan))
  return [...new Set([...before.keys(), ...now.keys()])].sort().map(stage => {
    const [old, own] = [before.get(stage), now.get(stage)]
    if (old === undefined) return { stage, change: 'new' }
    if (own === undefined) return { stage, change: 'gone' }
    if (old === own) return { stage, change: 'none' }
    const [from, to] = [JSON.parse(old) as Line, JSON.parse(own) as Line]
    const differences = differencesOf(from, to)
    return differences.every(d => d.part === 'version')
      ? { stage, change: 'version', from: from.version, to: to.version }
      : { stage, change: 'other', differences }
  })
}

function differencesOf(from: Line, to: Line): readonly Difference[] {
  const [old, own] = [new Map(parts(from)), new Map(parts(to))]
  return [...new Set([...old.keys(), ...own.keys()])]
    .filter(part => old.get(part) !== own.get(part))
    .map(part => ({ part, stored: old.get(part) ?? null, now: own.get(part) ?? null }))
}

/** `folds.total.decimals` → `2` */
function parts(value: unknown, path = ''): [string, string][] {
  if (value === null || typeof value !== 'object') return [[path, JSON.stringify(value) ?? 'undefined']]
  return Object.entries(value).flatMap(([name, part]) => parts(part, path === '' ? name : `${path}.${name}`))
}

/** A change as a sentence about what is stored; null when there is none. */
export function changeText(change: StageChange): string | null {
  const { stage } = change
  switch (change.change) {
    case 'none':
      return null
    case 'new':
      return `stage '${stage}' is new`
    case 'gone':
      return `stage '${stage}' is gone`
    case 'version':
      return `stage '${stage}' was version ${change.from} and is version ${change.to}`
    case 'other':
      return `stage '${stage}' changed: ${change.differences.map(d => `${d.part} was ${d.stored ?? 'not there'}, is ${d.now ?? 'not there'}`).join(', ')}`
  }
}

/** One sentence for each change; empty when the plan goes on with what is stored. */
export const incompatibilities = (stored: readonly string[], plan: Plan): readonly string[] =>
  stateChanges(stored, plan).flatMap(c => changeText(c) ?? [])
