// Transactional handles. Epochs live in this process, because handles do: no handle outlives it, and nothing uncommitted is ever on the disk.
import { MillraceError } from '../../model/errors.ts'
import type { Receipt, Transaction, TransactionalProducer } from '../../ports/record-log.ts'
import type { Catalog, TransactionNotes } from './catalog.ts'
import { type BatchSource, committedBatch, draftFrame, frameLength } from './frame.ts'
import type { Journal, Landed } from './journal.ts'

const METADATA_BYTES = 4_096

/** What producers stand on. */
export interface Commits {
  readonly catalog: Catalog
  readonly journal: Journal
  /** Largest frame, in bytes. */
  readonly transactionBytes: number
  /** Makes a durable transaction visible. */
  readonly visible: (landed: Landed, notes: TransactionNotes) => void
  /** @throws LOG_UNAVAILABLE when the log is closed */
  readonly assertOpen: () => void
}

/** Of one transactional id: who owns it, and what of it is on its way to the disk. */
interface Ownership {
  epoch: number
  underWay: Promise<void>
}

export class Producers {
  readonly #commits: Commits
  readonly #owners = new Map<string, Ownership>()
  constructor(commits: Commits) {
    this.#commits = commits
  }
  handle(id: string): TransactionalProducer {
    let owner = this.#owners.get(id)
    if (owner === undefined) this.#owners.set(id, (owner = { epoch: this.#commits.catalog.epochOf(id), underWay: Promise.resolve() }))
    return new EmbeddedProducer(this.#commits, id, owner)
  }
}

class EmbeddedProducer implements TransactionalProducer {
  readonly #commits: Commits
  readonly #id: string
  readonly #owner: Ownership
  #epoch: number | null = null
  #dead = false
  /** Calls of one handle happen one after the other. */
  #before: Promise<unknown> = Promise.resolve()
  constructor(commits: Commits, id: string, owner: Ownership) {
    this.#commits = commits
    this.#id = id
    this.#owner = owner
  }

  fence(): Promise<void> {
    return this.#mortal(async () => {
      this.#commits.assertOpen()
      const { failure } = this.#commits.journal
      if (failure !== null) throw new MillraceError('LOG_UNAVAILABLE', failure.message, { cause: failure, where: failure.where })
      if (this.#epoch !== null) throw new MillraceError('INTERNAL', `the handle on '${this.#id}' was fenced twice`)
      this.#epoch = ++this.#owner.epoch // from here on older handles commit nothing
      await this.#owner.underWay // and what they have on its way is there or not before this resolves
      this.#assertOwner()
    })
  }

  async commit(transaction: Transaction): Promise<Receipt> {
    this.#commits.assertOpen()
    return this.#mortal(async () => {
      this.#assertOwner()
      const { writes, offsets } = transaction
      const batches = this.#batchesOf(transaction)
      if (batches.length === 0 && offsets === undefined) return { baseOffsets: writes.map(() => -1) }
      const notes: TransactionNotes = { id: this.#id, epoch: this.#epoch!, ...(offsets === undefined ? {} : { offsets }) }
      const draft = draftFrame('transaction', notes, batches)
      const landing = this.#commits.journal.append(draft, landed => this.#commits.visible(landed, notes))
      this.#owner.underWay = Promise.allSettled([this.#owner.underWay, landing]).then(() => {})
      const { batches: landed } = await landing
      let next = 0
      return { baseOffsets: writes.map(({ columns }) => (columns.count === 0 ? -1 : landed[next++]!.base)) }
    })
  }

  async close(): Promise<void> {
    this.#dead = true
  }

  /** Runs one call after the one before; any error of it is the handle's last (I8). */
  #mortal<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#before.then(async () => {
      if (this.#dead) throw this.#fenced('it was closed or had an error before')
      try {
        return await call()
      } catch (error) {
        this.#dead = true
        throw error
      }
    })
    this.#before = result.catch(() => {})
    return result
  }

  #assertOwner(): void {
    if (this.#epoch === null) throw this.#fenced('fence() was not called')
    if (this.#epoch !== this.#owner.epoch) throw this.#fenced('another handle took over')
  }
  #fenced(why: string): MillraceError {
    return new MillraceError('PRODUCER_FENCED', `the handle on transactional id '${this.#id}' can commit nothing: ${why}`)
  }

  /** Checked batches, those without records left out. @throws TOPIC_UNKNOWN, RECORD_TOO_LARGE */
  #batchesOf({ writes, offsets }: Transaction): BatchSource[] {
    const { catalog, transactionBytes } = this.#commits
    for (const { topic, partition } of [...writes, ...(offsets?.offsets ?? [])]) catalog.partition(topic, partition)
    const metadataBytes = Buffer.byteLength(offsets?.metadata ?? '')
    if (metadataBytes > METADATA_BYTES)
      throw new MillraceError(
        'RECORD_TOO_LARGE',
        `the offset metadata of group '${offsets!.group}' has ${metadataBytes} bytes; ${METADATA_BYTES} are allowed`,
      )
    const batches = writes
      .filter(({ columns }) => columns.count > 0)
      .map(({ topic, partition, columns }) => committedBatch(catalog.topicOf(topic).number, partition, columns))
    const sizeBytes = frameLength(0, batches)
    if (sizeBytes > transactionBytes) {
      const { topic, partition } = writes.reduce((a, b) => (b.columns.bytes.length > a.columns.bytes.length ? b : a))
      throw new MillraceError(
        'RECORD_TOO_LARGE',
        `a transaction of '${this.#id}' has ${sizeBytes} bytes, most of them for ${topic}/${partition}; ${transactionBytes} are allowed`,
        { where: { topic, partition } },
      )
    }
    return batches
  }
}
