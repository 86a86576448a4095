// Reads one partition from its leader, on connections of its own: a read that waits for news holds up nobody, and nobody holds it up.
import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../model/errors.ts'
import type { Fetched, PartitionReader } from '../../ports/record-log.ts'
import type { Cluster, Lane } from './cluster.ts'
import { CODES, LEADER_MOVED } from './codes.ts'
import { refused } from './failures.ts'
import { readRecords } from './record-batch-read.ts'
import type { Node } from './requests/cluster.ts'
import { fetch, type FetchedPartition } from './requests/partitions.ts'

/** How long a broker may keep a read that waits for news. */
const WAIT_MS = 2_000
const PAUSE_MS = 50
/** How often a partition whose leader moves is asked for within one fetch. */
const ATTEMPTS = 20
/** Bytes that a read which waits brings along. */
const AHEAD_BYTES = 1 << 20

export class KafkaReader implements PartitionReader {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #partition: number
  readonly #asking: Lane
  readonly #waiting: Lane
  #position: number
  #closed = false
  /** What a read that waited brought, and from which position. */
  #ahead: { readonly from: number; readonly fetched: FetchedPartition } | null = null
  /** The read that waits, if one does. */
  #wait: Promise<void> | null = null
  readonly #wakers = new Set<() => void>()

  readonly #onClose: () => void

  constructor(cluster: Cluster, topic: string, partition: number, from: number, onClose: () => void) {
    this.#onClose = onClose
    this.#cluster = cluster
    this.#topic = topic
    this.#partition = partition
    this.#asking = cluster.lane()
    this.#waiting = cluster.lane()
    this.#position = from
  }

  async fetch(maxBytes: number): Promise<Fetched> {
    const from = this.#position
    const ahead = this.#ahead
    this.#ahead = null
    // What was brought along is news, and no word about what is there now.
    if (ahead !== null && ahead.from === from && ahead.fetched.records.length > 0) return this.#read(from, ahead.fetched, 'before')
    return this.#read(from, await this.#ask(from, maxBytes), 'now')
  }
  seek(offset: number): void {
    this.#position = offset
    this.#ahead = null
  }

  arrived(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closed || this.#ahead?.from === this.#position) return Promise.resolve()
    return new Promise(resolve => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        this.#wakers.delete(wake)
        resolve()
      }
      signal.addEventListener('abort', wake)
      this.#wakers.add(wake)
      this.#wait ??= this.#waitForNews().finally(() => {
        this.#wait = null
        for (const waker of this.#wakers) waker()
      })
    })
  }

  close(): void {
    this.#closed = true
    this.#onClose()
    this.#asking.close()
    this.#waiting.close()
    for (const waker of this.#wakers) waker()
  }

  #read(from: number, { records, aborted, stable, end }: FetchedPartition, when: 'now' | 'before'): Fetched {
    const { batches, next } = readRecords(this.#topic, this.#partition, from, { records, aborted })
    if (this.#position === from) this.#position = next
    return { from, next, batches, caughtUp: when === 'now' && next === stable && stable === end }
  }

  /** Never fails: the next fetch tells what is wrong. */
  async #waitForNews(): Promise<void> {
    while (!this.#closed && this.#wakers.size > 0) {
      const from = this.#position
      try {
        const leader = await this.#leader()
        const fetched = await this.#waiting.send(leader, fetch(this.#topic, this.#partition, from, AHEAD_BYTES, WAIT_MS))
        if (from !== this.#position) continue
        if (fetched.code === CODES.NONE && fetched.records.length === 0) continue
        if (fetched.code === CODES.NONE) this.#ahead = { from, fetched }
        else if (LEADER_MOVED.has(fetched.code)) this.#cluster.stale(this.#topic)
      } catch {
        this.#cluster.stale(this.#topic)
      }
      return
    }
  }

  async #ask(from: number, maxBytes: number): Promise<FetchedPartition> {
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw new MillraceError('LOG_UNAVAILABLE', `the reader of ${this.#topic}/${this.#partition} is closed`)
      const where = { topic: this.#topic, partition: this.#partition, offset: from }
      const leader = await this.#leader()
      let fetched: FetchedPartition
      try {
        fetched = await this.#asking.send(leader, fetch(this.#topic, this.#partition, from, Math.max(maxBytes, 1), 0))
      } catch (error) {
        this.#cluster.stale(this.#topic)
        throw error
      }
      if (fetched.code === CODES.NONE) return fetched
      const unsettled = LEADER_MOVED.has(fetched.code) || fetched.code === CODES.UNKNOWN_TOPIC_OR_PARTITION
      if (unsettled) this.#cluster.stale(this.#topic)
      if (!unsettled || attempt === ATTEMPTS) throw refused(fetched.code, `a read of ${this.#topic}/${this.#partition} at ${from}`, where)
      await sleep(PAUSE_MS)
    }
  }
  #leader(): Promise<Node> {
    return this.#cluster.leader(this.#topic, this.#partition)
  }
}
