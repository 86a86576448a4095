// Made-up events as a feed that never ends. Event n is a function of its settings, n and the time at which the series began, so a position in it means
// the same after any kill; what happened before "now" is given at full speed, the rest when its time has come.
import { MillraceError } from '../../model/errors.ts'
import { BatchBuilder, RecordBatch } from '../../model/record-batch.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Feed, FeedReader } from '../../ports/feed.ts'
import type { Fetched } from '../../ports/record-log.ts'

export interface GeneratedEvent {
  /** ms since epoch: when it is there to be read, and the record's timestamp. Never less than that of the event before. */
  readonly at: number
  readonly value: string | Uint8Array
}
/** Event `n`, for n ≥ `first` of its series: a pure function. */
export type EventOf = (n: number) => GeneratedEvent
/** A stretch of the feed: the events from number `first` on, the first of them at about `startAt` (ms since epoch). */
export interface Series {
  readonly first: number
  readonly startAt: number
}

export interface GeneratorFeedOptions {
  readonly name: string
  readonly clock: Clock
  /** Event time of event 0, at the very first start; later starts go on where the feed stands. ms since epoch, whole, not negative. */
  readonly startAt: number
  /** Names all that the events depend on (seed, rate, version of the content). When it differs from what a stored position was made with, a new series begins there, now. */
  readonly settings: string
  readonly events: (series: Series) => EventOf
  /** A start that finds more than this to catch up on (ms) leaves the rest out and begins a new series. Default: everything is caught up on. */
  readonly catchUpAtMost?: number | undefined
  /** Ends before this event number. Default: never ends. */
  readonly until?: number | undefined
}

/** @throws OPTION_INVALID */
export function openGeneratorFeed(options: GeneratorFeedOptions): Feed {
  const { startAt, until, catchUpAtMost } = options
  const whole = (value: number | undefined): boolean => value === undefined || (Number.isSafeInteger(value) && value >= 0)
  for (const [key, value] of Object.entries({ startAt, until, catchUpAtMost })) {
    if (!whole(value))
      throw new MillraceError('OPTION_INVALID', `feed '${options.name}': ${key} is ${value}; it must be a whole number from 0 on`)
  }
  return new GeneratorFeed(options)
}

class GeneratorFeed implements Feed {
  readonly name: string
  readonly #options: GeneratorFeedOptions
  #series: Series | null = null
  #reader: GeneratorReader | null = null
  constructor(options: GeneratorFeedOptions) {
    this.name = options.name
    this.#options = options
  }
  async open(from: number, mark: string | null): Promise<FeedReader> {
    this.#series = seriesOf(this.#options, from, mark)
    this.#reader = new GeneratorReader(this.#options, this.#series, from)
    return this.#reader
  }
  async mark(): Promise<string> {
    const { settings, startAt } = this.#options
    return JSON.stringify({ kind: 'generator', settings, first: 0, startAt, ...this.#series })
  }
  progress(): number | null {
    const { until } = this.#options
    if (until === undefined) return null
    return until === 0 ? 1 : Math.min((this.#reader?.position ?? 0) / until, 1)
  }
}

/** The series to go on with. A decision by the clock, but one that counts only once it is committed with the position, in the mark. */
function seriesOf(options: GeneratorFeedOptions, from: number, mark: string | null): Series {
  const { clock, events, startAt, settings, catchUpAtMost = Infinity } = options
  const then = mark === null ? { settings, first: 0, startAt } : parsed(options.name, mark)
  if (then.settings !== settings) return { first: from, startAt: clock.now() }
  const series = { first: then.first, startAt: then.startAt }
  if (from < series.first) throw outOfRange(options.name, from, series)
  if (mark !== null && clock.now() - events(series)(from).at > catchUpAtMost) return { first: from, startAt: clock.now() - catchUpAtMost }
  return series
}

function parsed(name: string, mark: string): Series & { readonly settings: string } {
  try {
    const value = JSON.parse(mark) as Series & { kind: string; settings: string }
    if (value.kind === 'generator' && Number.isSafeInteger(value.first) && Number.isFinite(value.startAt)) return value
  } catch {
    // told below
  }
  throw new MillraceError(
    'FILE_CHANGED',
    `feed '${name}' was another input before: its mark is ${mark.slice(0, 200)}; open it as before, or start with a new data directory`,
  )
}

const outOfRange = (name: string, offset: number, series: Series): MillraceError =>
  new MillraceError('OFFSET_OUT_OF_RANGE', `feed '${name}' cannot give event ${offset}: what it generates now begins at ${series.first}`)

/** A wall clock may jump: a wait looks at it again after this long (ms). */
const LONG = 60_000

class GeneratorReader implements FeedReader {
  position: number
  readonly #options: GeneratorFeedOptions
  readonly #series: Series
  readonly #eventOf: EventOf
  /** Ends the waits under way. */
  readonly #stops = new Set<() => void>()
  #closed = false
  /** The event at the position, once it was made. */
  #next: GeneratedEvent | null = null
  constructor(options: GeneratorFeedOptions, series: Series, from: number) {
    this.#options = options
    this.#series = series
    this.#eventOf = options.events(series)
    this.position = from
  }
  get ended(): boolean {
    return this.position >= (this.#options.until ?? Infinity)
  }
  async fetch(maxBytes: number): Promise<Fetched> {
    const { name, clock, until = Infinity } = this.#options
    const from = this.position
    const now = clock.now()
    const builder = new BatchBuilder() // small: live, a fetch gives one event, many times a second
    while (this.position < until && builder.sizeBytes < maxBytes && this.#event().at <= now) {
      const { at, value } = this.#event()
      builder.open(at)
      builder.nullKey()
      if (typeof value === 'string') builder.arena.utf8(value)
      else builder.arena.raw(value)
      builder.endValue()
      builder.close()
      this.#move(this.position + 1)
    }
    const batches = builder.count === 0 ? [] : [new RecordBatch(name, 0, from, builder.columns())]
    return { from, next: this.position, batches, caughtUp: this.ended || this.#event().at > now }
  }
  seek(offset: number): void {
    if (offset < this.#series.first) throw outOfRange(this.#options.name, offset, this.#series)
    if (offset !== this.position) this.#move(offset)
  }
  async arrived(signal: AbortSignal): Promise<void> {
    const waiting = new AbortController()
    const stop = (): void => waiting.abort()
    if (signal.aborted || this.#closed) return
    signal.addEventListener('abort', stop)
    this.#stops.add(stop)
    try {
      while (!waiting.signal.aborted) {
        const wait = this.ended ? LONG : this.#event().at - this.#options.clock.now()
        if (wait <= 0) return
        await this.#options.clock.sleep(Math.min(wait, LONG), waiting.signal)
      }
    } finally {
      signal.removeEventListener('abort', stop)
      this.#stops.delete(stop)
    }
  }
  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
  }
  #event(): GeneratedEvent {
    return (this.#next ??= this.#eventOf(this.position))
  }
  #move(to: number): void {
    this.position = to
    this.#next = null
  }
}
