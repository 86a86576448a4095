// Runs the steps of a golden case through the driver in one of its ways, and gives what was made.
import type { Tuning } from '../../engine/environment.ts'
import type { TableSpec } from '../../model/table.ts'
import { isTableTarget } from '../../model/table-target.ts'
import type { Duration } from '../../model/time.ts'
import { planOfProcessor, type Processor } from '../../stages/processor.ts'
import { Driven } from '../driver.ts'
import { SeededRandom } from '../simulation/random.ts'
import { outcomeText } from './outcome.ts'
import { latestTime, type Places, type Step } from './steps.ts'

export interface Play {
  readonly processors: readonly Processor[]
  readonly places: Places
  readonly steps: readonly Step[]
  readonly startAt: number | null
  readonly tuning: Partial<Tuning>
}
export interface Way {
  readonly partitions: number
  /** Records between two kills; null: nothing is killed. */
  readonly killEvery: number | null
}

/** Calls of servers within which a process dies in the middle of what was pushed; one that makes fewer of them dies after it. */
const MOST_CALLS = 30

export async function play({ processors, places, steps, startAt, tuning }: Play, { partitions, killEvery }: Way): Promise<string> {
  const begin = startAt ?? latestTime(steps)
  const feeds = Object.fromEntries([...places.feeds.keys()].map(name => [name, []]))
  const driven = new Driven(processors, { partitions, feeds, tuning, ...(begin === null ? {} : { startAt: begin }) })
  try {
    await driven.start()
    const random = new SeededRandom(partitions)
    for (const group of grouped(steps, killEvery ?? Infinity)) {
      if (killEvery === null) await done(driven, group)
      else await killed(driven, random, () => done(driven, group))
    }
    if (killEvery === null) await driven.drain()
    else await killed(driven, random, () => driven.drain())
    return outcomeText(await made(driven, processors, places), places)
  } finally {
    await driven.stop()
  }
}

/** The process dies once: in the middle of what is done, or right after it. */
async function killed(driven: Driven, random: SeededRandom, act: () => Promise<unknown>): Promise<void> {
  const { lives } = driven
  driven.crashAtCall(random.between(1, MOST_CALLS))
  await act()
  if (driven.lives === lives) await driven.crash({ cache: random.pick(['kept', 'lost']) })
}

/** Steps that are done at once: records of one place that follow one another, at most so many. */
function grouped(steps: readonly Step[], most: number): readonly (readonly [Step, ...Step[]])[] {
  const groups: [Step, ...Step[]][] = []
  for (const step of steps) {
    const last = groups.at(-1)
    if (last !== undefined && last.length < most && step.kind !== 'advance' && placeOf(step) === placeOf(last[0])) last.push(step)
    else groups.push([step])
  }
  return groups
}
const placeOf = (step: Step): string =>
  step.kind === 'advance' ? '' : step.kind === 'record' ? `topic ${step.topic.name}` : `feed ${step.feed.name}`

async function done(driven: Driven, group: readonly [Step, ...Step[]]): Promise<void> {
  const [first] = group
  if (first.kind === 'advance') await driven.advance(first.ms as Duration)
  else if (first.kind === 'feed') await driven.feed(first.feed.name, ...group.map(step => (step as typeof first).text))
  else await driven.push(first.topic as never, ...(group.map(step => (step as typeof first).value) as never[]))
}

async function made(driven: Driven, processors: readonly Processor[], places: Places) {
  const plans = processors.map(planOfProcessor)
  const { written } = places
  const results = []
  for (const topic of written) for (const record of await driven.records(topic as never)) results.push({ topic: topic.name, ...record })
  const targets = plans.flatMap(p => p.nodes).flatMap(n => n.spec.targets ?? [])
  const specs = new Map<string, TableSpec>(targets.flatMap(t => (isTableTarget(t) ? [[t.table.name, t.table]] : [])))
  const tables = new Map(
    [...specs.values()].map(spec => [spec, driven.rows(spec as never) as readonly Readonly<Record<string, unknown>>[]]),
  )
  const deadLetters = (await Promise.all(processors.map(p => driven.deadLetters(p)))).flat()
  return { results, tables, late: driven.late, deadLetters }
}
