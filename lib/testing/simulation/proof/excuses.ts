// W1: a record may be late downstream only when its task had told before that it is idle. Those that watch the writers tell those that watch the readers,
// which may have read a transaction before its ledger can be looked at.
import type { Writer } from '../partition.ts'

export class Excuses {
  readonly #excused = new Set<string>()
  readonly #lookedAt = new Set<Writer>()
  /** @param place `topic/partition/offset` */
  excuse(place: string): void {
    this.#excused.add(place)
  }
  /** All of the writer's records that are excused have been told. */
  lookedAt(writer: Writer): void {
    this.#lookedAt.add(writer)
  }
  of(place: string, writer: Writer): 'excused' | 'not excused' | 'not known yet' {
    if (this.#excused.has(place)) return 'excused'
    return this.#lookedAt.has(writer) ? 'not excused' : 'not known yet'
  }
}

/** A record that was late and has no other excuse. */
export interface LateArrival {
  readonly place: string
  readonly writer: Writer
  readonly sentence: string
}
