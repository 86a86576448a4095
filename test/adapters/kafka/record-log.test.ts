import { after, before, describe } from 'node:test'
import { openKafkaLog } from '#lib/adapters/kafka/record-log.ts'
import { recordLogConformance } from '#lib/testing/conformance/record-log.ts'
import { type KafkaCluster, kafkaPrograms, startKafka } from '../../../deploy/services/kafka.ts'
import { needs } from '../../services/required.ts'
import { sharedDirectory } from '../../services/shared-directory.ts'
import { guardTests } from './guards.ts'
import { javaToolTests } from './java-tools.ts'

const MINUTE = 60_000

describe('Kafka, one broker', { timeout: 5 * MINUTE, ...needs('Kafka (Java and the Maven repository)', kafkaPrograms()) }, () => {
  const home = sharedDirectory('millrace-kafka-')
  let cluster: KafkaCluster
  before(async () => {
    cluster = await startKafka(home.path)
  })
  after(async () => {
    await Promise.all((cluster?.daemons ?? []).map(daemon => daemon.stop()))
    home.remove()
  })
  describe('guards', () => guardTests(() => cluster))
  describe('the Java tools', () => javaToolTests(() => cluster))
  recordLogConformance('Kafka', async () => {
    const open = () => openKafkaLog({ brokers: cluster.brokers, sessionMs: 6_000 })
    let log = await open()
    return {
      log,
      reopen: async () => {
        await log.close()
        log = await open()
        return log
      },
      tooLarge: 1_100_000,
      dispose: () => log.close(),
    }
  })
})
