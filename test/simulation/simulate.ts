// npm run simulate -- [--seeds N] [--first S] [--mutant NAME|all] | [--seed S [--trace]]: the job of lib/testing/simulation/proof under faults, seed after seed.
import { parseArgs } from 'node:util'
import { runSeed } from '#lib/testing/simulation/proof/run.ts'
import { mutants } from './mutants/list.ts'
import { proofWith } from './mutated.ts'
import { searched } from './search.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    mutant: { type: 'string' },
  },
})
const [first, seeds] = [Number(values.first), Number(values.seeds)]

/** One seed, with its trace if asked for. */
async function one(seed: number): Promise<boolean> {
  const { runSeed: run } = await proofWith(values.mutant ?? null)
  const report = await run(seed, values.trace ? { trace: line => console.log(line) } : {})
  console.log(report)
  return report.violation === null
}

/** Mutants, each until it is found. */
async function broken(): Promise<boolean> {
  let survivors = 0
  for (const mutant of mutants.filter(m => values.mutant === 'all' || m.name === values.mutant)) {
    const { at, invariant } = await searched(mutant, first, seeds)
    if (at === null) survivors++
    console.log(
      `${mutant.name.padEnd(36)} ${mutant.rule.padEnd(9)} ${at === null ? `not found in ${seeds} seeds` : `seed ${at}`.padEnd(9)} ${invariant ?? ''}`,
    )
  }
  return survivors === 0
}

/** Many seeds, and what happened in them. */
async function many(): Promise<boolean> {
  Error.stackTraceLimit = 0 // most errors are meant to happen; one seed alone shows where they come from
  const started = performance.now()
  const faults = new Map<string, number>()
  let [failed, epochs] = [0, 0]
  for (let seed = first; seed < first + seeds; seed++) {
    const report = await runSeed(seed)
    epochs += report.epochs
    for (const [what, n] of report.faults) faults.set(what, (faults.get(what) ?? 0) + n)
    if (report.violation === null) continue
    failed++
    console.log(`seed ${seed}, after ${report.draws} draws: ${report.violation}\n  again: npm run simulate -- --seed ${seed} --trace`)
  }
  for (const [what, n] of [...faults].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${String(n).padStart(9)}  ${what}`)
  const seconds = (performance.now() - started) / 1_000
  console.log(
    `${seeds} seeds, ${epochs} epochs, ${failed} with a violation, ${seconds.toFixed(1)} s, ${((seeds / seconds) * 60).toFixed(0)} seeds a minute`,
  )
  return failed === 0
}

const passed = values.seed !== undefined ? await one(Number(values.seed)) : values.mutant !== undefined ? await broken() : await many()
process.exitCode = passed ? 0 : 1
