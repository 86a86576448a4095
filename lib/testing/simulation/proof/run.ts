// One seed: the job under faults on two processes, then calm; in the end everything must be there exactly once.
import type { Strike } from '../fate.ts'
import { batchesViolation } from './batches.ts'
import { lossViolation } from './loss.ts'
import { runStaged } from './run-staged.ts'
import { Staging, type StagingOptions } from './staging.ts'

export interface SeedReport {
  readonly seed: number
  readonly draws: number
  readonly lives: number
  readonly epochs: number
  /** Number of input events. */
  readonly events: readonly number[]
  /** What struck, in order. */
  readonly strikes: readonly Strike[]
  /** How often faults, and what they met, happened. */
  readonly faults: ReadonlyMap<string, number>
  /** The sentence that is violated, or null. It begins with the number of the invariant. */
  readonly violation: string | null
}

/** In one seed of so many a disaster follows, and in one the same input in other batches. */
const SELDOM = { loss: 3, batches: 16 }

/** Runs one seed to its end. Never throws for a violation: it is in the report. */
export async function runSeed(seed: number, options: StagingOptions = {}): Promise<SeedReport> {
  const staging = new Staging(seed, options)
  const { simulation, watch } = staging
  const violation = (await runStaged(staging)) ?? (await afterwards(staging, options.only))
  return {
    seed,
    draws: simulation.draws,
    lives: staging.lives,
    epochs: watch.tasks.reduce((n, t) => n + (t.last?.epoch ?? 0), 0),
    events: staging.input.map(e => e.id),
    strikes: simulation.strikes,
    faults: simulation.tally.counts,
    violation: violation === null ? null : `${violation}\n${staging.standing}`,
  }
}

/** The number of the invariant that a sentence says is violated. */
export const invariantOf = (violation: string): string => violation.slice(0, violation.indexOf(':'))

async function afterwards(staging: Staging, only: ReadonlySet<number> | undefined): Promise<string | null> {
  const { chance, simulation } = staging
  if (chance.below(SELDOM.loss) === 0) return lossViolation(staging)
  return chance.below(SELDOM.batches) === 0 ? batchesViolation(simulation.seed, only) : null
}
