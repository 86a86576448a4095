// Invariants of the protocol (exactly-once.md §6), looked at after every draw.
import type { Meta } from '../../../engine/ledger.ts'
import { ledgerTopic } from '../../../engine/ledger.ts'
import { stampOf } from '../../../engine/stamp.ts'
import { entriesOf } from '../../../state/delta.ts'
import { readValue, ValueReader } from '../../../state/value-codec.ts'
import { packedKey } from '../cache-server.ts'
import { CommittedTail, OneEpochBetweenBarriers, type SeenRecord } from '../oracle.ts'
import type { World } from '../world.ts'
import { APP, type Event, events, STREAM, stateOf } from './scenario.ts'

/** Entries of all stores as the ledger or cache holds them: `store\0key` → bytes as text. */
type Fold = Map<string, string>

class WatchedTask {
  readonly #world: World
  readonly #task: string
  readonly #tail: CommittedTail
  readonly #input: CommittedTail
  readonly #events: { readonly offset: number; readonly event: Event }[] = []
  readonly #epochs = new OneEpochBetweenBarriers(r => r.key?.toString() === 'barrier')
  #fold: Fold = new Map()
  #blocks: { readonly snapshot: boolean; readonly block: Buffer }[] = []
  readonly #history = new Map<number, Fold>()
  last: Meta | null = null
  #lastAt = -1

