// An Observable as a source: described here, run by the embedded system (lib/rx/observable-pump.ts).
import type { Observable } from 'rxjs'
import type { Codec } from '../model/codec.ts'
import { MillraceError } from '../model/errors.ts'
import type { Key } from '../model/key.ts'
import { type FieldOf, type Retention, specOf, type Topic, type TopicSpec, topic } from '../model/topic.ts'

/** What an Observable's values become. */
export interface ObservableSource {
  readonly topic: TopicSpec
  readonly observable: Observable<unknown>
  /** Most values that wait for their commit. */
  readonly buffer: number
  readonly refused: 'stop' | 'skip'
}

const SOURCES = new WeakMap<TopicSpec, ObservableSource>()
/** Null for a topic that no Observable feeds. */
export const observableOf = (spec: TopicSpec): ObservableSource | null => SOURCES.get(spec) ?? null

const BUFFER = 100_000

/**
 * Any Observable as a source of an embedded system. An Observable cannot be read again, so its values are first written to a topic of this name, in
 * their order, and processed from there: exactly once from their commit on, at most once before it. It is subscribed when `embedded()` has started
 * the processors that read it, anew at every start. Elsewhere (test driver, cluster) this is a topic like any other, into which somebody writes.
 *
 * Its completion ends the source; its error ends it with SOURCE_FAILED, when everything that came before is committed.
 * @param name the topic's name
 * @param o as of `topic()`, and:
 * `buffer`: most values that may wait for their commit; an Observable cannot be made to wait, so more of them end the source with SOURCE_OVERFLOW
 * (what came before is committed). Default 100,000. What can be made to wait – files, iterables, requests – is written with `send()` instead.
 * `refused`: what a value that the topic cannot hold (VALUE_REFUSED, KEY_MISSING, RECORD_TOO_LARGE) does: `'stop'`, the default, ends the source;
 * `'skip'` leaves it out and logs it
 * @throws TOPIC_INVALID, PLAN_INVALID
 * @example
 * const clicks = fromObservable('clicks', fromEvent(button, 'click').pipe(map(toClick)), { value: click, key: 'user', time: 'at' })
 * processor('counting', from(clicks).pipe(…).to(counts))
 */
export function fromObservable<T, KF extends FieldOf<T, Key>>(
  name: string,
  observable: Observable<NoInfer<T>>,
  o: {
    value: Codec<T>
    key: KF
    time: FieldOf<T, number> | 'record-timestamp'
    partitions?: number
    retention?: Retention
    buffer?: number
    refused?: 'stop' | 'skip'
  },
): Topic<T, T[KF] & Key> {
  const { buffer = BUFFER, refused = 'stop', ...described } = o
  if (!(Number.isSafeInteger(buffer) && buffer > 0))
    throw new MillraceError(
      'PLAN_INVALID',
      `the Observable of '${name}' has a buffer of ${buffer} values: a whole number from 1 on is needed`,
    )
  if (typeof (observable as { subscribe?: unknown } | null)?.subscribe !== 'function')
    throw new MillraceError('PLAN_INVALID', `fromObservable('${name}', …) was not given an Observable`)
  const made = topic(name, described)
  const spec = specOf(made as never)
  SOURCES.set(spec, Object.freeze({ topic: spec, observable, buffer, refused }))
  return made
}
