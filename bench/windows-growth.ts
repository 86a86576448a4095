// What an event costs windows after 0.2, 1 and 5 million others: a stream has no end, so the cost may not grow. npm run bench -- windows-growth [rounds]
import type { Rig } from './rig/pipeline.ts'
import { feedOf, jobs } from './rig/window-jobs.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
/** Measured after each of these, over so many more. */
const AFTER = [200_000, 1_000_000, 2_000_000, 5_000_000]
const SPAN = 400_000

/** µs of CPU per event, by the number of events before. */
function round(rig: Rig): readonly number[] {
  let fed = 0
  return AFTER.map(after => {
    if (after > fed) rig.feed(feedOf(after - fed, fed), 'packed')
    const before = process.cpuUsage()
    rig.feed(feedOf(SPAN, after), 'packed')
    const { user, system } = process.cpuUsage(before)
    fed = after + SPAN
    return (user + system) / SPAN
  })
}

console.log(`µs an event after so many events, state packed; the least of ${ROUNDS} rounds: what else runs on the machine only adds to it`)
for (const name of ['tumbling 5 min', 'hopping 5 min / 1 min', 'session 1 min'] as const) {
  round(jobs[name]()) // warms up
  const rounds = Array.from({ length: ROUNDS }, () => round(jobs[name]()))
  const least = AFTER.map((_, i) => Math.min(...rounds.map(r => r[i]!)))
  const shares = least.map((us, i) => `${AFTER[i]! / 1e6} M ${us.toFixed(3)} (${((us / least[0]!) * 100).toFixed(0)} %)`)
  console.log(`${name.padEnd(24)} ${shares.join('  ')}`)
}
