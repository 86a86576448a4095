// kill -9 on a program of somebody's own: what was acknowledged is there, nothing is there twice, and what is there was processed once.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./embedded-program.ts', import.meta.url))
const LIVES = 4
/** What each life may send before it is killed: a different point each time. */
const acknowledged = (life: number): number => 3 + 17 * life

/** Runs a life until it has said that so many values were sent, kills it, and gives the last number it said. */
async function killed(directory: string, life: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, directory, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let last = -1
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('sent ')) last = Number(line.slice(5))
    if (last + 1 >= acknowledged(life)) child.kill('SIGKILL')
  }
  return last
}

test('a program that is killed again and again loses nothing that was acknowledged, and counts everything once', {
  timeout: 240_000,
}, async t => {
  const at = mkdtempSync(join(tmpdir(), 'millrace-embedded-kill-'))
  t.after(() => rmSync(at, { recursive: true }))
  const directory = join(at, 'data')
  const sent: number[] = []
  for (let life = 0; life < LIVES; life++) sent.push(await killed(directory, life))
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, directory, 'last'], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const told = stdout
    .trim()
    .split('\n')
    .map(line => line.split(' '))
  for (let life = 0; life < LIVES; life++) {
    const of = (name: string): readonly number[] =>
      told.filter(([what, whose]) => what === name && whose === String(life)).map(([, , n]) => Number(n))
    const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i)
    const numbers = of('numbers')
    assert.deepEqual(
      numbers,
      upTo(numbers.length),
      `life ${life}: what an Observable emitted is there from its beginning on, without a gap, once`,
    )
    assert.deepEqual(
      of('counts'),
      upTo(numbers.length).map(n => n + 1),
      `life ${life}: and processed once`,
    )
    const there = of('sent')
    assert.deepEqual(there, upTo(there.length), `life ${life}: what was sent is there once`)
    assert.ok(there.length > sent[life]!, `life ${life}: ${sent[life]! + 1} were acknowledged, ${there.length} are there`)
  }
})
