// Resident memory of `npm start` over time, on a new directory: what it is once the first minutes are over, and whether it grows. To be held against
// `npm run bench -- pglite-memory`, the part of it that is PGlite's own.
// npm run bench -- start-memory [minutes, default 10]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { peakMb, residentMb } from './memory/resident.ts'

const minutes = Number(process.argv[2] ?? 10)
const EVERY_MS = 5_000
const PARTS = 6

const home = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const launcher = fileURLToPath(new URL('../app/millrace.mjs', import.meta.url))
const child = spawn(process.execPath, [launcher, 'start', '--data', join(home, 'data'), '--no-status', '--log-level', 'error'], {
  stdio: ['ignore', 'inherit', 'inherit'],
})
const ended = once(child, 'exit')
const samples: { readonly minute: number; readonly mb: number }[] = []
const started = performance.now()
const minute = (): number => (performance.now() - started) / 60_000
while (minute() < minutes && child.exitCode === null) {
  await Promise.race([sleep(EVERY_MS), ended])
  if (child.exitCode === null) samples.push({ minute: minute(), mb: residentMb(child.pid!) })
}
const peak = child.exitCode === null ? peakMb(child.pid!) : NaN
child.kill('SIGINT')
const [code] = (await ended) as [number | null]
rmSync(home, { recursive: true })

const mean = (some: typeof samples, of: 'minute' | 'mb'): number => some.reduce((sum, s) => sum + s[of], 0) / some.length
for (let p = 0; p < PARTS; p++) {
  const [from, to] = [(p * minutes) / PARTS, ((p + 1) * minutes) / PARTS]
  const some = samples.filter(s => s.minute >= from && s.minute < to)
  if (some.length === 0) continue
  const mbs = some.map(s => s.mb)
  const figures = [mean(some, 'mb'), Math.min(...mbs), Math.max(...mbs)].map(mb => mb.toFixed(0).padStart(4))
  console.log(
    `minutes ${from.toFixed(1).padStart(5)} to ${to.toFixed(1).padStart(5)}: mean ${figures[0]} MB, ${figures[1]} to ${figures[2]}`,
  )
}
/** Least squares over the second half: the first is still settling. */
const late = samples.filter(s => s.minute >= minutes / 2)
const [x, y] = [mean(late, 'minute'), mean(late, 'mb')]
const slope = late.reduce((sum, s) => sum + (s.minute - x) * (s.mb - y), 0) / late.reduce((sum, s) => sum + (s.minute - x) ** 2, 0)
console.log(`second half: mean ${y.toFixed(0)} MB, ${(slope * 60).toFixed(0)} MB an hour; at most ${peak.toFixed(0)} MB; exit code ${code}`)
process.exitCode = code === 0 ? 0 : 1
