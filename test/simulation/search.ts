// Looks for a mutant seed after seed.
import { invariantOf } from '#lib/testing/simulation/proof/run.ts'
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
