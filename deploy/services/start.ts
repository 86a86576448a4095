// Real services on this machine, for development: what is given by the environment is used, the rest is started from local packages, and stopped again.
//   npm run services [-- --only kafka,redis] [--brokers 1|3] [--dir DIR]
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Daemon } from './daemon.ts'
import { startKafka } from './kafka.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { startRegistry } from './registry.ts'

interface Started {
  readonly environment: Readonly<Record<string, string>>
  readonly daemons: readonly Daemon[]
}
interface Service {
  /** The variable by which one is given. */
  readonly given: string
  start(directory: string): Promise<Started>
}

const { values } = parseArgs({ options: { only: { type: 'string' }, brokers: { type: 'string', default: '1' }, dir: { type: 'string' } } })
if (values.brokers !== '1' && values.brokers !== '3') fail(`--brokers is '${values.brokers}': 1 or 3`)
const brokers = values.brokers === '3' ? 3 : 1

const SERVICES: Readonly<Record<string, Service>> = {
  kafka: {
    given: 'KAFKA_BOOTSTRAP_SERVERS',
    start: async directory => {
      const cluster = await startKafka(directory, { brokers })
      return { environment: { KAFKA_BOOTSTRAP_SERVERS: cluster.brokers.join() }, daemons: cluster.daemons }
    },
  },
  registry: {
    given: 'SCHEMA_REGISTRY_URL',
    start: async directory => {
      const { url, daemon } = await startRegistry(directory)
      return { environment: { SCHEMA_REGISTRY_URL: url }, daemons: [daemon] }
    },
  },
  redis: {
    given: 'REDIS_URL',
    start: async directory => {
      const { url, daemon } = await startRedis(directory)
      return { environment: { REDIS_URL: url }, daemons: [daemon] }
    },
  },
  postgres: {
    given: 'POSTGRES_HOST',
    start: async directory => {
      const { host, port, database, user, password, daemon } = await startPostgres(directory)
      const environment = { POSTGRES_HOST: host, POSTGRES_PORT: String(port), POSTGRES_DB: database, POSTGRES_USER: user }
      return { environment: { ...environment, POSTGRES_PASSWORD: password }, daemons: [daemon] }
    },
  },
}

const wanted = values.only?.split(',') ?? Object.keys(SERVICES)
const unknown = wanted.filter(name => SERVICES[name] === undefined)
if (unknown.length > 0) fail(`there is no service '${unknown.join("', '")}': ${Object.keys(SERVICES).join(', ')}`)

const directory = values.dir === undefined ? mkdtempSync(join(tmpdir(), 'millrace-services-')) : resolve(values.dir)
mkdirSync(directory, { recursive: true })
if (values.dir === undefined) chmodSync(directory, 0o755) // PostgreSQL runs as another user

const outcomes = await Promise.allSettled(
  wanted.map(async (name): Promise<Started> => {
    const { given, start } = SERVICES[name]!
    const there = process.env[given]
    if (there !== undefined && there !== '') {
      console.error(`${name}: given by ${given}`)
      return { environment: {}, daemons: [] }
    }
    const started = await start(join(directory, name))
    console.error(`${name}: started, pid ${started.daemons.map(d => d.pid).join(', ')}`)
    return started
  }),
)
const started = outcomes.flatMap(o => (o.status === 'fulfilled' ? [o.value] : []))
const stop = async (): Promise<void> => {
  await Promise.all(started.flatMap(s => s.daemons).map(daemon => daemon.stop()))
  if (values.dir === undefined) rmSync(directory, { recursive: true, force: true })
}
const failures = outcomes.flatMap((o, i) => (o.status === 'rejected' ? [`${wanted[i]}: ${String((o.reason as Error).message)}`] : []))
if (failures.length > 0) {
  await stop()
  fail(failures.join('\n'))
}
for (const { environment } of started) for (const [name, value] of Object.entries(environment)) console.log(`export ${name}='${value}'`)
console.error(`data in ${directory}${values.dir === undefined ? ', removed at the end' : ''}; Ctrl-C stops what was started`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().then(() => process.exit(0)))
setInterval(() => {}, 1 << 30) // stays until then

function fail(what: string): never {
  console.error(what)
  process.exit(1)
}
