// What a task tells downstream of a repartition: marks, after its records and in their transaction (S2.5).
import type { Repartition } from './pipeline.ts'
import type { Outbox } from './outbox.ts'
import type { TaskInput } from './input.ts'
import { markHeaders } from './watermark.ts'
import { packHeaders } from '../model/record-batch.ts'

/** One repartition of a task and what was last told there. */
export class Told {
  readonly #place: Repartition
  readonly #task: number
  readonly #everyMs: number
  /** The inputs whose records come here. */
  readonly sources: readonly TaskInput[]
  /** A drain ends although timers are set: they wait for what comes after it. */
  mode: 'running' | 'draining' = 'running'
  /** Null: nothing was told yet, not even that there is nothing. */
  #time: number | null = null
  #idle: 'idle' | 'busy' = 'busy'
  #at = -Infinity
  constructor(place: Repartition, sources: readonly TaskInput[], task: number, everyMs: number) {
    this.#place = place
    this.#task = task
    this.#everyMs = everyMs
    this.sources = sources
  }
  /** Only a task whose inputs are idle and that holds nothing open tells that it is idle: what it still may emit must not come as late. */
  get #nowIdle(): 'idle' | 'busy' {
    return this.#silent ? 'idle' : 'busy'
  }
  get #silent(): boolean {
    return this.#place.clock.silent(this.mode === 'draining' ? 'timers' : 'nothing')
  }
  get pending(): boolean {
    return this.#time === null || this.#place.clock.time > this.#time || this.#nowIdle !== this.#idle
  }
  /** While idle with something open, wall time moves stream time on and is told as it goes. */
  get wantsWallTime(): boolean {
    return this.sources.every(s => s.time.idle) && !this.#silent
  }
  /** Wall time at which the next mark is due; Infinity when there is nothing to tell. */
  nextAt(): number {
    const next = this.#at + this.#everyMs
    if (this.pending) return next
    return this.wantsWallTime ? Math.max(next, ...this.sources.map(s => s.time.nextAdvanceAt)) : Infinity // before that there is nothing to tell
  }
  due(now: number): boolean {
    return this.pending && (now >= this.#at + this.#everyMs || now < this.#at || this.#nowIdle !== this.#idle)
  }
  write(outbox: Outbox, now: number): void {
    const { topic, clock } = this.#place
    this.#time = clock.time
    this.#idle = this.#nowIdle
    this.#at = now
    const headers = markHeaders(this.#task, this.#time, this.#idle)
    const lanes = outbox.lanes(topic.spec.name)
    for (let p = 0; p < topic.partitions; p++) {
      const builder = outbox.open(lanes, p, now)
      builder.nullKey()
      builder.nullValue()
      packHeaders(builder.arena, headers)
      builder.close()
    }
  }
}
