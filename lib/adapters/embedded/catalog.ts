// What the log knows besides records: topics, where each partition starts and ends, group offsets, producer epochs. Written whole at the begin
// of every segment ('state' frame), and changed by the notes of the frames that follow.
import { MillraceError } from '../../model/errors.ts'
import type { OffsetCommit, TopicSettings } from '../../ports/record-log.ts'
import type { BatchEntry } from './frame.ts'
import { PartitionIndex } from './partition-index.ts'

export interface EmbeddedTopic {
  /** Stands for the name in frames; never used twice. */
  readonly number: number
  readonly settings: TopicSettings
  readonly partitions: readonly PartitionIndex[]
}
export interface GroupOffset {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly next: number
  readonly metadata: string
}

interface TopicNote {
  readonly number: number
  readonly settings: TopicSettings
}
export type StartNote = readonly [topic: number, partition: number, start: number]
/** Notes of a 'change' frame. */
export interface ChangeNotes {
  readonly topic?: TopicNote
  readonly starts?: readonly StartNote[]
}
/** Notes of a 'transaction' frame. */
export interface TransactionNotes {
  readonly id: string
  readonly epoch: number
  readonly offsets?: OffsetCommit
}
interface StateNotes {
  readonly version: 1
  readonly topics: readonly (TopicNote & { readonly bounds: readonly (readonly [start: number, end: number])[] })[]
  readonly offsets: readonly (readonly [group: string, topic: string, partition: number, next: number, metadata: string])[]
  readonly epochs: Readonly<Record<string, number>>
}

export class Catalog {
  readonly topics = new Map<string, EmbeddedTopic>()
  readonly #byNumber = new Map<number, EmbeddedTopic>()
  readonly #offsets = new Map<string, Map<string, GroupOffset>>()
  readonly #epochs = new Map<string, number>()
  readonly #live: (segment: number, bytes: number) => void
  #numbers = 0
  constructor(live: (segment: number, bytes: number) => void) {
    this.#live = live
  }
  /** A topic number that nothing else has. */
  newNumber(): number {
    return ++this.#numbers
  }
  /** @throws TOPIC_UNKNOWN */
  partition(topic: string, partition: number): PartitionIndex {
    const index = this.topicOf(topic).partitions[partition]
    if (index === undefined) {
      const { partitions } = this.topicOf(topic)
      throw new MillraceError(
        'TOPIC_UNKNOWN',
        `topic '${topic}' has no partition ${partition}: it has ${partitions.length}, counted from 0`,
        {
          where: { topic, partition },
        },
      )
    }
    return index
  }
  /** @throws TOPIC_UNKNOWN */
  topicOf(name: string): EmbeddedTopic {
    const topic = this.topics.get(name)
    if (topic === undefined)
      throw new MillraceError('TOPIC_UNKNOWN', `there is no topic '${name}'; create it first`, { where: { topic: name } })
    return topic
  }
  byNumber(number: number): EmbeddedTopic | undefined {
    return this.#byNumber.get(number)
  }
  indexOf({ topic, partition }: BatchEntry): PartitionIndex | undefined {
    return this.#byNumber.get(topic)?.partitions[partition]
  }
  *indexes(): Generator<{ readonly topic: EmbeddedTopic; readonly partition: number; readonly index: PartitionIndex }> {
    for (const topic of this.topics.values()) for (const [partition, index] of topic.partitions.entries()) yield { topic, partition, index }
  }
  committed(group: string, topic: string, partition: number): GroupOffset | undefined {
    return this.#offsets.get(group)?.get(`${topic}:${partition}`)
  }
  groups(): readonly GroupOffset[] {
    return [...this.#offsets.values()].flatMap(offsets => [...offsets.values()])
  }
  epochOf(id: string): number {
    return this.#epochs.get(id) ?? 0
  }

  change({ topic, starts }: ChangeNotes): void {
    if (topic !== undefined) this.#addTopic(topic)
    for (const [number, partition, start] of starts ?? []) this.#byNumber.get(number)?.partitions[partition]?.moveStart(start)
  }
  transaction({ id, epoch, offsets }: TransactionNotes): void {
    this.#epochs.set(id, epoch)
    for (const { topic, partition, next } of offsets?.offsets ?? [])
      this.#setOffset({ group: offsets!.group, topic, partition, next, metadata: offsets!.metadata })
  }
  /** Notes of a 'state' frame. */
  state(): StateNotes {
    const topics = [...this.topics.values()].map(({ number, settings, partitions }) => ({
      number,
      settings,
      bounds: partitions.map(({ start, end }) => [start, end] as const),
    }))
    const offsets = this.groups().map(o => [o.group, o.topic, o.partition, o.next, o.metadata] as const)
    return { version: 1, topics, offsets, epochs: Object.fromEntries(this.#epochs) }
  }
  /** Takes over a 'state' frame while the log is opened. @throws DATA_CORRUPT when it was written by another version */
  load(notes: unknown, file: string): void {
    const { version, topics, offsets, epochs } = notes as StateNotes
    if (version !== 1)
      throw new MillraceError('DATA_CORRUPT', `${file} has format version ${String(version)}; this version of Millrace reads version 1`, {
        where: { file },
      })
    for (const { number, settings, bounds } of topics) {
      const { partitions } = this.#byNumber.get(number) ?? this.#addTopic({ number, settings })
      bounds.forEach(([start, end], p) => {
        const index = partitions[p]!
        index.start = Math.max(index.start, start)
        index.end = Math.max(index.end, end)
      })
    }
    for (const [group, topic, partition, next, metadata] of offsets) this.#setOffset({ group, topic, partition, next, metadata })
    for (const [id, epoch] of Object.entries(epochs)) this.#epochs.set(id, epoch)
  }

  #addTopic({ number, settings }: TopicNote): EmbeddedTopic {
    const partitions = Array.from({ length: settings.partitions }, () => new PartitionIndex(this.#live))
    const topic: EmbeddedTopic = { number, settings: Object.freeze({ ...settings }), partitions }
    this.topics.set(settings.name, topic)
    this.#byNumber.set(number, topic)
    this.#numbers = Math.max(this.#numbers, number)
    return topic
  }
  #setOffset(offset: GroupOffset): void {
    let offsets = this.#offsets.get(offset.group)
    if (offsets === undefined) this.#offsets.set(offset.group, (offsets = new Map()))
    offsets.set(`${offset.topic}:${offset.partition}`, offset)
  }
}
