// Many seeds, and what happened in them.
import { type CallFault, CALM } from '#lib/testing/simulation/faults.ts'
import { runSeed, type SeedReport } from '#lib/testing/simulation/proof/run.ts'

export interface Seeds {
  readonly seeds: number
  readonly epochs: number
  readonly strikes: number
  readonly draws: number
  /** How often faults, and what they met, happened. */
  readonly happened: ReadonlyMap<string, number>
  /** Those that violate something. */
  readonly failed: readonly SeedReport[]
}
export const NO_SEEDS: Seeds = { seeds: 0, epochs: 0, strikes: 0, draws: 0, happened: new Map(), failed: [] }

export async function seedsFrom(
  first: number,
  seeds: number,
  onFailure: (report: SeedReport) => Promise<void> = async () => {},
): Promise<Seeds> {
  let [epochs, strikes, draws] = [0, 0, 0]
  const happened = new Map<string, number>()
  const failed: SeedReport[] = []
  for (let seed = first; seed < first + seeds; seed++) {
    const report = await runSeed(seed)
    epochs += report.epochs
    draws += report.draws
    strikes += report.strikes.length
    count(happened, report.faults)
    if (report.violation === null) continue
    failed.push(report)
    await onFailure(report)
  }
  return { seeds, epochs, strikes, draws, happened, failed }
}

export function together(a: Seeds, b: Seeds): Seeds {
  const happened = new Map(a.happened)
  count(happened, b.happened)
  return {
    seeds: a.seeds + b.seeds,
    epochs: a.epochs + b.epochs,
    strikes: a.strikes + b.strikes,
    draws: a.draws + b.draws,
    happened,
    failed: [...a.failed, ...b.failed],
  }
}

/** Runs a calm seed with this fault at its `at`th possible call, for each `at` below `calls`. @returns how often it struck, and what it violated */
export async function struckInTurn(
  seed: number,
  fault: CallFault,
  calls: number,
): Promise<{ readonly struck: number; readonly violations: readonly string[] }> {
  let struck = 0
  const violations: string[] = []
  for (let at = 0; at < calls; at++) {
    let n = 0
    const { violation } = await runSeed(seed, {
      faults: CALM,
      decide: ({ possible }) => (possible.includes(fault) && n++ === at ? (struck++, fault) : null),
    })
    if (violation !== null) violations.push(`'${fault}' at call ${at}: ${violation}`)
  }
  return { struck, violations }
}

function count(into: Map<string, number>, some: ReadonlyMap<string, number>): void {
  for (const [what, n] of some) into.set(what, (into.get(what) ?? 0) + n)
}
