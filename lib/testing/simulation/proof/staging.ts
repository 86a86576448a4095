// A seed's job on its stage: two processes that run it, whatever befalls them, and what can be asked about them.
import type { Tuning } from '../../../engine/environment.ts'
import type { Life, OpenTask } from '../../../engine/life.ts'
import { Worker } from '../../../engine/worker.ts'
import { isRetriable } from '../../../model/errors.ts'
import { planOfProcessor, type Processor } from '../../../stages/processor.ts'
import { type Observer, SILENT } from '../../../ports/observer.ts'
import { HAVOC, swarm } from '../faults.ts'
import type { Process } from '../process.ts'
import { SeededRandom } from '../random.ts'
import type { SimulationOptions } from '../scheduler.ts'
import { type Inhabitant, Simulation } from '../simulation.ts'
import type { SimulatedPorts } from '../world.ts'
import { eventsOf, shapeOf, tuningOf } from './input.ts'
import { type Theme, themed, THEMES } from './themes.ts'
import { APP, type Event, events, jobOf, type Shape } from './job.ts'
import { Watch } from './watch.ts'
import { Witness } from './witness.ts'

export interface StagingOptions extends SimulationOptions {
  /** In place of some of what the seed decides. */
  readonly shape?: Partial<Shape>
  /** Only these events, by their ids. */
  readonly only?: ReadonlySet<number>
}

export class Staging {
  readonly simulation: Simulation
  readonly theme: Theme
  readonly shape: Shape
  readonly input: readonly Event[]
  readonly watch: Watch
  readonly witness: Witness
  /** What the seed decides about the course of things, apart from faults and order. */
  readonly chance: SeededRandom
  readonly #job: readonly [Processor, Processor]
  readonly #tuning: Partial<Tuning>
  readonly #workers = new Set<Worker>()
  #inhabitants: readonly Inhabitant[] = []
  /** Why a task has stopped for good. */
  stopped: string | null = null

  constructor(seed: number, { shape, only, ...options }: StagingOptions = {}) {
    this.chance = new SeededRandom(~seed)
    this.theme = this.chance.pick(THEMES)
    this.shape = { ...shapeOf(this.chance, this.theme), ...shape }
    const input = eventsOf(this.chance, this.chance.between(10, this.theme === 'memory' ? 60 : 40), this.shape)
    this.input = only === undefined ? input : input.filter(e => only.has(e.id))
    const faults = themed(swarm(new SeededRandom(seed), HAVOC), this.theme)
    this.simulation = new Simulation(seed, { faults, ...options })
    this.#job = jobOf(this.shape)
    this.#tuning = tuningOf(this.chance, this.theme)
    const { world } = this.simulation
    this.witness = new Witness(world)
    this.watch = new Watch(world, planOfProcessor(this.#job[0]), this.shape, this.witness)
    world.broker.createTopic({ name: events.name, partitions: this.shape.partitions, retention: 'forever' })
    this.simulation.unattended = task => !this.witness.isOpen(task)
  }
  /** Brings the two processes to life. */
  begin(): void {
    this.#inhabitants = ['one', 'two'].map(name => this.simulation.spawn(name, (ports, process) => this.#live(ports, process)))
  }
  /** Both processes die, and begin again some time later. */
  kill(): void {
    for (const { process } of this.#inhabitants) process.kill()
  }
  get lives(): number {
    return this.#inhabitants.reduce((n, i) => n + i.lives, 0)
  }
  /** Tells every task to drain, and says whether all of them are drained, wherever they live. */
  get drained(): boolean {
    this.witness.draining = true
    const lives = this.#lives()
    for (const life of lives) if (life.mode === 'running') life.drain()
    for (const life of lives) if (!life.drained) return false
    if (!this.#inhabitants.every(i => i.state === 'runs')) return false
    return new Set(lives.map(l => `${l.labels.processor}/${l.labels.partition}`)).size === 2 * this.shape.partitions
  }
  /** For people: where every task stands. */
  get standing(): string {
    const lives = this.#lives().map(l => `${l.labels.processor}/${l.labels.partition} ${l.state}${l.drained ? ', drained' : ''}`)
    const groups = this.simulation.world.broker.groups.map(g => g.members.map(m => `[${m.assigned.join()}]`).join(' '))
    return `tasks: ${lives.join('; ')}\ngroups: ${groups.join('; ')}`
  }
  #lives(): readonly Life<OpenTask>[] {
    return [...this.#workers].flatMap(w => w.lives())
  }
  async #live(ports: SimulatedPorts, process: Process): Promise<void> {
    const { tables, registry, clock, random } = ports
    const { log, cache } = this.witness.around(ports.log, ports.cache, process)
    const observer: Observer = {
      ...SILENT,
      failure: ({ processor, partition }, { code, message, retryInMs }) => {
        if (retryInMs === null) this.stopped ??= `${processor}/${partition}: ${code}: ${message}`
      },
    }
    const worker = new Worker(
      { log, cache, tables, registry, clock, random, feeds: new Map(), observer },
      { app: APP, partitions: this.shape.partitions, tuning: this.#tuning },
    )
    this.#workers.add(worker)
    process.atDeath(() => this.#workers.delete(worker))
    for (const processor of this.#job) await started(worker, processor, clock)
    await new Promise<never>(() => {})
  }
}

async function started(worker: Worker, processor: Processor, clock: SimulatedPorts['clock']): Promise<void> {
  for (;;) {
    try {
      await worker.start(processor)
      return
    } catch (error) {
      if (!isRetriable(error)) throw error
      await clock.sleep(50)
    }
  }
}
