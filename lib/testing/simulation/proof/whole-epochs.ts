// I2, seen from the transactions: none of a task's holds results or offsets without the epoch that they belong to.
import { ledgerTopic } from '../../../engine/ledger.ts'
import type { Coordinator, LogTransaction } from '../coordinator.ts'
import { APP, STREAM } from './job.ts'

const LEDGER = ledgerTopic(APP, STREAM)

export class WholeEpochs {
  readonly #coordinator: Coordinator
  #undecided: LogTransaction[] = []
  #seen = 0
  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator
  }
  violation(): string | null {
    const { transactions } = this.#coordinator
    while (this.#seen < transactions.length) this.#undecided.push(transactions[this.#seen++]!)
    const decided = this.#undecided.filter(t => t.verdict !== 'open')
    if (decided.length === 0) return null
    this.#undecided = this.#undecided.filter(t => t.verdict === 'open')
    const torn = decided.find(t => t.verdict === 'commit' && t.transactionalId.startsWith(`${APP}.${STREAM}.`) && !isWhole(t))
    return torn === undefined ? null : `I2: a transaction of ${torn.transactionalId} holds results or offsets without their epoch`
  }
}
const isWhole = ({ appends, offsets }: LogTransaction): boolean =>
  (appends.length === 0 && offsets === null) || appends.some(a => a.partition.topic === LEDGER)
