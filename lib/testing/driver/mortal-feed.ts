// A feed of the real world (files) as a process that can be killed reads it.
import type { Feed, FeedReader } from '../../ports/feed.ts'
import type { Fetched } from '../../ports/record-log.ts'
import type { MortalWire } from './mortal-wire.ts'

export class MortalFeed implements Feed {
  readonly #feed: Feed
  readonly #wire: MortalWire
  constructor(feed: Feed, wire: MortalWire) {
    this.#feed = feed
    this.#wire = wire
  }
  get name(): string {
    return this.#feed.name
  }
  async open(from: number, mark: string | null): Promise<FeedReader> {
    const reader = await this.#call('feed.open', () => this.#feed.open(from, mark))
    this.#wire.atDeath(() => reader.close()) // as the system closes a dead process's files
    return {
      fetch: (maxBytes): Promise<Fetched> => this.#call('feed.fetch', () => reader.fetch(maxBytes)),
      seek: offset => reader.seek(offset),
      arrived: signal => this.#wire.passed(reader.arrived(signal)),
      close: () => reader.close(),
      get ended() {
        return reader.ended
      },
    }
  }
  mark(): Promise<string> {
    return this.#call('feed.mark', () => this.#feed.mark())
  }
  progress(): number | null {
    return this.#feed.progress()
  }
  async #call<T>(point: string, effect: () => Promise<T>): Promise<T> {
    return this.#wire.call(point, effect)
  }
}
