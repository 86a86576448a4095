// Runs processors by the real engine over simulated ports, where nothing waits for real time: push in, let time pass, crash, look at what came out.
import type { Observable } from 'rxjs'
import type { Tuning } from '../engine/environment.ts'
import { MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import { type Table, tableSpecOf } from '../model/table.ts'
import type { Duration } from '../model/time.ts'
import { specOf, type Topic } from '../model/topic.ts'
import type { Feed } from '../ports/feed.ts'
import type { Committed, ObserveOptions } from '../rx/observe-topic.ts'
import type { Processor } from '../stages/processor.ts'
import { DrivenWorld, type WorldOptions } from './driver/driven-world.ts'
import type { Emitted } from './driver/emitted.ts'
import type { SeenDeadLetter, SeenLate, SeenRecord } from './driver/seen.ts'

export type { Committed, ObserveOptions }
export type { Emitted } from './driver/emitted.ts'
export type { SeenDeadLetter, SeenLate, SeenRecord, SeenResult } from './driver/seen.ts'

export interface DriveOptions {
  /** Of every topic that does not say its own. Default 1. */
  readonly partitions?: number
  /** Wall time at the beginning, ms since epoch. Default: the time of the first values pushed, at least the beginning of 2024. */
  readonly startAt?: number
  /** The feeds that the processors read, by their names: texts, a record each, or a feed of files. */
  readonly feeds?: Readonly<Record<string, readonly string[] | Feed>>
  readonly tuning?: Partial<Tuning>
}

/**
 * Runs processors until `stop()`; several of them see each other's topics. Everything that is done resolves when the engine has nothing left to do at
 * that time, with what came out meanwhile. One thing is done at a time: what is called earlier is done first.
 *
 * Every rx() is also run record by record on fresh subscriptions; a difference is thrown as RX_STATEFUL (S5.6).
 * @throws what stops a task; OPTION_INVALID for a feed that was not given
 * @example
 * const driven = await drive(eventAggregator)
 * await driven.push(orderEvents, order)
 * const closed = await driven.drain()
 * closed.of(orderAggregates)
 */
export async function drive(processors: Processor | readonly Processor[], options: DriveOptions = {}): Promise<Driven> {
  const driven = new Driven(Array.isArray(processors) ? processors : [processors as Processor], options)
  await driven.start()
  return driven
}

/** Something that was done: the same again in another world. */
type Deed = (world: DrivenWorld) => Promise<void>

export class Driven {
  readonly #options: WorldOptions
  readonly #deeds: Deed[] = []
  #world: DrivenWorld
  #last: Promise<unknown> = Promise.resolve()

  constructor(processors: readonly Processor[], { partitions = 1, startAt, feeds = {}, tuning = {} }: DriveOptions) {
    this.#options = { processors, partitions, startAt: startAt ?? null, feeds, tuning }
    this.#world = new DrivenWorld(this.#options)
  }
  /** Opens the tasks; `drive` has done it. */
  start(): Promise<Emitted> {
    return this.#do(async () => {})
  }
  /** Writes values to a topic, as one transaction. @throws VALUE_REFUSED, KEY_MISSING for a value that the topic cannot hold; what stops a task */
  push<T>(topic: Topic<T, unknown>, ...values: readonly NoInfer<T>[]): Promise<Emitted> {
    return this.#done(world => world.push(specOf(topic), values))
  }
  /** Writes tombstones to a topic, records of these keys without a value, as one transaction (S1.1). @throws what stops a task */
  tombstones<T, K extends Key>(topic: Topic<T, K>, ...keys: readonly NoInfer<K>[]): Promise<Emitted> {
    return this.#done(world => world.tombstones(specOf(topic), keys))
  }
  /** More records of a feed that was given as a list of texts. @throws OPTION_INVALID when it was not; what stops a task */
  feed(name: string, ...texts: readonly string[]): Promise<Emitted> {
    return this.#done(world => world.feed(name, texts))
  }
  /** Lets wall time pass. @throws what stops a task */
  advance(by: Duration): Promise<Emitted> {
    return this.#done(world => world.advance(by))
  }
  /** Reads everything that there is and closes every window, writers before their readers. @throws what stops a task */
  drain(): Promise<Emitted> {
    return this.#done(world => world.drain())
  }
  /**
   * The process dies at once, as with kill -9: nothing is closed, of the requests under way some arrive. A new one opens everything from what log, cache
   * and tables hold. What was pushed and is not awaited yet goes on in the new process. When processes die again and again in the same records,
   * one of these is taken for the cause (S6.5).
   * @param o `cache`: whether the state cache outlives the process, as on a server, or is lost with it, as in embedded mode. Default 'kept'
   */
  crash(o: { readonly cache?: 'kept' | 'lost' } = {}): Promise<Emitted> {
    this.#world.kill(o.cache ?? 'kept')
    return this.#do(async () => {})
  }
  /** As crash(), but later: in the middle of the process's `calls`-th call of log, cache, tables or registry from now, whatever is being done then. */
  crashAtCall(calls: number): void {
    if (!(Number.isInteger(calls) && calls > 0))
      throw new MillraceError('OPTION_INVALID', `crashAtCall(${calls}): a whole number from 1 on is needed`)
    this.#world.killAtCall(calls)
  }
  /** How many processes there have been, the present one included. */
  get lives(): number {
    return this.#world.lives
  }
  /** Calls of servers that the process has made since it began, for `crashAtCall`. */
  get calls(): number {
    return this.#world.calls
  }
  /**
   * Goes on with another number of partitions, in the only way that is sound where there is state: windows and scans lie in the partition that their
   * keys had, so an existing ledger refuses another count (TOPIC_DIFFERS), and new topics are made and read from their beginning. The driver
   * does the same: a new world, in which everything that was done – pushed, fed, advanced, drained – is done again in the same order.
   * @returns everything that came out from the beginning on
   */
  repartition(partitions: number): Promise<Emitted> {
    return this.#next(async () => {
      await this.#world.leave()
      const world = (this.#world = new DrivenWorld({ ...this.#options, partitions }))
      await world.rest()
      for (const deed of this.#deeds) {
        await deed(world)
        await world.rest()
      }
      return this.#world.emitted()
    })
  }

  /** Records that missed windows, in the order in which they came. */
  get late(): readonly SeenLate[] {
    return this.#world.late.all
  }
  /** All values of a topic, by partition and offset. */
  async results<T>(topic: Topic<T, unknown>): Promise<readonly T[]> {
    return (await this.records(topic)).map(r => r.value)
  }
  /** All records of a topic, by partition and offset; records without a value (marks) are left out. */
  async records<T>(topic: Topic<T, unknown>): Promise<readonly SeenRecord<T>[]> {
    return (await this.#world.records(specOf(topic))) as readonly SeenRecord<T>[]
  }
  /** What is committed to a topic, as an Observable; what an act made come has been told when the act resolves. It completes at `repartition()`. */
  observe<T>(topic: Topic<T, unknown>, options?: ObserveOptions): Observable<Committed<T>> {
    return this.#world.observatory.observe(topic, options)
  }
  /** Everything that a processor has refused. */
  async deadLetters(processor: Processor): Promise<readonly SeenDeadLetter[]> {
    return (await this.#world.deadLetters()).filter(l => l.processor === processor.id)
  }
  /** Records that stages of a processor dropped and counted, by stage; those of an epoch whose acknowledgement a crash took are not among them. */
  dropped(processor: Processor): Readonly<Record<string, number>> {
    return { ...this.#world.dropped.get(processor.id) }
  }
  /** What a table holds. */
  rows<Row>(table: Table<Row>): readonly Row[] {
    return this.#world.rows(tableSpecOf(table as never).name) as readonly Row[]
  }
  /** Closes the tasks; what they have committed stays to be looked at. */
  stop(): Promise<void> {
    return this.#next(() => this.#world.stop())
  }

  /** Does something that is part of the input: it can be done again. */
  #done(deed: Deed): Promise<Emitted> {
    return this.#do(async world => {
      await deed(world)
      this.#deeds.push(deed) // not what was refused
    })
  }
  #do(deed: Deed): Promise<Emitted> {
    return this.#next(async () => {
      await deed(this.#world)
      await this.#world.rest()
      return this.#world.emitted()
    })
  }
  #next<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#last.then(act)
    this.#last = next.catch(() => {})
    return next
  }
}
