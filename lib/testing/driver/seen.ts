// What a test sees of what the engine made.
import type { Key } from '../../model/key.ts'
import type { Missed } from '../../model/record.ts'
import type { LateEvent } from '../../ports/observer.ts'

/** A record of a topic, as a read-committed reader sees it. */
export interface SeenRecord<T> {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: T
  /** The record's timestamp. */
  readonly time: number
  readonly headers: Readonly<Record<string, string>>
}
/** A record of any topic. */
export interface SeenResult extends SeenRecord<unknown> {
  readonly topic: string
}
export interface SeenDeadLetter {
  readonly processor: string
  readonly code: string
  readonly message: string
  readonly stage: string
  /** Where the refused record stands. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Its key and bytes as text; null is a tombstone. Of a refused result: the result as JSON. */
  readonly key: string | null
  readonly value: string | null
  /** The value as far as it can be read: of its schema (decimals and 64-bit integers as text), as JSON, as text, as hex. */
  readonly content: unknown
}
/** A record that missed windows. */
export interface SeenLate {
  readonly processor: string
  /** Name of the windows' stage, how many of its windows were missed, and which. */
  readonly window: string
  readonly windows: number
  readonly missed: readonly Missed[]
  /** ms by which stream time had passed the last of them and its grace. */
  readonly lateByMs: number
  /** The record; of a derived value, the record that caused it. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Key and event time where it was late. */
  readonly key: Key | null
  readonly time: number
}

/**
 * Late records, each once: what a process computed and did not commit before it died, the next one tells again. Of one record several values may be
 * late in one stage; their number among them tells them apart.
 */
export class LateRecords {
  readonly all: SeenLate[] = []
  readonly #known = new Set<string>()
  /** By stage: the last record and how many of its values were late there, in the present life. */
  #last = new Map<string, { readonly record: string; values: number }>()

  add(processor: string, { window, windows, missed, lateByMs, record }: LateEvent): void {
    const { topic, partition, offset } = record
    const stage = JSON.stringify([processor, window, topic, partition])
    const before = this.#last.get(stage)
    const values = before?.record === String(offset) ? before.values + 1 : 1
    this.#last.set(stage, { record: String(offset), values })
    const id = `${stage} ${offset} ${values}`
    if (this.#known.has(id)) return
    this.#known.add(id)
    this.all.push({ processor, window, windows, missed, lateByMs, ...record })
  }
  /** Another life begins: it may tell again what the last one told. */
  anotherLife(): void {
    this.#last = new Map()
  }
}
