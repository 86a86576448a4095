// What the stock client does wrong on a real broker, shown, and that ours does not (K1): a guard whose control does not fail guards nothing.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, type Transaction } from 'kafkajs'
import { selfCheck } from '#lib/adapters/kafka/client.ts'
import { openKafkaLog } from '#lib/adapters/kafka/record-log.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import { readAll, valuesOf } from '#lib/testing/conformance/record-log/opened-log.ts'
import type { KafkaCluster } from '../../../deploy/services/kafka.ts'

const OWNERS = 8
const PARTITION = 0

export function guardTests(cluster: () => KafkaCluster): void {
  const stock = (): Kafka =>
    new Kafka({
      clientId: 'stock',
      brokers: [...cluster().brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 5, initialRetryTime: 20 },
    })

  test('K1: of eight transactions that a crash cut off the stock consumer delivers records, ours none', async () => {
    const topic = `guards-${randomUUID()}`
    const log = await openKafkaLog({ brokers: cluster().brokers })
    await log.createTopic({ name: topic, partitions: 1, retention: 'forever' })
    const ids = Array.from({ length: OWNERS }, () => randomUUID())
    const begin = async (id: string) => {
      const producer = stock().producer({ transactionalId: id, maxInFlightRequests: 1, retry: { retries: 0 } })
      await producer.connect()
      return { producer, transaction: await patiently(() => producer.transaction()) }
    }
    const put = (transaction: Transaction, value: string) =>
      patiently(() => transaction.send({ topic, messages: [{ partition: PARTITION, value }] }))
    const crashed = await Promise.all(ids.map(begin))
    for (let round = 0; round < 3; round++)
      for (let i = 0; i < OWNERS; i++) await put(crashed[(i * 3 + round) % OWNERS]!.transaction, `aborted ${i}.${round}`)
    const next = await Promise.all(ids.map(begin)) // fences what is open, which aborts it
    await Promise.all(
      next.map(async ({ transaction }) => {
        await put(transaction, 'good')
        await patiently(() => transaction.commit())
      }),
    )

    const ours = valuesOf(await readAll(log, topic))
    const theirs = await stockReads(stock(), topic, 'good', OWNERS)
    await log.close()
    await Promise.all([...crashed, ...next].map(({ producer }) => producer.disconnect().catch(() => {})))
    assert.deepEqual(
      ours,
      Array.from({ length: OWNERS }, () => 'good'),
    )
    assert.ok(
      theirs.some(v => v.startsWith('aborted')),
      'the control: the stock consumer is expected to deliver aborted records',
    )
  })

  test('another version of the client is refused before anything is sent', () => {
    assert.throws(
      () => selfCheck({ version: '2.2.5' }),
      error => isMillraceError(error) && error.code === 'CLIENT_UNFIT' && /only 2\.2\.4 is known/.test(error.message),
    )
  })
}

/** While the transaction before is still being settled. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if ((error as { type?: string }).type !== 'CONCURRENT_TRANSACTIONS') throw error
      await sleep(10)
    }
  }
}

/** What the stock consumer delivers read-committed, until it has seen a value so often. */
async function stockReads(kafka: Kafka, topic: string, value: string, times: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: randomUUID(), sessionTimeout: 6_000, maxWaitTimeInMs: 100 })
  const found: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>(resolve => {
    void consumer.run({
      autoCommit: false,
      eachMessage: ({ message }) => {
        found.push(String(message.value))
        if (found.filter(v => v === value).length === times) resolve()
        return Promise.resolve()
      },
    })
  })
  await consumer.disconnect()
  return found
}
