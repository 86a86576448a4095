// I11: epochs of 1, 7 and 1,000 records give the same final results, in the same order.
import { CALM } from '../faults.ts'
import { committedRecords } from '../oracle.ts'
import { direct, directTable, grouped, journalTable, late, latestTable, type Result, running } from './job.ts'
import { runStaged } from './run-staged.ts'
import { timeless } from './pure-task.ts'
import { Staging } from './staging.ts'

const BATCHES = [1, 7, 1_000]

/** Runs the seed's input in three ways, calm and without decisions of the wall clock. @returns what is violated, or null */
export async function batchesViolation(seed: number, only?: ReadonlySet<number>): Promise<string | null> {
  const seen: ReadonlyMap<string, string>[] = []
  for (const epochRecords of BATCHES) {
    const staging = new Staging(seed, { faults: CALM, shape: { epochRecords, idle: 'never' }, ...(only === undefined ? {} : { only }) })
    const violation = await runStaged(staging)
    if (violation !== null) return violation
    seen.push(finalResults(staging))
  }
  for (const [place, first] of seen[0]!)
    for (const [i, other] of seen.entries())
      if (other.get(place) !== first)
        return `I11: epochs of ${BATCHES[0]} records give in ${place}\n  ${first}\nepochs of ${BATCHES[i]}\n  ${other.get(place)}`
  return null
}

/** By `topic/partition`, in order, and by table. */
function finalResults({ simulation, shape }: Staging): ReadonlyMap<string, string> {
  const { broker, database } = simulation.world
  const found = new Map<string, string>()
  for (const topic of [direct.name, late.name, running.name, ...(shape.regrouped === 'nothing' ? [] : [grouped.name])])
    for (let p = 0; p < shape.partitions; p++) {
      const values = committedRecords(broker, topic, p).map(r => timeless(r.value!.toString()))
      found.set(`${topic}/${p}`, values.filter(isFinal).join('\n  '))
    }
  for (const { name } of [directTable, latestTable, journalTable]) {
    const rows = database.rows(name).map(row => JSON.stringify(row))
    found.set(`table '${name}'`, rows.sort().join('\n  '))
  }
  return found
}
/** An update may be told or not (S4.2); what ends its window says the same. */
const isFinal = (json: string): boolean => (JSON.parse(json) as Partial<Result>).final !== false
