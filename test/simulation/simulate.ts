// npm run simulate -- [--seeds N] [--first S] [--mutant NAME|all] | --seed S [--only IDS] [--strikes LIST] [--order N] [--mutant NAME] [--trace]
// The job of lib/testing/simulation/proof under faults, seed after seed. A seed that fails is made as small as it can be, and what runs it again is printed.
import { parseArgs } from 'node:util'
import type { SeedReport } from '#lib/testing/simulation/proof/run.ts'
import { shrunk } from '#lib/testing/simulation/proof/shrink.ts'
import { mutants } from './mutants/list.ts'
import { proofWith } from './mutated.ts'
import { commandOf, optionsOf } from './replay.ts'
import { searched } from './search.ts'
import { seedsFrom } from './seeds.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string' },
    strikes: { type: 'string' },
    order: { type: 'string' },
    trace: { type: 'boolean', default: false },
    mutant: { type: 'string' },
  },
})
const [first, seeds] = [Number(values.first), Number(values.seeds)]
/** Failing seeds that are made small: what comes after them has most likely the same cause. */
const SHRUNK = 3

/** One seed, or a part of its events and faults, with its trace if asked for. */
async function one(seed: number): Promise<boolean> {
  const { runSeed } = await proofWith(values.mutant ?? null)
  const report = await runSeed(seed, { ...optionsOf(values), ...(values.trace ? { trace: line => console.log(line) } : {}) })
  console.log(report)
  if (report.violation !== null && !values.trace) await tellSmallest(report, values.mutant ?? null)
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
  let told = 0
  const { epochs, strikes, draws, happened, failed } = await seedsFrom(first, seeds, async report => {
    console.log(`seed ${report.seed}, after ${report.draws} draws: ${report.violation}`)
    if (told++ < SHRUNK) await tellSmallest(report, null)
    else console.log(`  again: npm run simulate -- --seed ${report.seed} --trace`)
  })
  for (const [what, n] of [...happened].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${String(n).padStart(9)}  ${what}`)
  const { user, system } = process.cpuUsage()
  const [seconds, cpu] = [(performance.now() - started) / 1_000, (user + system) / 1e6]
  const each = (n: number): string => (n / seeds).toFixed(1)
  console.log(`per seed: ${each(epochs)} epochs, ${each(strikes)} faults, ${each(draws)} draws`)
  console.log(
    `${seeds} seeds, ${epochs} epochs, ${failed.length} with a violation, ${seconds.toFixed(1)} s, ${((seeds / seconds) * 60).toFixed(0)} seeds a minute (${((seeds / cpu) * 60).toFixed(0)} per minute of CPU)`,
  )
  return failed.length === 0
}

async function tellSmallest(found: SeedReport, mutant: string | null): Promise<void> {
  const { runSeed } = await proofWith(mutant)
  const small = await shrunk(found, runSeed)
  const { report, runs, end } = small
  console.log(
    `  ${end === 'smallest' ? 'smallest' : 'smaller'} (${runs} runs): ${report.events.length} of ${found.events.length} events, ${report.strikes.length} of ${found.strikes.length} faults, ${report.draws} draws: ${report.violation!.split('\n', 1)[0]}`,
  )
  for (const { draw, fault } of report.strikes) console.log(`    draw ${String(draw).padStart(5)}: ${fault}`)
  console.log(`  again: ${commandOf(small, mutant)}`)
}

const passed = values.seed !== undefined ? await one(Number(values.seed)) : values.mutant !== undefined ? await broken() : await many()
process.exitCode = passed ? 0 : 1
