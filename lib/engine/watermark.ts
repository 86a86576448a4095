// Stream time through a repartition topic: marks of all upstream tasks (S2.5). Never the records' own times, never the reader's clock.
import type { UpstreamMark } from './ledger.ts'
import { Arena } from '../model/arena.ts'
import { packHeaders } from '../model/record-batch.ts'

/** The header that names a repartitioned record's upstream task and its stream time. */
export const FROM = 'millrace-from'
const MARK = 'millrace-mark'
const FROM_BYTES = 2 + 2 + FROM.length + 4 + 12

/** What a repartitioned record carries: its upstream task and that task's stream time before the record. Written into `arena` as the record's headers. */
export class Carrier {
  readonly #head: Buffer
  constructor(task: number) {
    const arena = new Arena(64)
    const value = Buffer.alloc(12)
    value.writeUInt32LE(task, 0)
    packHeaders(arena, [[FROM, value]])
    this.#head = arena.copy()
  }
  write(arena: Arena, streamTime: number): void {
    arena.raw(this.#head)
    arena.bytes.writeDoubleLE(streamTime, arena.at - 8)
  }
}

/** The mark of a task as the headers of a record without key and value. */
export function markHeaders(task: number, streamTime: number, idle: 'idle' | 'busy'): readonly (readonly [string, Uint8Array])[] {
  const value = Buffer.alloc(13)
  value.writeUInt32LE(task, 0)
  value.writeDoubleLE(streamTime, 4)
  value[12] = idle === 'idle' ? 1 : 0
  return [[MARK, value]]
}

export interface Heard {
  readonly task: number
  readonly time: number
}
/** What a record of a repartition topic carries, null when it carries nothing (a foreign record). */
export function carriedBy(headers: Buffer | null): Heard | null {
  if (
    headers === null ||
    headers.length !== FROM_BYTES ||
    headers.readUInt16LE(2) !== FROM.length ||
    headers.toString('latin1', 4, 4 + FROM.length) !== FROM
  )
    return null
  const at = headers.length - 12
  return { task: headers.readUInt32LE(at), time: headers.readDoubleLE(at + 4) }
}
export function markIn(headers: Buffer | null): (Heard & { readonly idle: 'idle' | 'busy' }) | null {
  if (headers === null || headers.length !== 2 + 2 + MARK.length + 4 + 13 || headers.toString('latin1', 4, 4 + MARK.length) !== MARK)
    return null
  const at = headers.length - 13
  return { task: headers.readUInt32LE(at), time: headers.readDoubleLE(at + 4), idle: headers[at + 12] === 1 ? 'idle' : 'busy' }
}

/** What a reader knows of its upstream tasks. One never heard of counts as −∞. */
export class Marks {
  readonly #times: Float64Array
  readonly #idle: Uint8Array
  constructor(tasks: number) {
    this.#times = new Float64Array(tasks).fill(-Infinity)
    this.#idle = new Uint8Array(tasks)
  }
  get tasks(): number {
    return this.#times.length
  }
  /** A record: its task is not idle (any more), and was at least there. Returns whether stream time may have moved. */
  carried(task: number, time: number): 'moved' | 'same' {
    if (task >= this.#times.length) return 'same'
    const wasIdle = this.#idle[task] === 1
    this.#idle[task] = 0
    if (!wasIdle && !(time > this.#times[task]!)) return 'same'
    if (time > this.#times[task]!) this.#times[task] = time
    return 'moved'
  }
  marked(task: number, time: number, idle: 'idle' | 'busy'): void {
    if (task >= this.#times.length) return
    if (time > this.#times[task]!) this.#times[task] = time
    this.#idle[task] = idle === 'idle' ? 1 : 0
  }
  get allIdle(): boolean {
    return this.#idle.every(flag => flag === 1)
  }
  /** Minimum over the tasks that are not idle; the maximum of all when all are idle. */
  streamTime(): number {
    let low = Infinity
    let high = -Infinity
    for (let i = 0; i < this.#times.length; i++) {
      const time = this.#times[i]!
      if (time > high) high = time
      if (this.#idle[i] === 0 && time < low) low = time
    }
    return low === Infinity ? high : low
  }
  stored(): readonly UpstreamMark[] {
    return [...this.#times].map((time, i) => ({ time: Number.isFinite(time) ? time : null, idle: this.#idle[i] === 1 ? 'idle' : 'busy' }))
  }
  restore(stored: readonly UpstreamMark[]): void {
    stored.forEach(({ time, idle }, i) => this.marked(i, time ?? -Infinity, idle))
  }
}
