/**
 * Simulated ports on which the engine is proven (exactly-once.md §8), and on which a test driver can run it without waiting.
 *
 * A `Simulation` is a seed, a world of servers (log, cache, tables, registry) and a scheduler. Every port call waits on one list before its effect
 * and again before its reply; the seed draws what goes on, and which faults strike. The same seed gives the same run to the last draw.
 *
 * ```ts
 * const simulation = new Simulation(seed)                       // faults: a swarm of rates from the seed; or { faults: CALM | CHAOS | own rates }
 * const { world } = simulation                                  // the servers themselves, for preparing and for looking
 * world.broker.createTopic({ name: 'in', partitions: 1, retention: 'forever' })
 *
 * for (const name of ['A', 'B'])                                // two owners of everything: assignment is adversarial
 *   simulation.spawn(name, async (ports, process) => {          // runs again as a new life, with new ports, some time after each kill
 *     await engineOn(ports)                                     // ports: { log, cache, tables, registry, clock, random, feed(source) }
 *   })                                                          // what the body throws fails the run
 *
 * const check = () => { const s = whole.violation(); if (s !== null) throw new Error(s) }
 * await simulation.run(() => false, { limit: 500, check })      // chaos: 500 draws, `check` after each
 * simulation.calm()                                             // no faults any more; what was held back goes on
 * const end = await simulation.run(() => everythingIsDone(), { limit: 20_000, check })
 * if (end !== 'reached') throw new Error(`seed ${seed} is not live: ${end}`)
 * ```
 *
 * - **By hand**: `const p = simulation.process('A')` is one life, `simulation.ports(p)` its clients; `p.kill()` drops all its continuations: promises
 *   that never settle, and no later call of it does anything. Half of the requests it has sent still arrive. `simulation.call(p, 'point', effect)` is
 *   one call of it, `simulation.step()` one draw.
 * - **At every point in turn**: `new Simulation(seed, { decide: point => fault | null })` asks at every draw instead of throwing dice; `point` says draw,
 *   stage, name of the call (`log.begin`, `log.append`, `log.end`, `cache.apply`, `tables.commit`, …), process and which faults are possible.
 * - **Time** is virtual: a draw takes 0 … 2 ms, sleeps end in the order of time, sooner or later among the other draws. Wall clocks jump, per process.
 * - **Simulated code** waits for ports and promises only, never for real timers or I/O: then nothing but the seed decides.
 * - **Looking**: `oracle.ts` reads what a read-committed reader would see, with the producer epoch of every record (I2, I6, I12);
 *   `world.cache.content(task)` and `world.database.rows(table)` are what cache and tables hold now; `simulation.tally` counts faults and what they met.
 * - **A failure** names seed and draw; `new Simulation(seed, { trace: console.log })` prints one line per draw.
 *
 * Without a scheduler, `directPorts(world)` gives the same ports over the same servers with every call happening at once and a clock that moves by
 * `clock.advance(ms)`. Both ways, and with late answers too, the ports pass the conformance suites of `../conformance`.
 */
export { type StoredOffset } from './broker.ts'
export { BEGINNING, ManualClock } from './clock.ts'
export { CALM, type CallFault, CHAOS, type Fault, type FaultRates, swarm, Tally, type WorldFault } from './faults.ts'
export { type FeedRecord, FeedSource, SimulatedFeed } from './feed.ts'
export type { DrawPoint, Outage } from './judgement.ts'
export {
  committedRecords,
  CommittedTail,
  committedTransactions,
  FoldedOffsets,
  offsetsViolation,
  OneEpochBetweenBarriers,
  type SeenRecord,
  type SeenTransaction,
  tornViolation,
  unstableViolation,
  WholeTransactions,
} from './oracle.ts'
export type { Process } from './process.ts'
export { SeededRandom } from './random.ts'
export { SimulatedLog } from './record-log.ts'
export { SimulatedRegistry } from './registry.ts'
export { type RunEnd, type RunOptions, Scheduler, type SimulationOptions } from './scheduler.ts'
export { type Inhabitant, Simulation } from './simulation.ts'
export { SimulatedStateCache } from './state-cache.ts'
export { SimulatedTables } from './tables.ts'
export { directPorts, portsOver, type SimulatedPorts, World } from './world.ts'