  constructor(world: World, partition: number) {
    this.#world = world
    this.#task = `${APP}.${STREAM}.${partition}`
    this.#tail = new CommittedTail(world.broker.partition(ledgerTopic(APP, STREAM), partition))
    this.#input = new CommittedTail(world.broker.partition(events.name, partition))
  }
  violation(): string | null {
    for (const r of this.#input.next()) this.#events.push({ offset: r.offset, event: JSON.parse(r.value!.toString()) as Event })
    for (const record of this.#tail.next()) {
      const found = this.#epochs.violation(record) ?? this.#record(record)
      if (found !== null) return `${this.#task}, ledger offset ${record.offset}: ${found}`
    }
    return this.#cache()
  }
  #record(record: SeenRecord): string | null {
    const kind = record.key!.toString()
    if (kind === 'barrier') return null
    if (kind !== 'meta') {
      this.#blocks.push({ snapshot: kind === 'snapshot', block: record.value! })
      return null
    }
    const meta = JSON.parse(record.value!.toString()) as Meta
    const found = this.#metaFollows(meta)
    if (found !== null) return found
    const before = this.#fold
    const fold: Fold = meta.kind === 'snapshot' ? new Map() : new Map(before)
    for (const { block } of this.#blocks) for (const e of entriesOf(block)) put(fold, e.store, e.key, e.value)
    this.#blocks = []
    if (meta.kind === 'snapshot' && !sameFold(before, fold)) return `I3: the snapshot of epoch ${meta.epoch} is not the fold before it`
    this.#fold = fold
    this.last = meta
    this.#lastAt = record.offset
    this.#history.set(record.offset, fold)
    return this.#pure(meta)
  }
  /** I1, I9 */
  #metaFollows(meta: Meta): string | null {
    const { last } = this
    if (meta.epoch !== (last?.epoch ?? 0) + 1) return `I1: epoch ${meta.epoch} after ${last?.epoch ?? 0}`
    if (last === null) return null
    for (const [input, position] of Object.entries(last.positions)) {
      if (meta.positions[input]! < position) return `I1: position of ${input} goes from ${position} back to ${meta.positions[input]}`
      const [before, now] = [last.times[input] ?? -Infinity, meta.times[input] ?? -Infinity]
      if (now < before) return `I9: stream time of ${input} goes from ${before} back to ${now}`
    }
    return null
  }
  /** I3: the ledger's fold is what the pure job remembers after the input before the position. */
  #pure(meta: Meta): string | null {
    const seen = this.#events.filter(e => e.offset < meta.positions[events.name]!).map(e => e.event)
    const want = stateOf(seen, meta.times[events.name] ?? -Infinity)
    const have = { direct: new Map<string, string>(), running: new Map<string, string>() }
    for (const [id, text] of this.#fold) {
      const [store, key] = id.split('\0', 2) as [string, string]
      const keyBytes = Buffer.from(id.slice(store.length + 1), 'latin1')
      const value = Buffer.from(text, 'latin1')
      if (store === 'direct') {
        const reader = new ValueReader(value)
        reader.read() // records folded
        reader.read() // of these told
        have.direct.set(
          `${String(readValue(keyBytes, 8))}@${keyBytes.readDoubleLE(0)}`,
          `${String(reader.read())}:${String(reader.read())}`,
        )
      } else if (store === 'running') {
        const reader = new ValueReader(value)
        reader.read()
        const { seq, total } = reader.read() as { seq: number; total: number }
        have.running.set(String(readValue(keyBytes)), `${seq}:${total}`)
      } else if (store !== 'groups') return `an entry of the unknown store '${store}' under ${key}`
    }
    for (const store of ['direct', 'running'] as const) {
      const [w, h] = [[...want[store]].sort().join(), [...have[store]].sort().join()]
      if (w !== h) return `I3: after epoch ${meta.epoch} '${store}' holds ${h}, the pure job ${w}`
    }
    return null
  }
  #decided(offset: number): boolean {
    const { partition, position } = this.#tail
    if (offset < position) return false
    for (const { base, end, writer } of partition.entriesFrom(position))
      if (offset >= base && offset < end) return writer.verdict === 'commit'
    return false
  }
  /** I4: a clean stamp names a meta whose fold the cache holds. */
  #cache(): string | null {
    const content = this.#world.cache.content(this.#task)
    if (content === null) return null
    const stamp = stampOf(content.stamp)
    if (stamp === null) return `the cache carries '${content.stamp}', which is no stamp`
    if (stamp.kind === 'dirty') return null
    const fold = this.#history.get(stamp.at)
    if (fold === undefined && this.#decided(stamp.at)) return null // its markers are on their way; it is looked at when they have arrived
    if (fold === undefined) return `I4: the cache's stamp names offset ${stamp.at}, which is no committed meta (last ${this.#lastAt})`
    const held: Fold = new Map()
    for (const [store, entries] of content.stores) for (const [key, value] of entries) held.set(`${store}\0${key}`, latin1(value))
    return sameFold(held, fold) ? null : `I4: the cache at ${stamp.at} holds ${shown(held)}, the ledger ${shown(fold)}`
  }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
const put = (fold: Fold, store: string, key: Buffer, value: Buffer | null): void => {
  const id = `${store}\0${packedKey(key)}`
  if (value === null) fold.delete(id)
  else fold.set(id, latin1(value))
}
const sameFold = (a: Fold, b: Fold): boolean => a.size === b.size && [...a].every(([id, value]) => b.get(id) === value)
const shown = (fold: Fold): string => JSON.stringify([...fold.keys()].sort())

/** Watches all tasks of the job; they exist once the ledger topic does. */
export class Watch {
  readonly #world: World
  readonly #partitions: number
  #tasks: readonly WatchedTask[] | null = null
  constructor(world: World, partitions: number) {
    this.#world = world
    this.#partitions = partitions
  }
  get tasks(): readonly WatchedTask[] {
    return this.#tasks ?? []
  }
  /** The sentence that is violated, or null. */
  violation(): string | null {
    if (this.#tasks === null) {
      const { broker } = this.#world
      if (broker.topic(ledgerTopic(APP, STREAM)) === null || broker.topic(events.name) === null) return null
      this.#tasks = Array.from({ length: this.#partitions }, (_, p) => new WatchedTask(this.#world, p))
    }
    for (const task of this.#tasks) {
      const found = task.violation()
      if (found !== null) return found
    }
    return null
  }
}
