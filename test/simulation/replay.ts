// A schedule as arguments of `npm run simulate`, and back.
import type { Fault } from '#lib/testing/simulation/faults.ts'
import type { Strike } from '#lib/testing/simulation/fate.ts'
import { scheduleOf, type Shrunk } from '#lib/testing/simulation/proof/shrink.ts'
import type { StagingOptions } from '#lib/testing/simulation/proof/staging.ts'

const NONE = 'none'
/** As given on a command line. */
export interface Schedule {
  /** Ids of events: `0,4,17` or `none`; absent: all of the seed's. */
  readonly only?: string | undefined
  /** Draws and faults: `12 kill, 40 reply lost` or `none`; absent: what the seed's dice throw. */
  readonly strikes?: string | undefined
  /** Seed of the order of draws; absent: the seed. */
  readonly order?: string | undefined
}

export function optionsOf({ only, strikes, order }: Schedule): StagingOptions {
  const all = scheduleOf({
    events: partsOf(only).map(Number),
    strikes: partsOf(strikes).map((part): Strike => ({ draw: Number.parseInt(part), fault: part.replace(/^\d+ /, '') as Fault })),
  })
  return {
    ...(only === undefined ? {} : { only: all.only! }),
    ...(strikes === undefined ? {} : { strikes: all.strikes! }),
    ...(order === undefined ? {} : { order: Number(order) }),
  }
}
const partsOf = (list: string | undefined): readonly string[] =>
  list === undefined || list === NONE ? [] : list.split(',').map(part => part.trim())

export const scheduleText = ({ report, order }: Pick<Shrunk, 'report' | 'order'>): Required<Schedule> => ({
  only: report.events.join() || NONE,
  strikes: report.strikes.map(s => `${s.draw} ${s.fault}`).join(', ') || NONE,
  order: String(order),
})

/** What runs this very schedule again, draw by draw. */
export function commandOf(small: Pick<Shrunk, 'report' | 'order'>, mutant: string | null): string {
  const { only, strikes, order } = scheduleText(small)
  const { seed } = small.report
  const options = [`--seed ${seed}`, `--only ${only}`, `--strikes '${strikes}'`]
  if (small.order !== seed) options.push(`--order ${order}`)
  if (mutant !== null) options.push(`--mutant ${mutant}`)
  return `npm run simulate -- ${options.join(' ')} --trace`
}
