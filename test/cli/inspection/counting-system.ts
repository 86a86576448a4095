// A small system on a real log in a directory of its own: two processors read one topic, and each refuses something.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type DirectoryLock, lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { EmbeddedStateCache } from '#lib/adapters/embedded/state-cache.ts'
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import { openLocalRegistry } from '#lib/adapters/registry/local.ts'
import type { SystemFacts } from '#lib/cli/inspection/facts.ts'
import { systemInspection } from '#lib/cli/inspection/system-inspection.ts'
import type { Ports } from '#lib/engine/environment.ts'
import { Worker } from '#lib/engine/worker.ts'
import { aggregate, avro, count, from, keyBy, map, minutes, processor, scan, seconds, topic, tumbling } from '#lib/index.ts'
import { TaskBoard } from '#lib/observe/task-board.ts'
import { partitionOf } from '#lib/model/key.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import type { Inspection } from '#lib/ports/inspection.ts'
import type { Tables } from '#lib/ports/tables.ts'

export const START = Date.UTC(2026, 0, 1)
const record = <const F extends readonly { name: string; type: unknown }[]>(name: string, fields: F) =>
  avro({ type: 'record', name, fields })

const events = topic('events', {
  value: record('Event', [
    { name: 'user', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'n', type: 'int' },
  ]),
  key: 'user',
  time: 'at',
})
const byUser = topic('counter.by-user', {
  value: record('Again', [
    { name: 'user', type: 'string' },
    { name: 'at', type: 'long' },
  ]),
  key: 'user',
  time: 'at',
})
const counts = topic('counts', {
  value: record('Count', [
    { name: 'user', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'events', type: 'long' },
  ]),
  key: 'user',
  time: 'at',
})

const refuse = (what: string): never => {
  throw new Error(what)
}

/** Refuses negative numbers. */
export const counter = processor('counter', [
  from(events)
    .pipe(
      map(e => (e.n < 0 ? refuse(`n is ${e.n}`) : { user: e.user, at: e.at })),
      keyBy(e => e.user, { via: byUser }),
      tumbling('per-user', { size: minutes(5), grace: seconds(0), late: 'count-and-drop' }),
      aggregate({ events: count() }, { emit: 'on-close' }),
      map(w => ({ user: w.key, at: w.start, ...w.value })),
    )
    .to(counts),
])
/** Refuses −2 and keeps the largest number of each user. */
export const watcher = processor(
  'watcher',
  from(events)
    .pipe(
      map(e => (e.n === -2 ? refuse('not two') : e)),
      scan('largest', {
        version: 1,
        ttl: null,
        initial: () => ({ most: 0, of: [0] }),
        next: (s, e) => ({
          state: { most: Math.max(s.most, e.n), of: [...s.of, e.n].slice(-2) },
          emit: [{ user: e.user, at: e.at, events: e.n }],
        }),
      }),
    )
    .to(counts),
)
/** Never started. */
export const sleeper = processor('sleeper', from(counts).to(counts))

export interface Event {
  readonly user: string
  readonly n: number
}

/** A Tables that knows of one loader and answers everything else with the question. */
const tables = (): Tables =>
  ({
    async query(sql: string) {
      if (sql.includes('millrace_sink_offset')) return { columns: [], types: [], rows: [] }
      return { columns: ['sql'], types: ['text'], rows: [[sql]] }
    },
  }) as unknown as Tables

export class CountingSystem {
  readonly ports: Ports
  readonly inspection: Inspection
  readonly worker: Worker | null
  readonly #lock: DirectoryLock
  private constructor(ports: Ports, inspection: Inspection, worker: Worker | null, lock: DirectoryLock) {
    this.ports = ports
    this.inspection = inspection
    this.worker = worker
    this.#lock = lock
  }
  static directory(t: Pick<TestContext, 'after'>): string {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-inspection-'))
    t.after(() => rmSync(directory, { recursive: true }))
    return directory
  }
  static async open(directory: string, how: 'running' | 'at rest'): Promise<CountingSystem> {
    const lock = await lockDirectory(directory)
    const clock = systemClock()
    const board = new TaskBoard(clock)
    const ports: Ports = {
      log: await openEmbeddedLog(lock),
      cache: new EmbeddedStateCache(),
      registry: await openLocalRegistry(join(directory, 'registry.json')),
      tables: tables(),
      feeds: new Map(),
      clock,
      random: systemRandom(),
      observer: board.observer,
    }
    const worker = how === 'running' ? new Worker(ports, { app: 'test', partitions: 2 }) : null
    const running = worker === null ? null : { worker, startedAt: clock.now(), words: () => board.tasks() }
    const facts: SystemFacts = { app: 'test', ports, processors: [counter, watcher, sleeper], running }
    return new CountingSystem(ports, systemInspection(facts), worker, lock)
  }
  async start(): Promise<void> {
    for (const p of [counter, watcher]) await this.worker!.start(p)
  }
  /** Sends events, one a second; `raw` goes as bytes that are no event. */
  async send(given: readonly (Event | 'raw')[]): Promise<void> {
    const { log, registry } = this.ports
    const id = (await registry.latest('events-value'))!.id
    const producer = log.producer('sender')
    await producer.fence()
    for (const [i, e] of given.entries()) {
      const user = e === 'raw' ? 'nobody' : e.user
      const value = e === 'raw' ? Buffer.from('no event') : encoded(id, user, START + i * 1_000, e.n)
      const key = Buffer.from(user)
      const columns = columnsOf([{ time: START + i * 1_000, key, value, headers: [['from', 'test']] }])
      await producer.commit({ writes: [{ topic: 'events', partition: partitionOf(key, 2), columns }] })
    }
    await producer.close()
  }
  /** Resolves when all that was sent is computed and committed. */
  async caughtUp(): Promise<void> {
    const { log, clock } = this.ports
    for (;;) {
      const rows = await this.inspection.lag()
      const ends = await Promise.all([0, 1].map(async p => (await log.bounds('events', p)).end))
      const read = rows.filter(r => r.topic === 'events').reduce((n, r) => n + r.position, 0)
      if (read === 2 * (ends[0]! + ends[1]!) && rows.every(r => r.lag === 0)) return
      await clock.sleep(10)
    }
  }
  async close(): Promise<void> {
    await this.worker?.stop()
    await this.ports.log.close()
    await this.#lock.release()
  }
}

/** Avro by hand: a string, a long, an int, behind the schema's id. */
function encoded(id: number, user: string, at: number, n: number): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(id, 1)
  const bytes = Buffer.from(user)
  return Buffer.concat([head, zigzag(bytes.length), bytes, zigzag(at), zigzag(n)])
}
function zigzag(n: number): Buffer {
  const bytes: number[] = []
  let rest = n >= 0 ? BigInt(n) * 2n : BigInt(-n) * 2n - 1n
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}
