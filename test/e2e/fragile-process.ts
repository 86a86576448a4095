// A process of its own: runs a processor that some records kill over an embedded log, until everything is read. Started by killer-record.test.ts.
import { writeSync } from 'node:fs'
import { from, json, map, processor, scan, topic } from '#lib/index.ts'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { EmbeddedStateCache } from '#lib/adapters/embedded/state-cache.ts'
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import { openMemoryRegistry } from '#lib/adapters/registry/memory.ts'
import { Worker } from '#lib/engine/worker.ts'
import { SILENT } from '#lib/ports/observer.ts'

const plain = <T>() => json<T>(value => value as T)
export interface Job {
  readonly k: string
  readonly n: number
  readonly does: 'nothing' | 'exit' | 'loop'
}
export const APP = 'e2e'
export const jobs = topic('jobs', { key: 'k', time: 'record-timestamp', value: plain<Job>() })
export const sums = topic('sums', { key: 'k', time: 'record-timestamp', value: plain<{ k: string; sum: number }>() })
export const fragile = processor(
  'fragile',
  from(jobs)
    .pipe(
      map(job => {
        if (job.does === 'exit') process.exit(3)
        if (job.does === 'loop') {
          writeSync(1, 'looping\n')
          for (;;);
        }
        return job
      }),
      scan('sum', {
        version: 1,
        ttl: null,
        initial: () => 0,
        next: (s, job) => ({ state: s + job.n, emit: [{ k: job.k, sum: s + job.n }] }),
      }),
    )
    .to(sums),
)

if (process.argv[1] === import.meta.filename) {
  const lock = await lockDirectory(process.argv[2]!)
  const log = await openEmbeddedLog(lock)
  const cache = new EmbeddedStateCache()
  const ports = {
    log,
    cache,
    registry: openMemoryRegistry(),
    tables: null,
    feeds: new Map(),
    clock: systemClock(),
    random: systemRandom(),
    observer: SILENT,
  }
  const worker = new Worker(ports, { app: APP, partitions: 1 })
  await worker.start(fragile)
  const failed = worker.failed().then(failure => {
    throw failure
  })
  await Promise.race([worker.drain([fragile.id]), failed])
  await worker.stop()
  await log.close()
  await lock.release()
  process.exit(0)
}
