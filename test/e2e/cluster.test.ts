// Exactly once on real services: two worker processes on Kafka, Redis, a schema registry and PostgreSQL, one of them killed again and again.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openKafkaLog } from '#lib/adapters/kafka/record-log.ts'
import { connectToServer } from '#lib/adapters/postgres/server.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { openConfluentRegistry } from '#lib/adapters/registry/confluent.ts'
import { openReader, openWriter } from '#lib/codec/topic-codec.ts'
import { sqlOf } from '#lib/embedded/migrated-tables.ts'
import { Arena } from '#lib/model/arena.ts'
import { codecSpecOf } from '#lib/model/codec.ts'
import { partitionOf } from '#lib/model/key.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import { tableSpecOf } from '#lib/model/table.ts'
import { specOf } from '#lib/model/topic.ts'
import type { RecordLog } from '#lib/ports/record-log.ts'
import type { Registry } from '#lib/ports/registry.ts'
import type { Tables } from '#lib/ports/tables.ts'
import { SeededRandom } from '#lib/testing/simulation/random.ts'
import { type KafkaCluster, kafkaPrograms, startKafka } from '../../deploy/services/kafka.ts'
import { postgresPrograms, startPostgres } from '../../deploy/services/postgres.ts'
import { redisServer, startRedis } from '../../deploy/services/redis.ts'
import { registryPrograms, startRegistry } from '../../deploy/services/registry.ts'
import { needs } from '../services/required.ts'
import { sharedDirectory } from '../services/shared-directory.ts'
import type { Services } from './cluster-child.ts'
import { PARTITIONS, sales, SIZE, totals, totalsTable } from './cluster-job.ts'

const MINUTE = 60_000
const SALES = 24_000
const BATCH = 200
const KILLS = 8
const BEGIN = 1_790_000_000_000
const allOfThem = [kafkaPrograms(), redisServer(), postgresPrograms(), registryPrograms()].every(found => found !== null) ? 'all' : null

interface Sale {
  readonly id: number
  readonly user: string
  readonly region: string
  readonly at: number
  readonly cents: number
}
interface Total {
  readonly kind: string
  readonly name: string
  readonly until: number
  readonly sales: number
  readonly ids: number
  readonly cents: number
}

describe('two workers on real services', {
  timeout: 6 * MINUTE,
  ...needs('Kafka, Redis, PostgreSQL and a schema registry', allOfThem),
}, () => {
  const home = sharedDirectory('millrace-cluster-')
  const running: { stop(): Promise<void> }[] = []
  let services: Services
  let cluster: KafkaCluster
  let log: RecordLog
  let registry: Registry
  let tables: Tables
  before(async () => {
    cluster = await startKafka(join(home.path, 'kafka'))
    const [redis, postgres, apicurio] = await Promise.all([
      startRedis(join(home.path, 'redis')),
      startPostgres(join(home.path, 'postgres'), { fsync: 'off' }),
      startRegistry(join(home.path, 'registry')),
    ])
    running.push(...cluster.daemons, redis.daemon, postgres.daemon, apicurio.daemon)
    const { host, port, database, user, password } = postgres
    services = { brokers: cluster.brokers, redis: redis.url, registry: apicurio.url, postgres: { host, port, database, user, password } }
    log = await openKafkaLog({ brokers: cluster.brokers })
    registry = await openConfluentRegistry({ url: apicurio.url })
    tables = await openTables(await connectToServer(services.postgres))
    await tables.migrate([{ name: '000001-totals', sql: sqlOf(tableSpecOf(totalsTable as never)) }])
  })
  after(async () => {
    await Promise.all([log?.close(), registry?.close(), tables?.close()])
    await Promise.all(running.map(daemon => daemon.stop()))
    home.remove()
  })

  test('every sale is in every total once, in Kafka and in PostgreSQL, whoever was killed when', async t => {
    const random = new SeededRandom(20_261_128)
    const given = salesOf(random)
    const [one, other] = [new Killable(services), new Killable(services)]
    t.after(() => Promise.all([one.end('SIGKILL'), other.end('SIGKILL')]))
    await Promise.all([one.start(), other.start()])
    const writing = write(log, registry, given)
    const kills: string[] = []
    for (let i = 0; i < KILLS; i++) {
      await sleep(random.between(800, 2_500))
      const victim = random.below(2) === 0 ? one : other
      kills.push(victim === one ? 'one' : 'other')
      await victim.restart()
    }
    await writing
    t.diagnostic(`killed ${kills.join(', ')}`)

    const expected = expectedOf(given)
    for (let found = -1; found < expected.size; ) {
      await sleep(500)
      const { rows } = await tables.query('SELECT count(*) FROM totals')
      found = Number(rows[0]![0])
      const ended = [one, other].find(w => w.failed)
      assert.equal(ended, undefined, ended?.said)
    }
    await Promise.all([one.stop(), other.stop()])

    const written = await totalsIn(log, registry)
    assert.equal(new Set(written.map(nameOf)).size, written.length, 'no total is there twice')
    assert.deepEqual(new Map(written.map(r => [nameOf(r), figuresOf(r)])), expected)
    const { rows } = await tables.query('SELECT kind, name, (extract(epoch FROM until) * 1000)::bigint, sales, ids, cents FROM totals')
    const loaded = rows.map(([kind, name, until, n, ids, cents]) => [`${kind} ${name} ${until}`, `${n} ${ids} ${cents}`] as const)
    assert.deepEqual(new Map(loaded), expected)
    assert.equal(loaded.length, expected.size)
  })
})

