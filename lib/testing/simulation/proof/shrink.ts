// What is left of a failing seed when everything is taken away that it can fail without: the fewest events and faults that still violate the same invariant.
import type { Strike } from '../fate.ts'
import { mixed } from '../random.ts'
import { invariantOf, type SeedReport } from './run.ts'
import type { StagingOptions } from './staging.ts'

export interface Shrunk {
  /** Of the smallest schedule that was found; its `events` and `strikes` are that schedule. */
  readonly report: SeedReport
  /** Seed of the order of its draws. */
  readonly order: number
  /** How often the seed was run for it. */
  readonly runs: number
  /** 'smallest': without any one of its events or faults it does not fail, in none of the orders that were tried. */
  readonly end: 'smallest' | 'out of runs'
}
export type RunSeed = (seed: number, options?: StagingOptions) => Promise<SeedReport>

/** The options that run a report's seed again with exactly its events and faults. */
export const scheduleOf = ({ events, strikes }: Pick<SeedReport, 'events' | 'strikes'>): StagingOptions => ({
  only: new Set(events),
  strikes,
})

/** In how many orders of draws a schedule is tried from which so much was taken: everything after it comes otherwise, and what is rare needs luck again. */
const ORDERS: readonly ((taken: number) => number)[] = [() => 1, taken => Math.min(50, Math.max(3, 2 * taken))]

/** Takes away events and faults as long as the same invariant is violated. @param most runs that it may take */
export async function shrunk(found: SeedReport, run: RunSeed, most = 1_500): Promise<Shrunk> {
  const invariant = invariantOf(found.violation!)
  let [report, order, runs] = [found, found.seed, 0]
  /** Whether it still fails so, in one of so many orders; then this is what is to be shrunk further. */
  const fails = async (events: readonly number[], strikes: readonly Strike[], orders: number): Promise<boolean> => {
    for (let n = 0; n < orders && runs < most; n++) {
      const tried = n === 0 ? order : mixed(runs)
      runs++
      const smaller = await run(found.seed, { ...scheduleOf({ events, strikes }), order: tried })
      if (smaller.violation === null || invariantOf(smaller.violation) !== invariant) continue
      ;[report, order] = [smaller, tried] // a fault that could not strike is not in it
      return true
    }
    return false
  }
  for (const orders of ORDERS)
    for (let before = Infinity; sizeOf(report) < before; ) {
      before = sizeOf(report)
      await without(
        () => report.strikes,
        (strikes, taken) => fails(report.events, strikes, orders(taken)),
      )
      await without(
        () => report.events,
        (events, taken) => fails(events, report.strikes, orders(taken)),
      )
    }
  return { report, order, runs, end: runs === most ? 'out of runs' : 'smallest' }
}

const sizeOf = ({ events, strikes }: SeedReport): number => events.length + strikes.length

/** Leaves out all of them, then halves, quarters … and at last one at a time; `fails` takes what is left for the next `list`. */
async function without<T>(list: () => readonly T[], fails: (some: readonly T[], taken: number) => Promise<boolean>): Promise<void> {
  for (let size = list().length; size > 0; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < list().length; ) {
      const some = list()
      if (!(await fails([...some.slice(0, at), ...some.slice(at + size)], size))) at += size
    }
}
