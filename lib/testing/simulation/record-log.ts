// The RecordLog port over a simulated broker: one client of it, in one process.
import type { Bounds, CommittedOffset, Membership, RecordLog, TopicSettings, TransactionalProducer } from '../../ports/record-log.ts'
import { Broker } from './broker.ts'
import { Member } from './groups.ts'
import { SimulatedProducer } from './producer.ts'
import { LogLife } from './log-life.ts'
import { SimulatedReader, unavailable } from './reader.ts'
import { DIRECT, type Wire } from './wire.ts'

/** ms after which a group gives up a member that has died (K19). */
const SESSION_TIMEOUT = 2_000

export class SimulatedLog implements RecordLog {
  readonly broker: Broker
  readonly #wire: Wire
  readonly #life = new LogLife()

  /** A client of `broker`; without a wire every call happens at once. */
  constructor(broker: Broker = new Broker(), wire: Wire = DIRECT) {
    this.broker = broker
    this.#wire = wire
  }
  createTopic(settings: TopicSettings): Promise<'created' | 'exists'> {
    return this.#call('log.createTopic', () => this.broker.createTopic(settings))
  }
  topic(name: string): Promise<TopicSettings | null> {
    return this.#call('log.topic', () => this.broker.topic(name))
  }
  topics(): Promise<readonly TopicSettings[]> {
    return this.#call('log.topics', () => this.broker.topics)
  }
  bounds(topic: string, partition: number): Promise<Bounds> {
    return this.#call('log.bounds', () => {
      const found = this.broker.partition(topic, partition)
      if (found.known !== null) this.broker.tally.add('stale bounds were told')
      found.hurryDeletion() // so that it comes while somebody reads by these bounds
      return found.bounds()
    })
  }
  offsetAt(topic: string, partition: number, time: number): Promise<number> {
    return this.#call('log.offsetAt', () => this.broker.partition(topic, partition).offsetAt(time))
  }
  async deleteRecords(topic: string, partition: number, before: number): Promise<void> {
    const deletion = await this.#call('log.deleteRecords', () => {
      this.broker.refuseWhenFull()
      return this.broker.partition(topic, partition).beginDeletion(before, this.broker.backstage)
    })
    await this.#wire.until('log.deleted', fire => deletion.whenDone(fire))
  }
  committed(group: string, topic: string, partition: number): Promise<CommittedOffset | null> {
    return this.#call('log.committed', () => this.broker.committed(group, topic, partition))
  }
  groups(): Promise<readonly { group: string; topic: string; partition: number; next: number; metadata: string }[]> {
    return this.#call('log.groups', () => this.broker.offsets)
  }
  producer(transactionalId: string): TransactionalProducer {
    return new SimulatedProducer(transactionalId, this.broker, this.#wire, this.#life)
  }
  async reader(topic: string, partition: number, from: number): Promise<SimulatedReader> {
    await this.#call('log.reader', () => this.broker.partition(topic, partition))
    return new SimulatedReader(() => this.broker.partition(topic, partition), from, this.broker.backstage, this.#wire, this.#life)
  }
  async join(group: string, tasks: number, assigned: (partitions: readonly number[]) => void): Promise<Membership> {
    const joined = this.broker.group(group, tasks)
    let left = false
    // What is told is the assignment at that time: news that were overtaken say nothing old.
    const member: Member = new Member(() => this.#wire.tell('log.assigned', () => left || assigned(member.assigned)))
    const leave = (): void => joined.leave(member)
    const expire = (): void => {
      left = true
      this.broker.backstage.after(SESSION_TIMEOUT, 'log.expired', leave)
    }
    this.#wire.atDeath(expire) // also when it dies before it hears that it has joined
    try {
      await this.#call('log.join', () => joined.join(member))
    } catch (error) {
      expire()
      throw error
    }
    return {
      leave: () => {
        left = true
        return this.#wire.call('log.leave', leave, null)
      },
    }
  }
  async close(): Promise<void> {
    await this.#life.end()
  }
  #call<T>(point: string, effect: () => T): Promise<T> {
    return this.#life.during(() => this.#wire.call(point, effect, unavailable))
  }
}
