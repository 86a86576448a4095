// Where records come from and go to.
import type { Codec } from './codec.ts'
import { MillraceError } from './errors.ts'
import type { Key } from './key.ts'
import type { Duration } from './time.ts'

declare const brand: unique symbol
/** Something records can be read from. */
export interface Source<out T, out K> {
  readonly from: string
  readonly [brand]: readonly [T, K]
}
/** Something values can be sent to. Contravariant: a missing field does not compile. */
export interface Target<in T> {
  readonly to: string
  readonly accepts: (value: T) => void
}
export interface Topic<in out T, out K = string> extends Source<T, K>, Target<T> {
  readonly name: string
}

/** How long records are kept: a span of record time, for ever, or only the newest of each key. */
export type Retention = Duration | 'forever' | 'compact'

/** What a topic really holds; `Topic` is its typed face. */
export interface TopicSpec {
  readonly kind: 'topic'
  readonly name: string
  readonly from: string
  readonly to: string
  readonly value: Codec<unknown>
  /** Field of the value that is the record's key. */
  readonly key: string
  /** Field of the value that is the event time (ms since epoch), or the record's own timestamp. */
  readonly time: string | 'record-timestamp'
  /** Null: as many as the system's default (or, for a repartition topic, as the processor's inputs). */
  readonly partitions: number | null
  readonly retention: Retention
}

type FieldOf<T, V> = { [P in keyof T]-?: T[P] extends V ? P : never }[keyof T] & string
export type { FieldOf }

/** Letters, digits, `.`, `_`, `-`; 1 … 249 characters: Kafka's own rule. */
export const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/

/**
 * Describes a topic. Nothing is created; `millrace topics apply` and the embedded start do that.
 * @param name 1 … 249 letters, digits, `.`, `_`, `-`
 * @throws TOPIC_INVALID
 */
export function topic<T, KF extends FieldOf<T, Key>>(
  name: string,
  o: { value: Codec<T>; key: KF; time: FieldOf<T, number> | 'record-timestamp'; partitions?: number; retention?: Retention },
): Topic<T, T[KF] & Key> {
  if (!TOPIC_NAME.test(name))
    throw new MillraceError('TOPIC_INVALID', `'${name}' is no topic name: 1 to 249 letters, digits, '.', '_' or '-'`)
  if (o.partitions !== undefined && !(Number.isInteger(o.partitions) && o.partitions > 0 && o.partitions <= 10_000)) {
    throw new MillraceError('TOPIC_INVALID', `topic '${name}' cannot have ${o.partitions} partitions: 1 to 10000`)
  }
  const spec: TopicSpec = {
    kind: 'topic',
    name,
    from: name,
    to: name,
    value: o.value as unknown as Codec<unknown>,
    key: o.key,
    time: o.time,
    partitions: o.partitions ?? null,
    retention: o.retention ?? 'forever',
  }
  return Object.freeze(spec) as unknown as Topic<T, T[KF] & Key>
}

/** The description behind a typed topic. */
export const specOf = (t: Source<never, unknown> | Target<never> | Topic<never, unknown>): TopicSpec => t as unknown as TopicSpec
