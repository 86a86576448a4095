// A worker process of the test on real services: it runs the job until it is killed or told to end.
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import { openKafkaLog } from '#lib/adapters/kafka/record-log.ts'
import { connectToServer } from '#lib/adapters/postgres/server.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { openRedisStateCache } from '#lib/adapters/redis/state-cache.ts'
import { openConfluentRegistry } from '#lib/adapters/registry/confluent.ts'
import { Worker } from '#lib/engine/worker.ts'
import { SILENT } from '#lib/ports/observer.ts'
import { loading, PARTITIONS, totalling } from './cluster-job.ts'

export interface Services {
  readonly brokers: readonly string[]
  readonly redis: string
  readonly registry: string
  readonly postgres: {
    readonly host: string
    readonly port: number
    readonly database: string
    readonly user: string
    readonly password: string
  }
}

if (process.argv[1] === import.meta.filename) {
  const services = JSON.parse(process.argv[2]!) as Services
  const worker = new Worker(
    {
      log: await openKafkaLog({ brokers: services.brokers }),
      cache: await openRedisStateCache({ urls: [services.redis], topology: 'single' }),
      registry: await openConfluentRegistry({ url: services.registry }),
      tables: await openTables(await connectToServer(services.postgres)),
      feeds: new Map(),
      clock: systemClock(),
      random: systemRandom(),
      observer: { ...SILENT, failure: (task, error) => console.error(`${task.processor}/${task.partition}`, error.code, error.message) },
    },
    { app: 'cluster-test', partitions: PARTITIONS },
  )
  process.on('SIGTERM', () => void worker.stop().then(() => process.exit(0)))
  worker.failed().then(
    error => {
      console.error('stopped for good', error)
      process.exit(1)
    },
    () => {},
  )
  for (const processor of [totalling, loading]) await worker.start(processor)
  console.log('running')
}
