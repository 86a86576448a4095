// Looks for a mutant seed after seed.
import { invariantOf } from '#lib/testing/simulation/proof/run.ts'
import { mutants } from './mutants/list.ts'
import type { Mutant } from './mutants/mutant.ts'
import { proofWith } from './mutated.ts'

export interface Found {
  /** The seed; null: it was not found. */
  readonly at: number | null
  /** The number of the invariant that it violates there. */
  readonly invariant: string | null
  readonly violation: string | null
}

export async function searched(mutant: Mutant, first: number, seeds: number): Promise<Found> {
  const { runSeed } = await proofWith(mutant.name)
  for (let seed = first; seed < first + seeds; seed++) {
    const { violation } = await runSeed(seed)
    if (violation !== null) return { at: seed, invariant: invariantOf(violation), violation }
  }
  return { at: null, invariant: null, violation: null }
}

/** The first seed that violates what each mutant is said to violate; one that trips over something else on the way is passed over. */
export async function hunted(names: readonly string[], seeds: number): Promise<ReadonlyMap<string, string | null>> {
  const found = new Map<string, string | null>()
  for (const name of names) found.set(name, await whereFound(mutants.find(m => m.name === name)!, seeds))
  return found
}
async function whereFound(mutant: Mutant, seeds: number): Promise<string | null> {
  for (let first = 1; first <= seeds; ) {
    const { at, invariant, violation } = await searched(mutant, first, seeds - first + 1)
    if (at === null) return null
    if (mutant.violates.includes(invariant!)) return `seed ${at}: ${violation!.split('\n', 1)[0]}`
    first = at + 1
  }
  return null
}
