// One life of the driven process: a worker over the world's servers, until it is killed.
import { type Ports, type Tuning, TUNING } from '../../engine/environment.ts'
import { Worker } from '../../engine/worker.ts'
import { MillraceError } from '../../model/errors.ts'
import type { Feed } from '../../ports/feed.ts'
import { type LateEvent, type Observer, SILENT } from '../../ports/observer.ts'
import type { Processor } from '../../stages/processor.ts'
import type { ManualClock } from '../simulation/clock.ts'
import { FeedSource } from '../simulation/feed.ts'
import type { SeededRandom } from '../simulation/random.ts'
import { portsOver, type World } from '../simulation/world.ts'
import { LifeClock } from './life-clock.ts'
import { MortalFeed } from './mortal-feed.ts'
import { MortalWire } from './mortal-wire.ts'

export const APP = 'driven'

/** What tasks tell the test, as long as they live. */
export interface Telling {
  late(processor: string, event: LateEvent): void
  dropped(processor: string, dropped: Readonly<Record<string, number>>): void
}

export interface LifeOptions {
  readonly world: World
  readonly clock: ManualClock
  readonly random: SeededRandom
  readonly processors: readonly Processor[]
  readonly feeds: ReadonlyMap<string, FeedSource | Feed>
  readonly partitions: number
  readonly tuning: Partial<Tuning>
  readonly tell: Telling
}

export class DrivenLife {
  readonly worker: Worker
  readonly wire: MortalWire
  /** Comes when it dies. */
  readonly death: Promise<void>
  readonly #clock: LifeClock
  /** The first error that any task told, or that kept a processor from starting. */
  failure: { readonly error: unknown } | null = null
  #state: 'starting' | 'started' = 'starting'

  constructor({ world, clock, random, processors, feeds, partitions, tuning, tell }: LifeOptions) {
    const wire = (this.wire = new MortalWire(random))
    this.#clock = new LifeClock(clock)
    wire.atDeath(() => this.#clock.kill())
    this.death = new Promise(resolve => wire.atDeath(resolve))
    const { feed, ...servers } = portsOver(world, wire, this.#clock, random)
    const opened = [...feeds].map(([name, of]) => [name, of instanceof FeedSource ? feed(of) : new MortalFeed(of, wire)] as const)
    const observer: Observer = {
      ...SILENT,
      late: ({ processor }, event) => {
        if (!wire.dead) tell.late(processor, event)
      },
      epoch: ({ processor }, { dropped }) => {
        if (!wire.dead) tell.dropped(processor, dropped)
      },
      failure: (_task, { code, message, where }) => {
        if (!wire.dead) this.failure ??= { error: new MillraceError(code, message, { where }) }
      },
    }
    const ports: Ports = { ...servers, feeds: new Map(opened), observer }
    this.worker = new Worker(ports, { app: APP, partitions, tuning: { ...TUNING, rx: 'compared', ...tuning } })
    void this.#start(processors)
  }
  get dead(): boolean {
    return this.wire.dead
  }
  /** Everything that it would do by itself now is done: all its tasks wait for records or for time. */
  get atRest(): boolean {
    return this.#state === 'started' && this.#clock.asleep >= this.worker.lives().length
  }
  /** As kill -9 does it: nothing is closed, and half of the requests under way arrive. */
  kill(): void {
    this.wire.kill()
  }
  /** For an error message. */
  toString(): string {
    return this.worker
      .lives()
      .map(l => `${l.labels.processor}/${l.labels.partition} is ${l.state}`)
      .join(', ')
  }
  async #start(processors: readonly Processor[]): Promise<void> {
    try {
      for (const processor of processors) await this.worker.start(processor)
      this.#state = 'started'
    } catch (error) {
      this.failure ??= { error }
    }
  }
}
