// A world of simulated servers with one process in it, and a clock that stands still: what is done to it has run its course when it resolves.
import type { Tuning } from '../../engine/environment.ts'
import { TopicWriter } from '../../engine/topic-writer.ts'
import { MillraceError } from '../../model/errors.ts'
import type { Key } from '../../model/key.ts'
import type { TopicSpec } from '../../model/topic.ts'
import type { Feed } from '../../ports/feed.ts'
import { Observatory } from '../../rx/observe-topic.ts'
import type { Processor } from '../../stages/processor.ts'
import { ManualClock } from '../simulation/clock.ts'
import { FeedSource } from '../simulation/feed.ts'
import { SeededRandom } from '../simulation/random.ts'
import { DIRECT, IMMEDIATE } from '../simulation/wire.ts'
import { portsOver, type SimulatedPorts, World } from '../simulation/world.ts'
import type { Emitted } from './emitted.ts'
import { Gathering } from './gathering.ts'
import { APP, DrivenLife, type Telling } from './life.ts'
import { LateRecords, type SeenDeadLetter, type SeenRecord } from './seen.ts'
import { TopicTail } from './topic-tail.ts'

export interface WorldOptions {
  readonly processors: readonly Processor[]
  /** Wall time at the beginning; null: the first values say what time it is. */
  readonly startAt: number | null
  readonly partitions: number
  readonly feeds: Readonly<Record<string, readonly string[] | Feed>>
  readonly tuning: Partial<Tuning>
}

/** Turns of the event loop within which the engine must come to rest. */
const PATIENCE = 5_000_000

export class DrivenWorld {
  readonly late = new LateRecords()
  lives = 0
  /** By processor and stage. */
  readonly dropped = new Map<string, Record<string, number>>()
  readonly #options: WorldOptions
  readonly #clock: ManualClock
  readonly #random = new SeededRandom(1)
  readonly #world: World
  /** The test's own way to the servers; no death cuts it. */
  readonly outside: SimulatedPorts
  readonly observatory: Observatory
  readonly #writer: TopicWriter
  readonly #feeds: ReadonlyMap<string, FeedSource | Feed>
  readonly #gathering: Gathering
  #life: DrivenLife
  /** Until the first values say what time it is: what happened is not ahead of the clock. */
  #time: 'given' | 'open'

