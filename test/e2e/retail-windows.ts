// Sessions, sliding hours and growing days of a real shop's customers in a program that is killed with kill -9 at random moments, against an independent
// calculation. `npm run check:retail -- --windows` runs it.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RetailWindows, retailWindows } from '../oracle/retail-windows.ts'
import { difference } from './rows.ts'

const CHILD = fileURLToPath(new URL('retail-windows-child.ts', import.meta.url))
/** A process is killed so long after its start, at random between. */
const KILL_AFTER_MS = [500, 3_500] as const

/** @returns how many rows differ */
export async function checkRetailWindows(o: {
  files: readonly string[]
  kills: number
  partitions: string
  data?: string | undefined
}): Promise<number> {
  const directory = o.data ?? mkdtempSync(join(tmpdir(), 'millrace-retail-windows-'))
  const output = join(mkdtempSync(join(tmpdir(), 'millrace-retail-rows-')), 'rows.json')
  const started = performance.now()
  let kills = 0
  for (;;) {
    const [least, most] = KILL_AFTER_MS
    const ended = await ran([directory, o.partitions, output, ...o.files], kills < o.kills ? least + Math.random() * (most - least) : null)
    if (ended === 'killed') kills++
    else break
  }
  if (kills < o.kills) console.log(`the run was over after ${kills} of ${o.kills} kills`)
  console.log(`${kills} kills, ${((performance.now() - started) / 1_000).toFixed(1)} s, ${o.partitions} partitions`)
  const have = JSON.parse(readFileSync(output, 'utf8')) as RetailWindows
  const want = retailWindows(o.files)
  if (o.data === undefined) rmSync(directory, { recursive: true })
  rmSync(join(output, '..'), { recursive: true })
  return (['sessions', 'hours', 'days'] as const).reduce((n, kind) => n + difference(kind, have[kind], want[kind]), 0)
}

function ran(args: readonly string[], killAfterMs: number | null): Promise<'killed' | 'ended'> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
    const timer = killAfterMs === null ? null : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    child.on('close', (code, signal) => {
      if (timer !== null) clearTimeout(timer)
      if (signal === 'SIGKILL') resolve('killed')
      else if (code === 0) resolve('ended')
      else reject(new Error(`the program ended with ${code ?? signal}`))
    })
  })
}
