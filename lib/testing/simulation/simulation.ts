// A scheduler with a world of servers: what engine code runs in.
import type { Process } from './process.ts'
import { SimulatedClock } from './clock.ts'
import { Scheduler, type SimulationOptions } from './scheduler.ts'
import { portsOver, type SimulatedPorts, World } from './world.ts'
import { BEFALLS } from './world-faults.ts'

/** Calls per task that the cache can be rolled back. */
const CACHE_CALLS = 32

/** A process that is born again after every death. */
export interface Inhabitant {
  /** The present life; a dead one until the next begins. */
  readonly process: Process
  readonly lives: number
  /** 'ended': its body came to its end and does not begin again. */
  readonly state: 'runs' | 'dead' | 'ended'
}

export class Simulation extends Scheduler {
  readonly world: World
  /** Whether nobody has the task's cache open: then it may lose entries (exactly-once.md O3 finds out). */
  unattended: (task: string) => boolean = () => false

  constructor(seed: number, options: SimulationOptions = {}) {
    super(seed, options)
    this.world = new World(this.backstage, this.tally, CACHE_CALLS)
  }
  /** The process's own clients of the world. A new life needs new ones: these die with it. */
  ports(process: Process): SimulatedPorts {
    return portsOver(this.world, this.wire(process), new SimulatedClock(this, process), this.random)
  }
  /**
   * Runs `body` as a process of this name, and again as a new life some virtual time after each kill, until it comes to its end. What the
   * body throws ends the simulation: an engine handles its errors.
   */
  spawn(name: string, body: (ports: SimulatedPorts, process: Process) => Promise<void>): Inhabitant {
    const inhabitant = { process: this.process(name), lives: 0, state: 'runs' as Inhabitant['state'] }
    const live = (process: Process): void => {
      inhabitant.process = process
      inhabitant.lives++
      inhabitant.state = 'runs'
      process.atDeath(() => {
        if (inhabitant.state === 'ended') return
        inhabitant.state = 'dead'
        this.backstage.within(1_000, `restart ${name}`, () => live(this.process(name)))
      })
      body(this.ports(process), process).then(
        () => {
          inhabitant.state = 'ended'
        },
        error => this.fail(error),
      )
    }
    live(inhabitant.process)
    return inhabitant
  }
  override calm(): void {
    super.calm()
    this.world.broker.disk = 'free'
    for (const partition of this.world.broker.partitions) partition.learnEnd()
  }
  protected override worldFault(): void {
    const kind = this.fate.ofWorld(this.draws)
    const what = kind === null ? null : BEFALLS[kind]({ on: this, chance: this.fate.chanceAt(-this.draws) })
    this.world.broker.coordinator.justMarked = this.world.cache.justTouched = null
    if (kind === null || what === null) return
    this.tally.add(kind)
    this.fate.note(this.draws, kind)
    if (this.trace !== null) this.note(`${kind}: ${what}`)
  }
}
