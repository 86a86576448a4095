// The servers that all processes share, and one process's ports to them.
import { openMemoryRegistry } from '../../adapters/registry/memory.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { Registry } from '../../ports/registry.ts'
import { Broker } from './broker.ts'
import { CacheServer } from './cache-server.ts'
import { ManualClock } from './clock.ts'
import { Database } from './database.ts'
import { Tally } from './faults.ts'
import { type FeedSource, SimulatedFeed } from './feed.ts'
import { SeededRandom } from './random.ts'
import { SimulatedLog } from './record-log.ts'
import { SimulatedRegistry } from './registry.ts'
import { SimulatedStateCache } from './state-cache.ts'
import { SimulatedTables } from './tables.ts'
import { type Backstage, DIRECT, IMMEDIATE, type Wire } from './wire.ts'

export class World {
  readonly broker: Broker
  readonly cache: CacheServer
  readonly database: Database
  readonly registry: Registry = openMemoryRegistry()
  /** @param cacheCalls how many calls per task the cache can be rolled back */
  constructor(backstage: Backstage = IMMEDIATE, tally: Tally = new Tally(), cacheCalls = 0) {
    this.broker = new Broker(backstage, tally)
    this.cache = new CacheServer(cacheCalls)
    this.database = new Database(tally)
  }
}

export interface SimulatedPorts {
  readonly log: SimulatedLog
  readonly cache: SimulatedStateCache
  readonly tables: SimulatedTables
  readonly registry: SimulatedRegistry
  readonly clock: Clock
  readonly random: Random
  /** Opens a feed over what is fed. */
  feed(source: FeedSource): SimulatedFeed
}

/** Clients of the world's servers over one wire. */
export function portsOver(world: World, wire: Wire, clock: Clock, random: Random): SimulatedPorts {
  return {
    log: new SimulatedLog(world.broker, wire),
    cache: new SimulatedStateCache(world.cache, wire),
    tables: new SimulatedTables(world.database, wire, world.broker.backstage),
    registry: new SimulatedRegistry(world.registry, wire),
    clock,
    random,
    feed: source => new SimulatedFeed(source, wire),
  }
}

/** Ports without a scheduler: every call happens at once, time stands still until `clock.advance`. */
export function directPorts(
  world: World = new World(),
  clock: ManualClock = new ManualClock(),
  random: Random = new SeededRandom(1),
): SimulatedPorts & { readonly clock: ManualClock } {
  return { ...portsOver(world, DIRECT, clock, random), clock }
}
