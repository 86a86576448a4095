// A Kafka cluster of one or three brokers, each a KRaft controller too, from the jars of the Maven repository.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Daemon, freePorts, listens } from './daemon.ts'
import { jarsOf, orNull } from './maven.ts'

const jars = (): string => jarsOf('kafka-4.3.1', beside('kafka-pom.xml'))
/** The folder of its jars, fetched if need be; null when there is no Java or they cannot be had. */
export const kafkaPrograms = (): string | null => orNull(jars)

export interface KafkaCluster {
  /** `host:port` of every broker. */
  readonly brokers: readonly string[]
  readonly daemons: readonly Daemon[]
  /** A Java program of Kafka's, e.g. `org.apache.kafka.tools.consumer.ConsoleConsumer`, as command and arguments. */
  tool(name: string, ...args: readonly string[]): readonly [command: string, args: readonly string[]]
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export interface KafkaOptions {
  readonly brokers?: 1 | 3
  /** Lines of server.properties; they win over ours. */
  readonly settings?: Readonly<Record<string, string>>
  /** Arguments of `StorageTool format`, such as users that are there from the beginning. */
  readonly format?: readonly string[]
  /** A port of `settings` that answers once a broker serves. */
  readonly serves?: number
}

export async function startKafka(
  directory: string,
  { brokers = 1, settings = {}, format: formatting = [], serves }: KafkaOptions = {},
): Promise<KafkaCluster> {
  const classes = join(jars(), '*')
  const ports = await freePorts(2 * brokers)
  const nodes = Array.from({ length: brokers }, (_, i) => ({ id: i + 1, port: ports[2 * i]!, controller: ports[2 * i + 1]! }))
  const voters = nodes.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`).join(',')
  const clusterId = `A${randomBytes(16).toString('base64url').slice(1, 22)}` // StorageTool takes one that begins with '-' for an option
  const daemons = nodes.map(({ id, port, controller }) => {
    const home = join(directory, `broker-${id}`)
    const properties = join(home, 'server.properties')
    mkdirSync(home, { recursive: true })
    writeFileSync(properties, linesOf({ ...ours(id, port, controller, voters, join(home, 'data'), brokers), ...settings }))
    if (!existsSync(join(home, 'data', 'meta.properties'))) {
      const format = ['-cp', classes, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties, ...formatting]
      execFileSync('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...format], { stdio: 'ignore' })
    }
    const log = join(home, 'broker.log')
    const memory = brokers === 1 ? '512m' : '384m'
    return new Daemon({
      command: 'java',
      args: [
        `-Xmx${memory}`,
        `-Xms${memory}`,
        `-Dlog4j2.configurationFile=${beside('kafka-log4j2.properties')}`,
        '-cp',
        classes,
        'kafka.Kafka',
        properties,
      ],
      log,
      serves: async () => (await listens(serves ?? port)) && readFileSync(log, 'utf8').includes('Kafka Server started'),
    })
  })
  await Promise.all(daemons.map(daemon => daemon.start()))
  return {
    brokers: nodes.map(({ port }) => `127.0.0.1:${port}`),
    daemons,
    tool: (name, ...args) => ['java', ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classes, name, ...args]],
  }
}

/** Internal topics with few partitions: the default of 50 makes the first start slow and large. */
const ours = (id: number, port: number, controller: number, voters: string, data: string, brokers: number): Record<string, string> => {
  const [replicas, insync] = brokers === 3 ? ['3', '2'] : ['1', '1']
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'log.dirs': data,
    'default.replication.factor': replicas,
    'min.insync.replicas': insync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': insync,
    'transaction.state.log.num.partitions': '8',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': insync,
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
  }
}
const linesOf = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
