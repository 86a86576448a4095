// Simulated ports keep the contracts that the real adapters keep, with a scheduler that draws every call and without one: else a simulation would prove nothing about them.
import { CALM, type FaultRates } from '#lib/testing/simulation/faults.ts'
import { FeedSource, SimulatedFeed } from '#lib/testing/simulation/feed.ts'
import { Simulation } from '#lib/testing/simulation/simulation.ts'
import { directPorts, type SimulatedPorts, World } from '#lib/testing/simulation/world.ts'
import { feedConformance } from '#lib/testing/conformance/feed.ts'
import { recordLogConformance } from '#lib/testing/conformance/record-log.ts'
import { registryConformance } from '#lib/testing/conformance/registry.ts'
import { stateCacheConformance } from '#lib/testing/conformance/state-cache.ts'
import { tablesPortConformance } from '#lib/testing/conformance/tables-port.ts'

interface Opened {
  readonly world: World
  /** New clients of the same servers. */
  readonly client: () => SimulatedPorts
  readonly dispose: () => void
}

function direct(): Opened {
  const world = new World()
  return { world, client: () => directPorts(world), dispose: () => {} }
}

let seed = 0
/** A simulation that goes on by itself while the test waits for its ports. */
function scheduled(faults: FaultRates): Opened {
  const simulation = new Simulation(++seed, { faults })
  let done = false
  void (async () => {
    while (!done) {
      await simulation.run(() => done)
      await new Promise(resolve => setImmediate(resolve))
    }
  })()
  return {
    world: simulation.world,
    client: () => simulation.ports(simulation.process('test')),
    dispose: () => {
      done = true
    },
  }
}

/** What the contracts allow at any time: late answers, parts of what is there, standing still. */
const SLOW: FaultRates = { ...CALM, delay: 0.1, pause: 0.01, 'short fetch': 0.3 }

const ways: readonly (readonly [string, () => Opened])[] = [
  ['simulated, without a scheduler', direct],
  ['simulated, drawn by a scheduler', () => scheduled(CALM)],
  ['simulated, drawn late and out of order', () => scheduled(SLOW)],
]

for (const [name, open] of ways) {
  recordLogConformance(name, async () => {
    const { client, dispose } = open()
    const { log } = client()
    return {
      log,
      tooLarge: 2_000_000,
      reopen: async () => {
        await log.close()
        return client().log
      },
      dispose: async () => {
        await log.close()
        dispose()
      },
    }
  })

  stateCacheConformance(name, async () => {
    const { client, dispose } = open()
    return { cache: client().cache, dispose: async () => dispose() }
  })

  tablesPortConformance(name, async () => {
    const { world, client, dispose } = open()
    const opened = () => ({
      tables: client().tables,
      rows: async (table: { readonly name: string }) => world.database.rows(table.name),
      reopen: async () => opened(),
      dispose: async () => dispose(),
    })
    return opened()
  })

  registryConformance(name, async () => {
    const { client, dispose } = open()
    const { registry } = client()
    return {
      registry,
      dispose: async () => {
        await registry.close()
        dispose()
      },
    }
  })

  for (const end of ['bounded', 'unbounded'] as const)
    feedConformance(`${name} (${end})`, end, async () => {
      const { client, dispose } = open()
      const records = Array.from({ length: 12 }, (_, i) => ({
        time: i,
        key: `k${i}`,
        value: i === 5 ? null : 'v'.repeat(i * 10),
        headers: i % 3 === 0 ? [['h', String(i)] as const] : [],
      }))
      const source = new FeedSource('fed', records, end, 3)
      const feed = (): SimulatedFeed => client().feed(source)
      return {
        feed: feed(),
        reopen: async () => feed(),
        ...(end === 'unbounded' ? { more: () => source.push({ time: 99, key: null, value: 'more' }) } : {}),
        dispose: async () => dispose(),
      }
    })
}
