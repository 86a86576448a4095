// npm run simulate -- [--seeds N] [--first S] | [--seed S --trace]: the job of lib/testing/simulation/proof under faults, seed after seed.
import { parseArgs } from 'node:util'
import { runSeed } from '#lib/testing/simulation/proof/run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})
if (values.seed !== undefined) {
  const report = await runSeed(Number(values.seed), values.trace ? { trace: line => console.log(line) } : {})
  console.log(report)
  process.exitCode = report.violation === null ? 0 : 1
} else {
  const started = performance.now()
  const first = Number(values.first)
  const faults = new Map<string, number>()
  let failed = 0
  let epochs = 0
  for (let seed = first; seed < first + Number(values.seeds); seed++) {
    const report = await runSeed(seed)
    epochs += report.epochs
    for (const [what, n] of report.faults) faults.set(what, (faults.get(what) ?? 0) + n)
    if (report.violation !== null) {
      failed++
      console.log(`seed ${seed}, after ${report.draws} draws: ${report.violation}\n  again: npm run simulate -- --seed ${seed} --trace`)
    }
  }
  for (const [what, n] of [...faults].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${String(n).padStart(9)}  ${what}`)
  console.log(
    `${values.seeds} seeds, ${epochs} epochs, ${failed} with a violation, ${((performance.now() - started) / 1_000).toFixed(1)} s`,
  )
  process.exitCode = failed === 0 ? 0 : 1
}
