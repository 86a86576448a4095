// S6.5 with real processes on a real log: one record exits, one never ends and is killed from outside.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { makeDirectory } from '#lib/embedded/directory.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import type { RecordLog } from '#lib/ports/record-log.ts'
import { APP, fragile, type Job, jobs, sums } from './fragile-process.ts'
import { place } from './millrace.ts'

const SCRIPT = fileURLToPath(new URL('fragile-process.ts', import.meta.url))
const at = place(after)

async function withLog<T>(directory: string, use: (log: RecordLog) => Promise<T>): Promise<T> {
  const lock = await lockDirectory(directory)
  const log = await openEmbeddedLog(lock)
  try {
    return await use(log)
  } finally {
    await log.close()
    await lock.release()
  }
}

async function values(log: RecordLog, name: string): Promise<readonly { readonly text: string; readonly code: string }[]> {
  const reader = await log.reader(name, 0, 0)
  const found: { text: string; code: string }[] = []
  for (let caughtUp = false; !caughtUp; ) {
    const fetched = await reader.fetch(1_000_000)
    for (const batch of fetched.batches)
      for (let i = 0; i < batch.count; i++)
        found.push({ text: batch.value(i)!.toString(), code: Buffer.from(batch.headers(i).get('millrace-error-code') ?? []).toString() })
    caughtUp = fetched.caughtUp
  }
  reader.close()
  return found
}

/** @returns what ended it: an exit code, or 'SIGKILL' when it looped */
async function oneProcess(directory: string): Promise<number | NodeJS.Signals> {
  const child = spawn(process.execPath, [SCRIPT, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.once('data', () => child.kill('SIGKILL'))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return code ?? signal!
}

test('S6.5: records that exit or never end are isolated, process by process; the rest is computed once', { timeout: 180_000 }, async () => {
  const directory = join(at, 'data')
  await makeDirectory(directory)
  const input = Array.from({ length: 40 }, (_, n): Job => ({ k: 'a', n, does: n === 13 ? 'exit' : n === 30 ? 'loop' : 'nothing' }))
  await withLog(directory, async log => {
    await log.createTopic({ name: jobs.to, partitions: 1, retention: 'forever' })
    const producer = log.producer('input')
    await producer.fence()
    const columns = columnsOf(input.map(job => ({ time: Date.UTC(2026, 0, 1), key: job.k, value: JSON.stringify(job) })))
    await producer.commit({ writes: [{ topic: jobs.to, partition: 0, columns }] })
    await producer.close()
  })
  const ends: (number | NodeJS.Signals)[] = []
  while (ends.at(-1) !== 0 && ends.length < 40) ends.push(await oneProcess(directory))
  assert.equal(ends.at(-1), 0, `the processes ended with ${ends.join(', ')}`)
  assert.ok(ends.includes(3) && ends.includes('SIGKILL'))
  assert.ok(ends.length <= 2 * (4 + 6), `${ends.length} processes`)
  await withLog(directory, async log => {
    const letters = await values(log, `${APP}.${fragile.id}.dlq`)
    assert.deepEqual(
      letters.map(l => [(JSON.parse(l.text) as Job).n, l.code]),
      [
        [13, 'RECORD_KILLS_PROCESS'],
        [30, 'RECORD_KILLS_PROCESS'],
      ],
    )
    let sum = 0
    const expected = input.filter(job => job.does === 'nothing').map(job => (sum += job.n))
    assert.deepEqual(
      (await values(log, sums.to)).map(v => (JSON.parse(v.text) as { sum: number }).sum),
      expected,
    )
  })
})