const nameOf = (r: Pick<Total, 'kind' | 'name' | 'until'>): string => `${r.kind} ${r.name} ${r.until}`
const figuresOf = (r: Pick<Total, 'sales' | 'ids' | 'cents'>): string => `${r.sales} ${r.ids} ${r.cents}`

/** In the order of writing: time goes on, with a disorder that no window's grace minds. */
function salesOf(random: SeededRandom): readonly Sale[] {
  return Array.from({ length: SALES }, (_, id) => ({
    id,
    user: `user-${random.below(150)}`,
    region: `region-${random.below(7)}`,
    at: BEGIN + Math.floor((id * 120_000) / SALES) - random.below(id < 1_000 ? 1 : 5_000),
    cents: random.between(1, 100_000),
  }))
}

function expectedOf(given: readonly Sale[]): ReadonlyMap<string, string> {
  const sums = new Map<string, { sales: number; ids: number; cents: number }>()
  for (const { id, user, region, at, cents } of given)
    for (const name of [`user ${user}`, `region ${region}`]) {
      const of = `${name} ${Math.floor(at / SIZE) * SIZE + SIZE}`
      const sum = sums.get(of) ?? { sales: 0, ids: 0, cents: 0 }
      sums.set(of, { sales: sum.sales + 1, ids: sum.ids + id, cents: sum.cents + cents })
    }
  return new Map([...sums].map(([of, sum]) => [of, figuresOf(sum)]))
}

/** Batch after batch, and at the end one late sale a partition, behind which all windows are closed. */
async function write(log: RecordLog, registry: Registry, given: readonly Sale[]): Promise<void> {
  const spec = specOf(sales)
  const codec = codecSpecOf(spec.value)
  const id = await registry.register(`${spec.name}-value`, codec.codec === 'avro' ? codec.schema : {})
  const writer = openWriter(spec.value, id)
  const producer = log.producer('cluster-test.writer')
  await producer.fence()
  const send = async (some: readonly Sale[]): Promise<void> => {
    const records = some.map(sale => {
      const arena = new Arena(256)
      writer.write(sale, arena)
      return { time: sale.at, key: Buffer.from(sale.user), value: Buffer.from(arena.bytes.subarray(0, arena.at)) }
    })
    const byPartition = Map.groupBy(records, r => partitionOf(r.key, PARTITIONS))
    await producer.commit({ writes: [...byPartition].map(([partition, rs]) => ({ topic: spec.name, partition, columns: columnsOf(rs) })) })
  }
  for (let at = 0; at < given.length; at += BATCH) {
    await send(given.slice(at, at + BATCH))
    await sleep(80)
  }
  const last = new Map<number, Sale>()
  for (let n = 0; last.size < PARTITIONS; n++) {
    const user = `last-${n}`
    last.set(partitionOf(Buffer.from(user), PARTITIONS), { id: 0, user, region: 'last', at: BEGIN + 10 * MINUTE, cents: 0 })
  }
  await send([...last.values()])
  await producer.close()
}

/** Everything that is committed to the topic of totals. */
async function totalsIn(log: RecordLog, registry: Registry): Promise<readonly Total[]> {
  const values = openReader(specOf(totals).value, 'all')
  const found: Total[] = []
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const reader = await log.reader(specOf(totals).name, partition, 0)
    for (let more = true; more; ) {
      const { batches, caughtUp } = await reader.fetch(1 << 22)
      more = !caughtUp
      for (const batch of batches)
        for (let i = 0; i < batch.count; i++) {
          const bytes = batch.value(i)!
          const missing = values.missing(bytes, 0, bytes.length)
          if (missing !== null) values.learn(missing, await registry.schema(missing))
          found.push(values.read(bytes, 0, bytes.length) as Total)
        }
    }
    reader.close()
  }
  return found
}

/** A worker process that is killed and started again. */
class Killable {
  readonly #services: Services
  #child: ChildProcess | null = null
  said = ''
  #meant = false
  constructor(services: Services) {
    this.#services = services
  }
  /** Whether it ended by itself. */
  get failed(): boolean {
    return !this.#meant && (this.#child?.exitCode !== null || this.#child.signalCode !== null)
  }
  async start(): Promise<void> {
    this.#meant = false
    const script = fileURLToPath(new URL('cluster-child.ts', import.meta.url))
    const child = spawn(process.execPath, [script, JSON.stringify(this.#services)], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    child.stderr.on('data', (chunk: Buffer) => (this.said += chunk.toString()))
    const ended = once(child, 'exit').then(() => assert.fail(`a worker ended: ${this.said}`))
    ended.catch(() => {})
    await Promise.race([once(child.stdout, 'data'), ended])
  }
  async restart(): Promise<void> {
    await this.end('SIGKILL')
    await this.start()
  }
  stop(): Promise<void> {
    return this.end('SIGTERM')
  }
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#meant = true
    if (this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    await ended
  }
}
