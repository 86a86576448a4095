// Three brokers whose partitions change their leaders all the time: what was acknowledged is there once, what was not is there once or not at all (K2).
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { openKafkaLog } from '#lib/adapters/kafka/record-log.ts'
import { isMillraceError } from '#lib/model/errors.ts'
import type { TransactionalProducer } from '#lib/ports/record-log.ts'
import { offsetOf, readAll, write } from '#lib/testing/conformance/record-log/opened-log.ts'
import { SeededRandom } from '#lib/testing/simulation/random.ts'
import { type KafkaCluster, kafkaPrograms, startKafka } from '../../../deploy/services/kafka.ts'
import { needs } from '../../services/required.ts'
import { sharedDirectory } from '../../services/shared-directory.ts'

const MINUTE = 60_000
const PARTITIONS = 6
const WRITING_MS = 20_000
/** Acknowledged at least, however slow the machine. */
const LEAST = 1_200
const PER_TRANSACTION = 60

describe('Kafka, three brokers', { timeout: 4 * MINUTE, ...needs('Kafka (Java and the Maven repository)', kafkaPrograms()) }, () => {
  const home = sharedDirectory('millrace-kafka-')
  let cluster: KafkaCluster
  before(async () => {
    cluster = await startKafka(home.path, { brokers: 3 })
  })
  after(async () => {
    await Promise.all((cluster?.daemons ?? []).map(daemon => daemon.stop()))
    home.remove()
  })

  test('K2: while leaders move, nothing that was acknowledged is lost and nothing is there twice', async t => {
    const log = await openKafkaLog({ brokers: cluster.brokers, replicas: 3 })
    const topic = `moving-${randomUUID()}`
    await log.createTopic({ name: topic, partitions: PARTITIONS, retention: 'forever' })
    const moving = new Moving(cluster, topic)
    const [acknowledged, unknown] = [new Set<number>(), new Set<number>()]
    const [id, group] = [`moving.${randomUUID()}`, `moving.${randomUUID()}`]
    let next = 0
    let handles = 0
    let producer: TransactionalProducer | null = null
    const until = performance.now() + WRITING_MS
    for (let n = 1; performance.now() < until || acknowledged.size < LEAST; n++) {
      const ids = Array.from({ length: PER_TRANSACTION }, () => next++)
      const byPartition = Map.groupBy(ids, i => i % PARTITIONS)
      try {
        if (producer === null) {
          producer = log.producer(id)
          handles++
          await producer.fence()
        }
        const writes = [...byPartition].map(([partition, some]) => write(topic, partition, ...some.map(String)))
        await producer.commit({ offsets: offsetOf(group, topic, 0, n), writes })
        for (const i of ids) acknowledged.add(i)
      } catch (error) {
        assert.ok(isMillraceError(error) && error.entry.retry === 'later', String(error))
        for (const i of ids) unknown.add(i)
        await producer?.close()
        producer = null
      }
    }
    const moves = await moving.stop()
    await producer?.close()
    const last = log.producer(id)
    await last.fence() // settles what is still open
    await last.close()

    const found: number[] = []
    for (let p = 0; p < PARTITIONS; p++) found.push(...(await readAll(log, topic, p)).map(r => Number(r.value)))
    await log.close()
    t.diagnostic(`${moves} moves, ${acknowledged.size} acknowledged, ${unknown.size} of unknown outcome, ${handles} handles`)
    assert.ok(moves > 20, 'leaders moved while records were written')
    const there = new Set(found)
    assert.equal(found.length, there.size, 'nothing is there twice')
    assert.deepEqual(
      [...acknowledged].filter(i => !there.has(i)),
      [],
      'nothing that was acknowledged is lost',
    )
    for (const i of there) assert.ok(acknowledged.has(i) || unknown.has(i))
  })
})

/** Gives partitions other leaders, again and again, through the stock client's administration. */
class Moving {
  readonly #over = new AbortController()
  readonly #running: Promise<number>
  constructor(cluster: KafkaCluster, topic: string) {
    this.#running = this.#run(cluster, topic)
  }
  stop(): Promise<number> {
    this.#over.abort()
    return this.#running
  }
  async #run(cluster: KafkaCluster, topic: string): Promise<number> {
    const random = new SeededRandom(7)
    const admin = new Kafka({ brokers: [...cluster.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    let moves = 0
    while (!this.#over.signal.aborted) {
      const chosen = Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(() => random.below(2) === 0)
      const partitionAssignment = chosen.map(partition => {
        const first = random.between(1, 3)
        const replicas = [1, 2, 3].sort((a, b) => Number(b === first) - Number(a === first)).slice(0, 2)
        return { partition, replicas }
      })
      try {
        await admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] })
        moves += chosen.length
      } catch {} // the move before is still under way
      await sleep(300)
    }
    await admin.disconnect()
    return moves
  }
}
