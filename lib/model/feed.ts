// A feed is an input that is not a topic: files, or a generator. It has one partition and offsets of its own, so that a task
// reads it as it reads a log and its position commits with what was made of it.
import type { Key } from './key.ts'
import type { Codec } from './codec.ts'
import type { FieldOf, Source } from './topic.ts'
import { specOf, topic } from './topic.ts'

/**
 * The header by which a feed says that a record is no value: `CODE message`, for example `ROW_INVALID orders.csv line 7: …`. The decode door refuses such a
 * record with this code and its value, the raw bytes of the input, unread. It means this only in records of a feed.
 */
export const FEED_ERROR_HEADER = 'error'

export interface FeedSpec {
  readonly kind: 'feed'
  readonly name: string
  readonly from: string
  readonly value: Codec<unknown>
  readonly key: string
  readonly time: string | 'record-timestamp'
}

/** Describes a feed: the same words as a topic, without partitions. The app binds it to files or a generator by its name. */
export function feed<T, KF extends FieldOf<T, Key>>(
  name: string,
  o: { value: Codec<T>; key: KF; time: FieldOf<T, number> | 'record-timestamp' },
): Source<T, T[KF] & Key> {
  const { value, key, time } = specOf(topic(name, o) as never)
  const spec: FeedSpec = { kind: 'feed', name, from: name, value, key, time }
  return Object.freeze(spec) as unknown as Source<T, T[KF] & Key>
}
