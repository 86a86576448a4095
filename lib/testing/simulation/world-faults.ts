// What befalls the servers and the clocks between two draws.
import type { FaultRates, WorldFault } from './faults.ts'
import type { Outage } from './judgement.ts'
import type { Process } from './process.ts'
import type { SeededRandom } from './random.ts'
import type { Backstage } from './wire.ts'
import type { World } from './world.ts'

export interface Victims {
  outage: Outage | null
  readonly world: World
  readonly random: SeededRandom
  readonly backstage: Backstage
  readonly alive: readonly Process[]
  /** Virtual time, ms. */
  readonly time: number
}
/** Null when there was nothing it could befall; else what happened, for the trace. */
type Befall = (victims: Victims) => string | null

const HOUR = 3_600_000

export const WORLD_FAULTS: Readonly<Record<WorldFault, Befall>> = {
  'cache rolled back': ({ world, random }) => {
    const tasks = world.cache.tasks.filter(task => world.cache.remembered(task) > 0)
    if (tasks.length === 0) return null
    const chosen = random.below(4) === 0 ? tasks : [random.pick(tasks)]
    for (const task of chosen) world.cache.rollBack(task, random.between(1, world.cache.remembered(task)))
    return chosen.map(task => `${task} to ${world.cache.stamp(task)}`).join(', ')
  },
  'cache lost': ({ world, random }) => {
    const tasks = world.cache.tasks.filter(task => world.cache.stamp(task) !== null)
    if (tasks.length === 0) return null
    const chosen = random.below(4) === 0 ? tasks : [random.pick(tasks)]
    for (const task of chosen) world.cache.lose(task)
    return chosen.join(', ')
  },
  'clock jump': ({ random, alive, time, backstage }) => {
    if (alive.length === 0) return null
    const process = random.pick(alive)
    if (random.below(3) > 0) {
      const by = random.between(-HOUR, HOUR)
      process.skew += by
      return `${process} by ${by} ms`
    }
    if (process.frozenAt !== null) return null
    process.frozenAt = time
    backstage.within(60_000, 'clock.goes', () => {
      process.frozenAt = null
    })
    return `${process} stands still`
  },
  'leader move': ({ world, random, backstage }) => {
    const partitions = world.broker.partitions.filter(p => p.entries.length > 0)
    if (partitions.length === 0) return null
    const partition = random.pick(partitions)
    partition.moveLeader(random.between(1, 5))
    backstage.within(3_000, 'log.leader', () => partition.learnEnd())
    return `${partition.topic}/${partition.number} knows ${partition.known} of ${partition.end}`
  },
  'member evicted': ({ world, random, backstage }) => {
    const groups = world.broker.groups.filter(g => g.members.length > 0)
    if (groups.length === 0) return null
    const group = random.pick(groups)
    const member = random.pick(group.members)
    group.evict(member)
    backstage.within(5_000, 'log.rejoin', () => group.join(member))
    return 'a member'
  },
  'disk full': ({ world, backstage }) => {
    if (world.broker.disk === 'full') return null
    world.broker.disk = 'full'
    backstage.within(5_000, 'log.disk', () => {
      world.broker.disk = 'free'
    })
    return 'for a while'
  },
  outage: victims => {
    const { random, alive, backstage } = victims
    if (victims.outage !== null) return null
    const outage = { of: random.pick(SERVERS), for: random.below(2) === 0 || alive.length === 0 ? null : random.pick(alive) }
    victims.outage = outage
    backstage.after(random.pick([500, 5_000, 60_000]), 'outage.over', () => {
      if (victims.outage === outage) victims.outage = null
    })
    return `${outage.of}* for ${outage.for ?? 'everyone'}`
  },
}
/** By the beginning of their points. */
const SERVERS = ['log.', 'cache.', 'tables.', 'registry.']

const KINDS = Object.keys(WORLD_FAULTS) as readonly WorldFault[]
/** One throw for all kinds. */
export class WorldDice {
  readonly #rates: FaultRates
  readonly #any: number
  constructor(rates: FaultRates) {
    this.#rates = rates
    this.#any = KINDS.reduce((sum, kind) => sum + rates[kind], 0)
  }
  throw(random: SeededRandom): WorldFault | null {
    let x = random.next()
    if (x >= this.#any) return null
    for (const kind of KINDS) if ((x -= this.#rates[kind]) < 0) return kind
    return null
  }
}
