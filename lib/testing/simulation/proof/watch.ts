// Looks at everything that can be looked at while the job runs, as soon as it has changed.
import { ledgerTopic } from '../../../engine/ledger.ts'
import type { Plan } from '../../../model/plan.ts'
import { FoldedOffsets, WholeTransactions } from '../oracle.ts'
import type { World } from '../world.ts'
import { CacheWatch } from './cache-watch.ts'
import { Excuses } from './excuses.ts'
import { APP, events, type Shape, STREAM, viaOf } from './job.ts'
import { LedgerWatch } from './ledger-watch.ts'
import { TableWatch } from './table-watch.ts'
import { WholeEpochs } from './whole-epochs.ts'
import type { Witness } from './witness.ts'

export class Watch {
  readonly #world: World
  readonly #plan: Plan
  readonly #shape: Shape
  readonly #witness: Witness
  readonly #whole: WholeTransactions
  readonly #epochs: WholeEpochs
  readonly #offsets: FoldedOffsets
  readonly #tables: TableWatch
  #tasks: readonly LedgerWatch[] = []
  #caches: readonly CacheWatch[] = []
  /** Versions of log, cache and tables that have been looked at. */
  #log = -1
  #cache = -1
  #database = -1

  constructor(world: World, plan: Plan, shape: Shape, witness: Witness) {
    this.#world = world
    this.#plan = plan
    this.#shape = shape
    this.#witness = witness
    this.#whole = new WholeTransactions(world.broker)
    this.#epochs = new WholeEpochs(world.broker.coordinator)
    this.#offsets = new FoldedOffsets(world.broker)
    this.#tables = new TableWatch(world, shape.partitions)
  }
  /** One per partition; none before the job is deployed. */
  get tasks(): readonly LedgerWatch[] {
    return this.#tasks
  }
  /** The sentence that is violated, or null. After every draw: it looks only at what has changed since the last. */
  violation(): string | null {
    const { broker, cache, database } = this.#world
    if (this.#witness.violation !== null) return this.#witness.violation
    const [logMoved, cacheMoved] = [broker.coordinator.version !== this.#log, cache.version !== this.#cache]
    const tablesMoved = database.version !== this.#database
    this.#log = broker.coordinator.version
    this.#cache = cache.version
    this.#database = database.version
    return (
      (logMoved ? this.#ofLog() : null) ??
      (logMoved || cacheMoved ? this.#ofCache() : null) ??
      (tablesMoved ? this.#tables.violation() : null)
    )
  }
  #ofLog(): string | null {
    if (this.#tasks.length === 0 && this.#isDeployed()) this.#deployed()
    const torn = this.#epochs.violation()
    if (torn !== null) return torn
    for (const task of this.#tasks) {
      const found = task.violation()
      if (found !== null) return found
    }
    return this.#whole.violation() ?? this.#offsets.violation()
  }
  #ofCache(): string | null {
    for (const cache of this.#caches) {
      const found = cache.violation()
      if (found !== null) return found
    }
    return null
  }
  #isDeployed(): boolean {
    const { broker } = this.#world
    return [ledgerTopic(APP, STREAM), events.name, viaOf(this.#shape)].every(name => name === null || broker.topic(name) !== null)
  }
  #deployed(): void {
    const excuses = new Excuses()
    this.#tasks = Array.from(
      { length: this.#shape.partitions },
      (_, p) => new LedgerWatch(this.#world, this.#plan, this.#shape, p, this.#witness, excuses),
    )
    this.#caches = this.#tasks.map(task => new CacheWatch(this.#world, task))
  }
}
