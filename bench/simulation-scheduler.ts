// What a draw of the simulation costs, next to the barest way of letting promises settle (a microtask, then a tick) in the same run.
// node bench/simulation-scheduler.ts [draws per measurement, default 200,000]
import { CALM, CHAOS, type FaultRates } from '#lib/testing/simulation/faults.ts'
import { Simulation } from '#lib/testing/simulation/simulation.ts'
import type { SimulatedPorts } from '#lib/testing/simulation/world.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import { toyRun } from '../test/testing/simulation/toy.ts'

const DRAWS = Number(process.argv[2] ?? 200_000)
const TURNS = 300

async function micros(n: number, body: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await body()
  return ((performance.now() - before) * 1_000) / n
}
const tick = (): Promise<void> => new Promise(resolve => queueMicrotask(() => process.nextTick(resolve)))
async function ticks(): Promise<void> {
  for (let i = 0; i < DRAWS; i++) await tick()
}

/** Two processes that do the same for ever, until enough was drawn. */
async function drawn(faults: FaultRates, body: (ports: SimulatedPorts) => Promise<void>): Promise<void> {
  const simulation = new Simulation(1, { faults })
  simulation.world.broker.createTopic({ name: 'topic', partitions: 1, retention: 'forever' })
  for (const name of ['A', 'B'])
    simulation.spawn(name, async ports => {
      for (;;) await body(ports).catch(() => ports.clock.sleep(10))
    })
  await simulation.run(() => false, { limit: DRAWS })
}
const columns = columnsOf([{ time: 0, key: 'key', value: 'value' }])
const reads = async ({ cache }: SimulatedPorts): Promise<void> => {
  for (let i = 0; i < TURNS; i++) await cache.read('task', 'store', [])
}
const commits = async ({ log }: SimulatedPorts): Promise<void> => {
  const producer = log.producer('id')
  await producer.fence()
  for (let i = 0; i < TURNS; i++)
    await producer.commit({
      offsets: { group: 'g', metadata: 'm', offsets: [{ topic: 'topic', partition: 0, next: i }] },
      writes: [{ topic: 'topic', partition: 0, columns }],
    })
}

await ticks()
const barest = await micros(DRAWS, ticks)
console.log(`${'one settling of all promises, nothing else'.padEnd(48)} ${barest.toFixed(2).padStart(6)} µs`)
const lines: readonly (readonly [string, FaultRates, (ports: SimulatedPorts) => Promise<void>])[] = [
  ['cache reads, calm', CALM, reads],
  ['cache reads, chaos', CHAOS, reads],
  ['commits of two owners that fence each other, calm', CALM, commits],
  ['commits of two owners that fence each other, chaos', CHAOS, commits],
]
for (const [name, faults, body] of lines) {
  await drawn(faults, body)
  const cost = await micros(DRAWS, () => drawn(faults, body))
  console.log(`${name.padEnd(48)} ${cost.toFixed(2).padStart(6)} µs a draw   ${(cost / barest).toFixed(1)} ×`)
}

const SEEDS = 100
let draws = 0
const seeds = async (): Promise<void> => {
  draws = 0
  for (let seed = 1; seed <= SEEDS; seed++) draws += (await toyRun(seed)).simulation.draws
}
await seeds()
const cost = await micros(SEEDS, seeds)
console.log(
  `toy system of five processes, I2 after every draw: ${Math.round(draws / SEEDS)} draws a seed, ${((cost * SEEDS) / draws).toFixed(2)} µs a draw, ` +
    `${Math.round(60_000_000 / cost).toLocaleString('en')} seeds a minute`,
)
