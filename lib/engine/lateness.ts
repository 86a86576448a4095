// What a record was late for: counted and told once it is taken. A record that is refused was not late, one that is computed again is late once (I14).
import type { LateEvent } from '../ports/observer.ts'

export class Lateness {
  readonly #tell: (event: LateEvent) => void
  #events: LateEvent[] = []
  #missed = 0
  constructor(tell: (event: LateEvent) => void) {
    this.#tell = tell
  }
  /** `all`: the record in hand counted in none of the window's windows. */
  note(event: LateEvent, share: 'some' | 'all'): void {
    this.#events.push(event)
    if (share === 'all') this.#missed++
  }
  /** What was noted stands. @returns in how many windows it counted nowhere */
  stands(): number {
    if (this.#events.length === 0) return 0
    for (const event of this.#events) this.#tell(event)
    const missed = this.#missed
    this.forget()
    return missed
  }
  forget(): void {
    if (this.#events.length > 0) this.#events = []
    this.#missed = 0
  }
}
