// Carries the values of an Observable into their topic: in order, in transactions, from a bounded buffer.
import type { Subscription } from 'rxjs'
import type { TimedValue, TopicWriter } from '../engine/topic-writer.ts'
import { isMillraceError, MillraceError, messageOf } from '../model/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObservableSource } from '../stages/from-observable.ts'

/** Values of a transaction. */
const AT_ONCE = 1_000

export interface PumpOptions {
  readonly source: ObservableSource
  readonly writer: TopicWriter
  readonly clock: Clock
  /** A value was left out. */
  readonly refused: (error: MillraceError) => void
}

export class ObservablePump {
  readonly #o: PumpOptions
  #subscription: Subscription | null = null
  /** Emitted and not known to be committed, in order. */
  readonly #waiting: TimedValue[] = []
  /** How the Observable ended; what still waits is committed all the same. */
  #end: 'open' | 'completed' | MillraceError = 'open'
  #writing: Promise<void> | null = null
  /** Why it ends before all of it is committed. */
  #failure: MillraceError | null = null
  readonly #ended = Promise.withResolvers<void>()

  constructor(o: PumpOptions) {
    this.#o = o
    this.#ended.promise.catch(() => {}) // told to whoever asks
  }
  /** Subscribes. */
  start(): void {
    const { source, clock } = this.#o
    this.#subscription = source.observable.subscribe({
      next: value => this.#take({ value, time: clock.now() }),
      error: (error: unknown) => this.#finish(failed(source.topic.name, error)),
      complete: () => this.#finish('completed'),
    })
    if (this.#end !== 'open') this.#subscription.unsubscribe() // it ended while it was being subscribed
  }
  /** Resolves when it has completed and everything is committed; rejects with what ended it: SOURCE_FAILED, SOURCE_OVERFLOW, or what a value was refused for. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }
  /** Everything that was emitted by now is committed. @throws what ended it, if that was no completion */
  async flush(): Promise<void> {
    while (this.#writing !== null) await this.#writing
    const end = this.#failure ?? this.#end
    if (isMillraceError(end)) throw end
  }
  /** Hears no more. What waits is still being committed: `flush()` tells. */
  unsubscribe(): void {
    this.#subscription?.unsubscribe()
  }

  #take(value: TimedValue): void {
    if (this.#end !== 'open' || this.#failure !== null) return
    const { source } = this.#o
    if (this.#waiting.length >= source.buffer) {
      const what = `the Observable of '${source.topic.name}' emits faster than its values can be committed: ${source.buffer} of them wait`
      return this.#finish(new MillraceError('SOURCE_OVERFLOW', what, { where: { topic: source.topic.name } }))
    }
    this.#waiting.push(value)
    this.#write()
  }
  #finish(end: 'completed' | MillraceError): void {
    if (this.#end !== 'open') return
    this.#end = end
    this.#subscription?.unsubscribe()
    this.#write()
  }
  #write(): void {
    this.#writing ??= this.#writeAll()
  }
  /** Never rejects. What comes while it works is its work too; what comes when it is over finds no work under way. */
  async #writeAll(): Promise<void> {
    try {
      await Promise.resolve() // what is emitted in one go is committed together
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.slice(0, AT_ONCE)
        await this.#commit(batch)
        this.#waiting.splice(0, batch.length)
      }
      if (this.#end === 'completed') this.#ended.resolve()
      else if (this.#end !== 'open') this.#ended.reject(this.#end)
    } catch (error) {
      this.#failure = isMillraceError(error) ? error : new MillraceError('INTERNAL', messageOf(error), { cause: error })
      this.#waiting.length = 0
      this.#subscription?.unsubscribe()
      this.#ended.reject(this.#failure)
    } finally {
      this.#writing = null
    }
  }
  /** All of it, or, where one of them is refused, each for itself. */
  async #commit(values: readonly TimedValue[]): Promise<void> {
    const { source, writer, refused } = this.#o
    try {
      await writer.write(source.topic, values)
    } catch (error) {
      if (!isMillraceError(error) || !REFUSALS.has(error.code)) throw error
      if (values.length > 1) for (const value of values) await this.#commit([value])
      else if (source.refused === 'stop') throw error
      else refused(error)
    }
  }
}

/** What a single value can be refused for. */
const REFUSALS: ReadonlySet<string> = new Set(['VALUE_REFUSED', 'KEY_MISSING', 'RECORD_TOO_LARGE'])

const failed = (topic: string, error: unknown): MillraceError =>
  new MillraceError('SOURCE_FAILED', `the Observable of '${topic}' ended with an error: ${messageOf(error)}`, {
    cause: error,
    where: { topic },
  })
