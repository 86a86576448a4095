// At most one line a minute about what may happen a thousand times a second (S3.4): the first at once, then how often since.
import type { Clock } from '../ports/clock.ts'

const QUIET_MS = 60_000

interface Silence {
  since: number
  unsaid: number
}

export class Seldom {
  readonly #clock: Clock
  readonly #silences = new Map<string, Silence>()
  constructor(clock: Clock) {
    this.#clock = clock
  }
  /** How many to tell of now, this one included; null: be quiet. */
  due(about: string, count = 1): number | null {
    const now = this.#clock.now()
    const silence = this.#silences.get(about)
    if (silence === undefined) {
      this.#silences.set(about, { since: now, unsaid: 0 })
      return count
    }
    silence.unsaid += count
    if (now >= silence.since && now < silence.since + QUIET_MS) return null
    const { unsaid } = silence
    this.#silences.set(about, { since: now, unsaid: 0 })
    return unsaid
  }
}
