// Every epoch that a task commits, looked at as soon as it can be read: I1, I2, I3, I6, I9, I10, I11, I14 of exactly-once.md §6, and W1 … W3 about time.
import type { Meta } from '../../../engine/ledger.ts'
import { ledgerTopic } from '../../../engine/ledger.ts'
import type { Plan } from '../../../model/plan.ts'
import type { TaskContent } from '../cache-server.ts'
import type { LogTransaction } from '../coordinator.ts'
import type { Tally } from '../faults.ts'
import { CommittedTail, OneEpochBetweenBarriers, type SeenRecord } from '../oracle.ts'
import type { World } from '../world.ts'
import type { Excuses, LateArrival } from './excuses.ts'
import { EpochWrites, recordsSetAside, upstreamOf } from './epoch-writes.ts'
import { sameLines } from './lines.ts'
import { APP, type Event, events, type Result, type Shape, STREAM, viaOf } from './job.ts'
import { type Fold, LedgerState } from './ledger-state.ts'
import { type Arrival, PureTask } from './pure-task.ts'
import type { Witness } from './witness.ts'

export class LedgerWatch {
  readonly task: string
  readonly partition: number
  readonly #shape: Shape
  readonly #via: string | null
  readonly #ledger: CommittedTail
  readonly #source: CommittedTail
  readonly #reader: CommittedTail | null
  readonly #events: SeenRecord[] = []
  readonly #arrivals: SeenRecord[] = []
  readonly #oneEpoch = new OneEpochBetweenBarriers(r => r.key?.toString() === 'barrier')
  readonly #pure: PureTask
  readonly #state: LedgerState
  readonly #writes: EpochWrites
  readonly #witness: Witness
  readonly #tally: Tally
  readonly #excuses: Excuses
  #late: LateArrival[] = []
  #blocks: Buffer[] = []
  /** What the ledger folds to at every meta. */
  readonly #folds = new Map<number, Fold>()
  last: Meta | null = null
  lastAt = -1

