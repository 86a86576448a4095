// A real process on a real disk, killed with SIGKILL while it commits, again and again on the same directory.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { readRecords } from './opened.ts'

const CHILD = fileURLToPath(new URL('./committing-child.ts', import.meta.url))
const ROUNDS = 8

/** Runs the child until it acknowledged `enough` transactions, then kills it; the last number each writer was acknowledged. */
async function killedAfter(directory: string, first: number, enough: number): Promise<ReadonlyMap<string, number>> {
  const child = spawn(process.execPath, [CHILD, directory, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const acknowledged = new Map<string, number>()
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [writer, n] = line.split(' ')
    if (n === undefined) continue
    acknowledged.set(writer!, Number(n))
    if (++count === enough) child.kill('SIGKILL') // what it tells until it is dead counts as well
  }
  return acknowledged
}

test(`E4, F1: after SIGKILL every acknowledged transaction is there, whole and once, ${ROUNDS} times on one directory`, {
  timeout: 120_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-kill-'))
  const counts = new Map<string, Map<number, number>>([
    ['w0', new Map()],
    ['w1', new Map()],
  ])
  let first = 1
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await killedAfter(directory, first, 20 + round * 13)
    const lock = await lockDirectory(directory) // free at once: the system lets go of a dead process's lock
    const log = await openEmbeddedLog(lock)
    const partitions = await Promise.all([0, 1, 2].map(p => readRecords(log, 't', p)))
    let last = first
    for (const [writer, numbers] of counts) {
      const committed = (await log.committed(writer, 't', 0))?.next ?? first - 1
      assert.ok(
        committed >= (acknowledged.get(writer) ?? 0),
        `${writer}: ${committed} is there, ${acknowledged.get(writer)} was acknowledged`,
      )
      for (let n = first; n <= committed; n++) numbers.set(n, 1 + ((n * 7) % 40))
      const expected = [...numbers].flatMap(([n, records]) =>
        Array.from({ length: records }, (_, i) => `${n}:${i}:${'x'.repeat((n * 31) % 900)}`),
      )
      for (const p of [0, 1]) {
        const own = partitions[p]!.filter(r => r.key === writer).map(r => r.value)
        assert.ok(own.length === expected.length && own.every((v, i) => v === expected[i]), `${writer} in partition ${p}, round ${round}`)
      }
      const kept = partitions[2]!.filter(r => r.key === writer).map(r => r.value)
      const rest = expected.slice(expected.length - kept.length)
      assert.ok(
        kept.every((v, i) => v === rest[i]),
        `what is left of ${writer} in the truncated partition, round ${round}`,
      )
      last = Math.max(last, committed)
    }
    for (const [p, records] of partitions.entries()) {
      const { start, end } = await log.bounds('t', p)
      assert.equal(records.length, end - start)
    }
    first = last + 1
    await log.close()
    await lock.release()
  }
  await rm(directory, { recursive: true, force: true })
})
