// What the embedded log costs, next to node:sqlite (WAL, synchronous FULL) writing the same bytes in the same run: durable commits, reads, latency.
// node bench/embedded-log.ts [seconds per step, default 3]
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { type EmbeddedLogOptions, openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { BatchBuilder, type Columns } from '#lib/model/record-batch.ts'
import type { RecordLog } from '#lib/ports/record-log.ts'

const SECONDS = Number(process.argv[2] ?? 3)
const seconds = (): number => performance.now() / 1_000
const median = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(Math.floor(sorted.length * q), sorted.length - 1)] ?? Number.NaN
const thousands = (n: number): string => Math.round(n / 1_000).toLocaleString('en')

function records(count: number, valueBytes: number): Columns {
  const builder = new BatchBuilder(count, count * (valueBytes + 8))
  const value = Buffer.alloc(valueBytes, 'the same bytes over and over ')
  for (let i = 0; i < count; i++) {
    value.writeInt32LE(Math.imul(i, 0x9e3779b1), 0)
    builder.add(1_700_000_000_000 + i * 7, Buffer.from(String(i % 10_000).padStart(8, '0')), value)
  }
  return builder.columns()
}

async function withLog(
  options: EmbeddedLogOptions,
  body: (log: RecordLog, reopen: () => Promise<RecordLog>) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const lock = await lockDirectory(directory)
  let log = await openEmbeddedLog(lock, options)
  const reopen = async (): Promise<RecordLog> => {
    await log.close()
    log = await openEmbeddedLog(lock, options)
    return log
  }
  await body(log, reopen)
  await log.close()
  await lock.release()
  await rm(directory, { recursive: true, force: true })
}

interface Written {
  readonly commits: number
  readonly perSecond: number
  readonly latencies: readonly number[]
  readonly cpuMicros: number
}
const line = (name: string, { commits, perSecond, latencies, cpuMicros }: Written, perCommit: number): void =>
  console.log(
    `${name.padEnd(46)} ${thousands(perSecond).padStart(7)} k records/s   p50 ${median(latencies, 0.5).toFixed(2)} ms  p99 ${median(latencies, 0.99).toFixed(2)} ms  ` +
      `CPU ${(cpuMicros / (commits * perCommit)).toFixed(3)} µs/record  (${commits} commits)`,
  )

/** Runs `commit` again and again; every latency counts. */
async function timed(perCommit: number, commit: () => Promise<unknown> | void): Promise<Written> {
  const latencies: number[] = []
  const cpu = process.cpuUsage()
  const begin = seconds()
  let now = begin
  while (now - begin < SECONDS) {
    await commit()
    const then = now
    now = seconds()
    latencies.push((now - then) * 1_000)
  }
  const { user, system } = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  return { commits: latencies.length, perSecond: (latencies.length * perCommit) / (now - begin), latencies, cpuMicros: user + system }
}

async function commits(count: number, valueBytes: number, writers: number): Promise<void> {
  await withLog({}, async log => {
    await log.createTopic({ name: 't', partitions: Math.max(writers, 1), retention: 'forever' })
    const columns = records(count, valueBytes)
    const producers = await Promise.all(
      Array.from({ length: writers }, async (_, w) => {
        const producer = log.producer(`w${w}`)
        await producer.fence()
        return producer
      }),
    )
    const runs = await Promise.all(
      producers.map((producer, partition) => timed(count, () => producer.commit({ writes: [{ topic: 't', partition, columns }] }))),
    )
    const [first] = runs
    const all = {
      commits: runs.reduce((sum, r) => sum + r.commits, 0),
      perSecond: runs.reduce((sum, r) => sum + r.perSecond, 0),
      latencies: runs.flatMap(r => r.latencies).sort((a, b) => a - b),
      cpuMicros: first!.cpuMicros,
    }
    line(`log: ${writers} writer${writers > 1 ? 's' : ''}, ${count} × ${valueBytes} B a commit`, all, count)
  })
}

/** One row a batch: the least that SQLite can be asked to do. */
async function sqliteCommits(count: number, valueBytes: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const database = new DatabaseSync(join(directory, 'log.db'))
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE batch (p INTEGER, base INTEGER, bytes BLOB, PRIMARY KEY (p, base)) WITHOUT ROWID',
  )
  const insert = database.prepare('INSERT INTO batch VALUES (?, ?, ?)')
  const { bytes } = records(count, valueBytes)
  let base = 0
  const written = await timed(count, () => {
    database.exec('BEGIN IMMEDIATE')
    insert.run(0, base, bytes)
    database.exec('COMMIT')
    base += count
  })
  line(`node:sqlite: 1 writer, ${count} × ${valueBytes} B a commit, a row`, written, count)
  database.close()
  await rm(directory, { recursive: true, force: true })
}

async function reads(valueBytes: number, total: number): Promise<void> {
  await withLog({}, async (log, reopen) => {
    await log.createTopic({ name: 't', partitions: 4, retention: 'forever' })
    const producer = log.producer('w')
    await producer.fence()
    const columns = records(2_500, valueBytes)
    for (let written = 0; written < total; written += 10_000)
      await producer.commit({ writes: [0, 1, 2, 3].map(partition => ({ topic: 't', partition, columns })) })
    const openedAt = seconds()
    const again = await reopen()
    const opened = seconds() - openedAt
    for (const maxBytes of [256 << 10, 1 << 20, 8 << 20]) {
      const begin = seconds()
      let read = 0
      let sum = 0
      for (const partition of [0, 1, 2, 3]) {
        const reader = await again.reader('t', partition, 0)
        for (let done = false; !done; ) {
          const { batches, caughtUp } = await reader.fetch(maxBytes)
          for (const { count, columns: c } of batches) {
            read += count
            for (let i = 0; i < count; i++) sum += c.bytes[c.starts[i]! + 8]!
          }
          done = caughtUp
        }
        reader.close()
      }
      const took = seconds() - begin
      console.log(
        `log: read ${valueBytes} B values, ${maxBytes >> 10} KB a fetch, CRC checked`.padEnd(46),
        `${thousands(read / took).padStart(7)} k records/s  (${read} records, checksum ${sum})`,
      )
    }
    console.log(`log: opened again (${total} records)`.padEnd(46), `${(opened * 1_000).toFixed(0).padStart(7)} ms`)
  })
}

console.log(`Node ${process.version}, ${process.platform} ${process.arch}, ${new Date().toISOString().slice(0, 10)}, ${SECONDS} s a step`)
await commits(1_000, 200, 1)
await sqliteCommits(1_000, 200)
await commits(1_000, 200, 1)
await commits(10_000, 111, 1)
await commits(1, 200, 1)
await sqliteCommits(1, 200)
await commits(100, 200, 8)
await reads(111, 3_000_000)
