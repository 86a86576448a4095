// What the transaction of an epoch wrote, against what the pure task says is due: I2, I10, I11, and the marks of S2.5.
import type { Meta } from '../../../engine/ledger.ts'
import { ledgerTopic } from '../../../engine/ledger.ts'
import type { Headers, RecordBatch } from '../../../model/record-batch.ts'
import type { LogTransaction } from '../coordinator.ts'
import { partitionOfKey } from './input.ts'
import { APP, DEAD_LETTERS, direct, events, grouped, type Result, STREAM } from './job.ts'
import type { Excuses } from './excuses.ts'
import { type Due, type PureTask, timeless } from './pure-task.ts'

/** What a repartition topic's record says of its upstream task. */
export interface Upstream {
  readonly task: number
  readonly time: number
  readonly idle: 'idle' | 'busy'
}
export function upstreamOf(headers: Headers): Upstream {
  const told = Buffer.from(headers.get('millrace-mark') ?? headers.get('millrace-from')!)
  return { task: told.readUInt32LE(0), time: told.readDoubleLE(4), idle: told[12] === 1 ? 'idle' : 'busy' }
}

/** Records that the transaction sets aside as killers of processes (S6.5): `topic/offset`. */
export function recordsSetAside({ appends }: LogTransaction): ReadonlySet<string> {
  const aside = new Set<string>()
  for (const { partition, base } of appends) {
    if (partition.topic !== DEAD_LETTERS) continue
    for (const { headers } of recordsOf(partition.entriesFrom(base)[0]!.records!)) {
      const told = (name: string): string => Buffer.from(headers.get(`millrace-${name}`)!).toString()
      if (told('error-code') === 'RECORD_KILLS_PROCESS') aside.add(`${told('topic')}/${told('offset')}`)
    }
  }
  return aside
}

interface Written {
  readonly offset: number
  readonly key: string
  readonly value: string
  readonly headers: Headers
}

export class EpochWrites {
  readonly #pure: PureTask
  readonly #task: number
  readonly #partitions: number
  readonly #via: string | null
  readonly #excuses: Excuses
  /** The last revision of every result, by topic, key and start. */
  readonly #revisions = new Map<string, { readonly revision: number; readonly final: boolean }>()

  constructor(pure: PureTask, task: number, via: string | null, excuses: Excuses) {
    this.#pure = pure
    this.#task = task
    this.#partitions = pure.shape.partitions
    this.#via = via
    this.#excuses = excuses
  }
  /** @param at offset of the epoch's meta */
  violation(transaction: LogTransaction, meta: Meta, at: number): string | null {
    const name = `epoch ${meta.epoch}`
    const outside = this.#outside(transaction, meta, at)
    if (outside !== null) return `I2: ${name} ${outside}`
    const due = new Map<string, Due[]>()
    for (const d of this.#pure.take()) {
      const place = `${d.topic}/${d.topic === DEAD_LETTERS ? 0 : partitionOfKey(d.key, this.#partitions)}`
      const at = due.get(place)
      if (at === undefined) due.set(place, [d])
      else at.push(d)
    }
    const marked = new Map<number, Upstream>()
    for (const { partition: to, base } of transaction.appends) {
      if (to.topic === ledgerTopic(APP, STREAM)) continue
      const batch = to.entriesFrom(base)[0]!.records!
      const place = `${to.topic}/${to.number}`
      const written = recordsOf(batch)
      if (to.topic === this.#via && batch.key(batch.count - 1) === null) marked.set(to.number, upstreamOf(written.pop()!.headers))
      const found = this.#records(name, place, written, due.get(place) ?? [])
      if (found !== null) return found
      due.delete(place)
    }
    const [missing] = due.keys()
    if (missing !== undefined) return this.#records(name, missing, [], due.get(missing)!)
    this.#excuses.lookedAt(transaction)
    return this.#marks(name, marked)
  }
  /** I2: the epoch's offsets are in its transaction, and its meta ends it. */
  #outside({ offsets, appends }: LogTransaction, meta: Meta, at: number): string | null {
    const ledger = appends.filter(a => a.partition.topic === ledgerTopic(APP, STREAM))
    if (ledger.length !== 1 || ledger[0]!.base + ledger[0]!.count - 1 !== at) return 'does not end with its meta'
    if (offsets?.metadata !== `${meta.ledgerId}:${meta.epoch}`)
      return `is not named by the offsets of its transaction (${offsets?.metadata})`
    const next = (topic: string): number | undefined => offsets.offsets.find(o => o.topic === topic && o.partition === this.#task)?.next
    for (const topic of [events.name, this.#via])
      if (topic !== null && next(topic) !== meta.positions[topic])
        return `stands at ${meta.positions[topic]} of ${topic}, the offsets of its transaction at ${next(topic)}`
    return null
  }
  /** I10, I11 */
  #records(name: string, place: string, written: readonly Written[], due: readonly Due[]): string | null {
    for (const w of written) {
      const twice = this.#again(place, w)
      if (twice !== null) return twice
    }
    const have = written.map(w => `${w.key} ${timeless(w.value)}`).join('\n  ')
    const want = due.map(d => `${d.key} ${d.value}`).join('\n  ')
    if (have !== want) return `I11: ${name} wrote to ${place}\n  ${have}\nthe pure task\n  ${want}`
    for (const [i, { carried, excused }] of due.entries()) {
      const { headers, offset } = written[i]!
      if (carried !== null && upstreamOf(headers).time !== carried)
        return `W2: a record at ${place} carries ${upstreamOf(headers).time}, not ${carried}`
      if (excused) this.#excuses.excuse(`${place}/${offset}`)
    }
    return null
  }
  /** I10: every revision once, going up, and nothing after the final one. */
  #again(place: string, { value }: Written): string | null {
    const [topic] = place.split('/')
    if (topic !== direct.name && topic !== grouped.name) return null
    const { k, start, revision, final } = JSON.parse(value) as Result
    const id = `${topic} ${k} ${start}`
    const before = this.#revisions.get(id)
    this.#revisions.set(id, { revision, final })
    if (before === undefined || (!before.final && revision > before.revision)) return null
    return `I10: revision ${revision} of ${id} after ${before.final ? 'the final ' : ''}${before.revision}`
  }
  /** S2.5: a mark says where its task is, to every partition, and that it is idle only when nothing is open that may still come. */
  #marks(name: string, marked: ReadonlyMap<number, Upstream>): string | null {
    if (marked.size === 0) return null
    if (marked.size !== this.#partitions) return `W2: ${name} marks ${marked.size} of ${this.#partitions} partitions`
    const { timeOfMarks, mayTellIdle } = this.#pure
    for (const { task, time, idle } of marked.values()) {
      if (task !== this.#task || time !== timeOfMarks)
        return `W2: ${name} marks task ${task} at ${time}, it is task ${this.#task} at ${timeOfMarks}`
      if (idle === 'idle' && !mayTellIdle) return `W1: ${name} tells that it is idle although it holds windows that will still emit`
      if (idle === 'idle') this.#pure.toldIdle()
    }
    return null
  }
}

function recordsOf(batch: RecordBatch): Written[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    offset: batch.offset(i),
    key: batch.key(i)?.toString() ?? '',
    value: batch.value(i)?.toString() ?? '',
    headers: batch.headers(i),
  }))
}
