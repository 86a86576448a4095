// The client's side of a transactional id: each request of a commit may be the last one that arrives.
import { MillraceError } from '../../model/errors.ts'
import type { PartitionWrite, Receipt, Transaction, TransactionalProducer } from '../../ports/record-log.ts'
import type { Broker } from './broker.ts'
import { columnsCopy } from './columns-copy.ts'
import type { LogLife } from './log-life.ts'
import type { Wire } from './wire.ts'

const unreachable = (what: string): MillraceError => new MillraceError('LOG_UNAVAILABLE', `fence: ${what}`)
const unknown = (what: string): MillraceError => new MillraceError('COMMIT_UNKNOWN', `commit: ${what}`)

export class SimulatedProducer implements TransactionalProducer {
  readonly #id: string
  readonly #broker: Broker
  readonly #wire: Wire
  readonly #log: LogLife
  #state: 'new' | 'fencing' | 'owner' | 'committing' | 'dead' = 'new'
  #epoch = -1

  constructor(id: string, broker: Broker, wire: Wire, log: LogLife) {
    this.#id = id
    this.#broker = broker
    this.#wire = wire
    this.#log = log
  }
  fence(): Promise<void> {
    return this.#during('new', 'fencing', async () => {
      const { coordinator } = this.#broker
      this.#epoch = await this.#untilSettled('log.fence', () => coordinator.fence(this.#id), unreachable)
    })
  }
  commit(transaction: Transaction): Promise<Receipt> {
    return this.#during('owner', 'committing', async () => {
      const { coordinator } = this.#broker
      const offsets = transaction.offsets ?? null
      const nothing = offsets === null && transaction.writes.every(w => w.columns.count === 0)
      await this.#untilSettled(
        nothing ? 'log.check' : 'log.begin',
        () => {
          coordinator.check(this.#id, this.#epoch)
          this.#broker.refuse(transaction)
          return nothing ? 'begun' : coordinator.begin(this.#id, this.#epoch, offsets)
        },
        unknown,
      )
      const baseOffsets: number[] = []
      for (const write of transaction.writes) baseOffsets.push(write.columns.count === 0 ? -1 : await this.#append(write))
      if (!nothing) await this.#call('log.end', () => coordinator.commit(this.#id, this.#epoch))
      return { baseOffsets }
    })
  }
  async close(): Promise<void> {
    this.#state = 'dead'
  }

  #append({ topic, partition, columns }: PartitionWrite): Promise<number> {
    const { coordinator } = this.#broker
    const copy = columnsCopy(columns)
    return this.#call(
      'log.append',
      () => {
        const open = coordinator.open(this.#id, this.#epoch)
        const to = this.#broker.partition(topic, partition)
        const base = to.append(open, copy)
        open.partitions.add(to)
        open.appends.push({ partition: to, base, count: copy.count })
        return base
      },
      () => `${topic}/${partition} +${copy.count}`,
    )
  }
  #call<T>(point: string, effect: () => T, detail: () => string = () => this.#id): Promise<T> {
    return this.#wire.call(point, effect, unknown, detail)
  }
  /** Asks again when the id's last transaction is settled, which the server tells (kafkajs polls). */
  async #untilSettled<T>(point: string, effect: () => T | 'settling', broken: (what: string) => Error): Promise<T> {
    for (;;) {
      const answer = await this.#wire.call(point, effect, broken, () => this.#id)
      if (answer !== 'settling') return answer as T
      await this.#wire.until('log.settled', fire => this.#broker.coordinator.whenSettled(this.#id, fire))
    }
  }
  /** I8: after any error the handle is dead. */
  #during<T>(from: 'new' | 'owner', by: 'fencing' | 'committing', body: () => Promise<T>): Promise<T> {
    return this.#log.during(async () => {
      try {
        if (this.#state !== from) throw this.#refusal()
        this.#state = by
        const result = await body()
        if (this.#state === by) this.#state = 'owner'
        return result
      } catch (error) {
        this.#state = 'dead'
        throw error
      }
    })
  }
  #refusal(): MillraceError {
    const state = this.#state
    if (state === 'fencing' || state === 'committing')
      return new MillraceError('INTERNAL', `a handle of '${this.#id}' was called while it was still ${state}`)
    const why = state === 'dead' ? 'is closed or has failed' : state === 'new' ? 'was not fenced' : 'was fenced before'
    return new MillraceError('PRODUCER_FENCED', `this handle of '${this.#id}' ${why}: make a new one and fence it`)
  }
}
