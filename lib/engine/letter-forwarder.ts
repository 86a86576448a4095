// Carries dead letters of a sink from their table to the DLQ topic, at least once: (topic, partition, offset, stage) identifies them (exactly-once.md §4).
import { BatchBuilder } from '../model/record-batch.ts'
import type { TransactionalProducer } from '../ports/record-log.ts'
import type { Tables } from '../ports/tables.ts'
import type { TaskFacts } from './session.ts'

const AT_ONCE = 500

export class LetterForwarder {
  readonly #facts: TaskFacts
  readonly #tables: Tables
  #producer: TransactionalProducer | null = null
  constructor(facts: TaskFacts, tables: Tables) {
    this.#facts = facts
    this.#tables = tables
  }
  /** One round. The first task of the sink does it for all. */
  async forward(): Promise<void> {
    const { deployment, partition, ports, labels } = this.#facts
    if (partition !== 0) return
    const letters = (await this.#tables.deadLettersToForward(AT_ONCE)).filter(l => l.processor === labels.processor)
    if (letters.length === 0) return
    const builder = new BatchBuilder(letters.length)
    for (const l of letters) {
      builder.add(l.time, l.key, l.value, [
        ['millrace-error-code', l.code],
        ['millrace-error-message', l.message.slice(0, 2_000)],
        ['millrace-error-of', 'record'],
        ['millrace-processor', l.processor],
        ['millrace-stage', l.stage],
        ['millrace-topic', l.topic],
        ['millrace-partition', String(l.partition)],
        ['millrace-offset', String(l.offset)],
        ['millrace-time', String(l.time)],
      ])
    }
    if (this.#producer === null) {
      this.#producer = ports.log.producer(`${deployment.app}.${deployment.plan.processor}.dlq`)
      await this.#producer.fence()
    }
    await this.#producer.commit({ writes: [{ topic: deployment.deadLetterTopic.name, partition: 0, columns: builder.columns() }] })
    await this.#tables.forwarded(letters)
  }
  async close(): Promise<void> {
    await this.#producer?.close()
  }
}