  constructor(options: WorldOptions) {
    this.#options = options
    this.#time = options.startAt === null ? 'open' : 'given'
    this.#clock = new ManualClock(options.startAt ?? undefined)
    // No timeout ever comes but one: the group learns at once that a member has died, as the restart of the driven process takes no time.
    const after = (_ms: number, point: string, effect: () => void): (() => void) => {
      if (point === 'log.expired') effect()
      return () => {}
    }
    this.#world = new World({ ...IMMEDIATE, after })
    this.outside = portsOver(this.#world, DIRECT, this.#clock, this.#random)
    this.observatory = new Observatory(this.outside)
    this.#writer = new TopicWriter(this.outside, { id: `${APP}-driver`, partitions: options.partitions, times: 'as given' })
    this.#feeds = new Map(Object.entries(options.feeds).map(([name, of]) => [name, 'open' in of ? of : this.#source(name, of)]))
    this.#gathering = new Gathering(APP, options.processors, this.#world, this.outside, this.late)
    this.#life = this.#begin()
  }
  get now(): number {
    return this.#clock.now()
  }
  /** Writes values to a topic, as one transaction. */
  async push(topic: TopicSpec, values: readonly unknown[]): Promise<void> {
    this.#setTime(topic, values)
    const time = this.#clock.now()
    await this.#writer.write(
      topic,
      values.map(value => ({ value, time })),
    )
  }
  /** Writes records without a value to a topic, as one transaction. */
  async tombstones(topic: TopicSpec, keys: readonly Key[]): Promise<void> {
    const time = this.#clock.now()
    await this.#writer.write(
      topic,
      keys.map(tombstone => ({ tombstone, time })),
    )
  }
  /** More records of a feed that was given as texts. @throws OPTION_INVALID */
  async feed(name: string, texts: readonly string[]): Promise<void> {
    const source = this.#feeds.get(name)
    if (!(source instanceof FeedSource)) throw new MillraceError('OPTION_INVALID', `feed '${name}' was not given as a list of texts`)
    source.push(...texts.map(value => ({ time: this.#clock.now(), key: null, value })))
  }
  async advance(ms: number): Promise<void> {
    let left = ms
    for (let next = this.#untilNext(); next <= left; next = this.#untilNext()) {
      await this.#clock.advance(next)
      left -= next
      await this.rest()
    }
    await this.#clock.advance(left)
  }
  async drain(): Promise<void> {
    for (const feed of this.#feeds.values()) if (feed instanceof FeedSource) feed.pause()
    do await this.rest()
    while ((await this.#drained(this.#life)) === 'died')
  }
  /** The process dies here and now. Another one begins when the world is next let run. */
  kill(cache: 'kept' | 'lost'): void {
    this.#life.kill()
    if (cache === 'lost') for (const task of this.#world.cache.tasks) this.#world.cache.lose(task)
  }
  /** The process dies in the middle of its `calls`-th call of a server from now. */
  killAtCall(calls: number): void {
    this.#life.wire.dieAt(calls)
  }
  /** Calls of servers that the present process has made. */
  get calls(): number {
    return this.#life.wire.calls
  }
  /** Every task of a living process waits for records or for time. @throws what a task told, or kept it from opening */
  async rest(): Promise<void> {
    for (let turns = 0; turns < PATIENCE; turns++) {
      await this.#clock.breathe()
      if (this.#life.dead) this.#life = this.#begin()
      if (this.#life.failure !== null) throw this.#life.failure.error
      if (!this.#life.atRest) continue
      if (this.#untilNext() > 0) return this.#clock.breathe() // who observes topics sees what came
      await this.#clock.advance(0)
    }
    throw this.#stuck('come to rest')
  }
  /** Closes the tasks. What they have committed can still be looked at. */
  async stop(): Promise<void> {
    if (!this.#life.dead) await Promise.race([this.#life.worker.stop(), this.#life.death]) // a death may be due in one of its last calls
    await this.#writer.close()
  }
  /** Stops, and nobody looks any more: who observes a topic is told that it is over. */
  async leave(): Promise<void> {
    await this.stop()
    await this.observatory.close()
  }

  /** What came out since this was last asked. */
  emitted(): Promise<Emitted> {
    return this.#gathering.emitted()
  }
  /** All records of a topic that is there. */
  async records(topic: TopicSpec): Promise<readonly SeenRecord<unknown>[]> {
    return (await new TopicTail(topic, this.outside.log, this.outside.registry).grown()).records
  }
  rows(table: string): readonly Readonly<Record<string, unknown>>[] {
    return this.#world.database.rows(table)
  }
  deadLetters(): Promise<readonly SeenDeadLetter[]> {
    return this.#gathering.deadLetters()
  }

  /** @throws what stopped a task */
  async #drained(life: DrivenLife): Promise<'drained' | 'died'> {
    const drain = { over: false }
    const drained = life.worker.drain(this.#options.processors.map(p => p.id)).finally(() => {
      drain.over = true
    })
    drained.catch(() => {})
    for (let turns = 0; turns < PATIENCE; turns++) {
      if (life.dead) return 'died'
      if (drain.over) return drained.then(() => 'drained')
      await this.#clock.breathe()
    }
    throw this.#stuck('be drained')
  }
  #begin(): DrivenLife {
    this.lives++
    this.late.anotherLife()
    const { processors, partitions, tuning } = this.#options
    const tell: Telling = {
      late: (processor, event) => this.late.add(processor, event),
      dropped: (processor, dropped) => {
        const totals = this.dropped.get(processor) ?? {}
        for (const [stage, records] of Object.entries(dropped)) totals[stage] = (totals[stage] ?? 0) + records
        this.dropped.set(processor, totals)
      },
    }
    return new DrivenLife({
      ...{ processors, partitions, tuning, tell },
      ...{ world: this.#world, clock: this.#clock, random: this.#random, feeds: this.#feeds },
    })
  }
  #source(name: string, texts: readonly string[]): FeedSource {
    const records = texts.map(value => ({ time: this.#clock.now(), key: null, value }))
    return new FeedSource(name, records, 'unbounded')
  }
  #setTime({ time }: TopicSpec, values: readonly unknown[]): void {
    if (this.#time === 'given' || time === 'record-timestamp') return
    this.#time = 'given'
    const times = values.map(v => (v as Readonly<Record<string, unknown>>)[time]).filter(t => Number.isSafeInteger(t)) as number[]
    const ahead = Math.max(...times) - this.#clock.now()
    if (ahead > 0) this.#clock.jump(ahead)
  }
  #untilNext(): number {
    const next = this.#clock.next()
    return next === null ? Infinity : Math.max(0, next - this.#clock.now())
  }
  #stuck(what: string): MillraceError {
    return new MillraceError('INTERNAL', `the tasks cannot ${what}: ${String(this.#life)}`)
  }
}
