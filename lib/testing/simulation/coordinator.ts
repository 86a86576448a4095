// Kafka's transaction coordinator: one epoch per transactional id, one transaction at a time, decided once, then told to its partitions marker by marker.
import { MillraceError } from '../../model/errors.ts'
import type { OffsetCommit } from '../../ports/record-log.ts'
import type { Tally } from './faults.ts'
import type { Partition, Writer } from './partition.ts'
import type { Backstage } from './wire.ts'

/** ms after which an open transaction is aborted (exactly-once.md O1). */
const TRANSACTION_TIMEOUT = 15_000

export interface Append {
  readonly partition: Partition
  readonly base: number
  readonly count: number
}

/** One transaction, from its first request to the end of the world: the oracle reads them all. */
export class LogTransaction implements Writer {
  readonly transactionalId: string
  readonly epoch: number
  readonly offsets: OffsetCommit | null
  readonly appends: Append[] = []
  /** Decided for ever when it is not 'open'. */
  verdict: Writer['verdict'] = 'open'
  /** Partitions whose marker is still on its way, and the group offsets if they are. */
  unsettled = 0
  readonly partitions = new Set<Partition>()
  cancelTimeout: () => void = () => {}

  constructor(transactionalId: string, epoch: number, offsets: OffsetCommit | null) {
    this.transactionalId = transactionalId
    this.epoch = epoch
    this.offsets = offsets
  }
  /** Decided, and every marker is written. */
  get settled(): boolean {
    return this.verdict !== 'open' && this.unsettled === 0
  }
}

interface Owner {
  epoch: number
  current: LogTransaction | null
  waiters: (() => void)[]
}

export class Coordinator {
  /** Goes up whenever something becomes visible, or does not any more. */
  version = 0
  /** Where the last draw wrote a marker: what a change of leader hides most likely. */
  justMarked: Partition | null = null
  /** In the order of their begin. */
  readonly transactions: LogTransaction[] = []
  readonly #owners = new Map<string, Owner>()
  readonly #backstage: Backstage
  readonly #tally: Tally
  readonly #storeOffsets: (transaction: LogTransaction) => void

  constructor(backstage: Backstage, tally: Tally, storeOffsets: (transaction: LogTransaction) => void) {
    this.#backstage = backstage
    this.#tally = tally
    this.#storeOffsets = storeOffsets
  }
  /** InitProducerId: the new epoch, or 'settling' while an older transaction has to be settled first (an open one is aborted). */
  fence(id: string): number | 'settling' {
    const owner = this.#owner(id)
    const { current } = owner
    if (current === null) return ++owner.epoch
    if (current.verdict === 'open') {
      owner.epoch++
      this.#tally.add('fence aborted an open transaction')
      this.#decide(owner, current, 'abort')
    } else this.#tally.add('fence met a transaction that was being settled')
    return owner.current === null ? ++owner.epoch : 'settling'
  }
  /** TxnOffsetCommit or AddPartitionsToTxn, whichever comes first. 'settling': the markers of the last transaction are still on their way (K7). */
  begin(id: string, epoch: number, offsets: OffsetCommit | null): 'begun' | 'settling' {
    const owner = this.#owned(id, epoch)
    if (owner.current !== null) return this.#stillSettling(owner.current)
    const transaction = new LogTransaction(id, epoch, offsets)
    this.transactions.push(transaction)
    owner.current = transaction
    transaction.cancelTimeout = this.#backstage.after(TRANSACTION_TIMEOUT, 'log.timeout', () => {
      owner.epoch++
      this.#tally.add('transaction timed out')
      this.#decide(owner, transaction, 'abort')
    })
    return 'begun'
  }
  #stillSettling(current: LogTransaction): 'settling' {
    if (current.verdict !== 'open') return 'settling'
    throw new MillraceError('INTERNAL', `a second transaction of '${current.transactionalId}' was begun before the first was ended`)
  }
  open(id: string, epoch: number): LogTransaction {
    const { current } = this.#owned(id, epoch)
    if (current === null || current.verdict !== 'open')
      throw new MillraceError('COMMIT_UNKNOWN', `'${id}' has no open transaction to write to`)
    return current
  }
  /** EndTxn: decides for ever. */
  commit(id: string, epoch: number): void {
    const transaction = this.open(id, epoch)
    this.#decide(this.#owner(id), transaction, 'commit')
  }
  /** Refuses what comes from an older epoch. */
  check(id: string, epoch: number): void {
    this.#owned(id, epoch)
  }
  whenSettled(id: string, fire: () => void): void {
    const owner = this.#owner(id)
    if (owner.current === null) fire()
    else owner.waiters.push(fire)
  }
  #decide(owner: Owner, transaction: LogTransaction, verdict: 'commit' | 'abort'): void {
    transaction.cancelTimeout()
    transaction.verdict = verdict
    this.version++
    const offsets = verdict === 'commit' && transaction.offsets !== null
    transaction.unsettled = transaction.partitions.size + (offsets ? 1 : 0)
    const detail = (): string => `${verdict} ${transaction.transactionalId}`
    for (const partition of transaction.partitions)
      this.#backstage.later(
        'log.marker',
        () => {
          partition.mark(transaction)
          this.justMarked = partition
          this.#oneSettled(owner, transaction)
        },
        () => `${detail()} in ${partition.topic}/${partition.number}`,
      )
    if (offsets)
      this.#backstage.later(
        'log.offsets',
        () => {
          this.#storeOffsets(transaction)
          this.#oneSettled(owner, transaction)
        },
        detail,
      )
    if (transaction.partitions.size === 0 && !offsets) this.#complete(owner)
  }
  #oneSettled(owner: Owner, transaction: LogTransaction): void {
    this.version++
    if (--transaction.unsettled === 0) this.#complete(owner)
  }
  #complete(owner: Owner): void {
    owner.current = null
    for (const fire of owner.waiters.splice(0)) fire()
  }
  #owner(id: string): Owner {
    let owner = this.#owners.get(id)
    if (owner === undefined) this.#owners.set(id, (owner = { epoch: -1, current: null, waiters: [] }))
    return owner
  }
  #owned(id: string, epoch: number): Owner {
    const owner = this.#owner(id)
    if (owner.epoch === epoch) return owner
    this.#tally.add('a request of an older epoch was refused')
    throw new MillraceError('PRODUCER_FENCED', `another owner of '${id}' has taken over: epoch ${epoch} is over, ${owner.epoch} is valid`)
  }
}