  constructor(world: World, plan: Plan, shape: Shape, partition: number, witness: Witness, excuses: Excuses) {
    this.task = `${APP}.${STREAM}.${partition}`
    this.partition = partition
    this.#shape = shape
    this.#via = viaOf(shape)
    const tail = (topic: string): CommittedTail => new CommittedTail(world.broker.partition(topic, partition))
    this.#ledger = tail(ledgerTopic(APP, STREAM))
    this.#source = tail(events.name)
    this.#reader = this.#via === null ? null : tail(this.#via)
    this.#pure = new PureTask(shape)
    this.#state = new LedgerState(plan, partition, shape.partitions)
    this.#writes = new EpochWrites(this.#pure, partition, this.#via, excuses)
    this.#witness = witness
    this.#tally = world.broker.tally
    this.#excuses = excuses
  }
  /** What the ledger folds to at the meta at `offset`; undefined when none is there, or none that can be read yet. */
  foldAt(offset: number): Fold | undefined {
    return this.#folds.get(offset)
  }
  isHeldBy(content: TaskContent, fold: Fold): boolean {
    return this.#state.isHeldBy(content, fold)
  }
  /** Whether the record at `offset` is committed, though it may not be readable yet. */
  isDecided(offset: number): boolean {
    const { partition, position } = this.#ledger
    if (offset < position) return false
    for (const { base, end, writer } of partition.entriesFrom(position))
      if (offset >= base && offset < end) return writer.verdict === 'commit'
    return false
  }
  violation(): string | null {
    this.#events.push(...this.#source.next())
    if (this.#reader !== null) this.#arrivals.push(...this.#reader.next())
    for (const record of this.#ledger.next()) {
      const found = this.#oneEpoch.violation(record) ?? this.#record(record)
      if (found !== null) return `${found} (${this.task}, ledger offset ${record.offset})`
    }
    return this.#lateWithoutExcuse()
  }
  #lateWithoutExcuse(): string | null {
    const open = this.#late.filter(({ place, writer }) => this.#excuses.of(place, writer) !== 'excused')
    this.#late = open
    return open.find(({ place, writer }) => this.#excuses.of(place, writer) === 'not excused')?.sentence ?? null
  }
  #record(record: SeenRecord): string | null {
    const kind = record.key!.toString()
    if (kind === 'barrier') return null
    if (kind !== 'meta') {
      this.#blocks.push(record.value!)
      return null
    }
    const meta = JSON.parse(record.value!.toString()) as Meta
    const writer = record.writer as LogTransaction
    const found = this.#follows(meta)
    if (found !== null) return found
    const taking = this.#state.take(meta, this.#blocks)
    this.#blocks = []
    this.#folds.set(record.offset, this.#state.fold)
    const wrong =
      meta.kind === 'snapshot'
        ? this.#snapshot(meta, taking)
        : (this.#computed(meta, writer) ?? this.#writes.violation(writer, meta, record.offset))
    this.last = meta
    this.lastAt = record.offset
    return wrong ?? this.#remembered(meta)
  }
  /** I1, I9 */
  #follows(meta: Meta): string | null {
    const { last } = this
    if (meta.epoch !== (last?.epoch ?? 0) + 1) return `I1: epoch ${meta.epoch} after ${last?.epoch ?? 0}`
    if (last !== null && meta.ledgerId !== last.ledgerId) return `I1: epoch ${meta.epoch} belongs to another ledger than the one before it`
    for (const [input, position] of Object.entries(last?.positions ?? {})) {
      if (!(meta.positions[input]! >= position))
        return `I1: the position of ${input} goes from ${position} back to ${meta.positions[input]}`
      const [was, is] = [last!.times[input] ?? -Infinity, meta.times[input] ?? -Infinity]
      if (is < was) return `I9: stream time of ${input} goes from ${was} back to ${is}`
    }
    return null
  }
  #snapshot(meta: Meta, taking: 'taken' | 'another state'): string | null {
    if (taking === 'another state') return `I3: the snapshot of epoch ${meta.epoch} is not the fold before it`
    const { positions, times } = this.last!
    const [was, is] = [JSON.stringify([positions, times]), JSON.stringify([meta.positions, meta.times])]
    return was === is ? null : `I1: the snapshot of epoch ${meta.epoch} stands at ${is}, the epoch before it at ${was}`
  }
  /** Lets the pure task do what the epoch says that it did: records, then what time decided. I14, W1, W2, W3 */
  #computed(meta: Meta, writer: LogTransaction): string | null {
    const pure = this.#pure
    const aside = recordsSetAside(writer)
    for (const record of taken(this.#events, meta.positions[events.name]!)) {
      if (aside.has(`${events.name}/${record.offset}`)) this.#setAside(record)
      else pure.event(JSON.parse(record.value!.toString()) as Event)
    }
    if (this.#source.position < meta.positions[events.name]!)
      return `I1: epoch ${meta.epoch} stands beyond what could be read of ${events.name}`
    const time = meta.times[events.name] ?? -Infinity
    if (time < pure.time) return `I3: after epoch ${meta.epoch} stream time is ${time}, by the records ${pure.time}`
    if (time > pure.time) {
      const unfounded = this.#witness.unfounded(writer, events.name, meta, this.#shape.idle)
      if (unfounded !== null) return unfounded
      if (!this.#witness.draining) this.#tally.add('an idle source moved on')
      pure.decideSource(time)
    }
    const wrong = this.#via === null ? null : this.#read(meta, writer, this.#via)
    if (wrong !== null) return wrong
    pure.endTurn()
    const [have, want] = [meta.counts, pure.counts].map(
      ({ records, late, refused }) => `${records} records, ${late} late, ${refused} refused`,
    )
    return have === want ? null : `I14: after epoch ${meta.epoch} ${have} are counted, there are ${want}`
  }
  #read(meta: Meta, writer: LogTransaction, via: string): string | null {
    const pure = this.#pure
    const aside = recordsSetAside(writer)
    if (this.#reader!.position < meta.positions[via]!) return `I1: epoch ${meta.epoch} stands beyond what could be read of ${via}`
    for (const record of taken(this.#arrivals, meta.positions[via]!)) {
      if (aside.has(`${via}/${record.offset}`)) {
        this.#setAside(record)
        continue
      }
      const lateness = pure.arrival(arrivalOf(record))
      if (lateness === null) continue
      const place = `${via}/${this.partition}/${record.offset}`
      const sentence = `W1: the record at ${place} is late downstream, at ${pure.marks.time}`
      if (lateness === 'wrong') return sentence
      this.#late.push({ place, writer: record.writer, sentence })
    }
    const time = meta.times[via] ?? -Infinity
    if (time === pure.marks.time) return null
    if (time < pure.marks.time) return `W2: stream time of ${via} is ${time} after epoch ${meta.epoch}, by its marks ${pure.marks.time}`
    if (!pure.marks.allIdle)
      return `W2: stream time of ${via} is ${time} after epoch ${meta.epoch}, by its marks ${pure.marks.time}, and not all are idle`
    if (!this.#witness.draining) this.#tally.add('an idle repartition moved on')
    pure.decideReader(time)
    return this.#witness.unfounded(writer, via, meta, this.#shape.idle)
  }
  #setAside({ key, value }: SeenRecord): void {
    this.#tally.add('an innocent record was set aside')
    this.#pure.setAside(key?.toString() ?? '', value?.toString() ?? '')
  }
  /** I3: what the ledger folds to is what the pure task remembers. */
  #remembered(meta: Meta): string | null {
    const { sizes } = this.#state
    for (const [store, n] of Object.entries(meta.liveKeys))
      if (sizes[store] !== n) return `I3: epoch ${meta.epoch} says that '${store}' has ${n} entries, the ledger folds to ${sizes[store]}`
    for (const [store, lines] of this.#pure.state) {
      const held = this.#state.lines(store)
      if (sameLines(held, lines)) continue
      const [have, want] = [held, lines].map(some => [...some].sort().join(', '))
      return `I3: after epoch ${meta.epoch} '${store}' holds\n  ${have}\nthe pure task\n  ${want}`
    }
    return null
  }
}

function arrivalOf({ key, value, headers }: SeenRecord): Arrival {
  const { task, time, idle } = upstreamOf(headers)
  return { task, time, what: key === null && value === null ? idle : (JSON.parse(value!.toString()) as Event | Result) }
}

/** Takes those below `end` out of `records`. */
function taken(records: SeenRecord[], end: number): readonly SeenRecord[] {
  let n = 0
  while (n < records.length && records[n]!.offset < end) n++
  return records.splice(0, n)
}
