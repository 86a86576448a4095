// An input that is not a topic (files, generator): one partition whose offsets name positions, so that a position commits with its records.
import type { Fetched } from './record-log.ts'

export interface FeedReader {
  /** As PartitionReader.fetch: never waits, at least one batch if there is one. @throws FILE_UNREADABLE, FILE_TRUNCATED, FILE_COLUMNS_WRONG, FILE_CHANGED */
  fetch(maxBytes: number): Promise<Fetched>
  seek(offset: number): void
  arrived(signal: AbortSignal): Promise<void>
  close(): void
  /** True after the last record of a bounded feed was fetched. */
  readonly ended: boolean
}

export interface Feed {
  readonly name: string
  /** `mark` is what the last committed epoch stored about the feed (file names, sizes, digest), null at the first start: a feed that is not the same any more throws FILE_CHANGED. */
  open(from: number, mark: string | null): Promise<FeedReader>
  /** What to store with the position. */
  mark(): Promise<string>
  /** 0 … 1 of the input read so far, null when unbounded. */
  progress(): number | null
}
