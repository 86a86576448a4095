// One seed: the job under faults on two processes, then calm; in the end everything must be there exactly once.
import { TUNING } from '../../../engine/environment.ts'
import { Worker } from '../../../engine/worker.ts'
import { isRetriable } from '../../../model/errors.ts'
import { columnsOf } from '../../../model/record-batch.ts'
import { SILENT } from '../../../ports/observer.ts'
import { committedRecords, offsetsViolation, tornViolation, unstableViolation } from '../oracle.ts'
import { Simulation } from '../simulation.ts'
import type { SimulationOptions } from '../scheduler.ts'
import { directPorts, type SimulatedPorts } from '../world.ts'
import {
  APP,
  direct,
  directTable,
  eventsOf,
  events,
  type Expected,
  expectedOf,
  groups,
  late,
  partitionOfKey,
  processorsOf,
  regrouped,
  running,
  runningLine,
  SINK,
  STREAM,
  windowLine,
} from './scenario.ts'
import { Watch } from './watch.ts'
import { BEGINNING } from '../clock.ts'

export interface SeedReport {
  readonly seed: number
  readonly draws: number
  readonly lives: number
  readonly epochs: number
  readonly faults: ReadonlyMap<string, number>
  /** The sentence that is violated, or null. */
  readonly violation: string | null
}

const CHAOS_DRAWS = 900
const CALM_DRAWS = 30_000

/** Runs one seed to its end. Never throws for a violation: it is in the report. */
export async function runSeed(seed: number, options: SimulationOptions = {}): Promise<SeedReport> {
  const simulation = new Simulation(seed, options)
  const { random, world } = simulation
  const partitions = random.between(1, 3)
  const input = eventsOf(random, random.between(10, 40))
  const job = processorsOf(random.between(1, 12))
  const outside = directPorts(world)
  await outside.log.createTopic({ name: events.name, partitions, retention: 'forever' })
  const watch = new Watch(world, partitions)
  const workers = new Set<Worker>()

  const tuning = {
    ...TUNING,
    applyEveryMs: 40,
    applyEntries: 2,
    markEveryMs: 20,
    snapshotBytes: random.pick([600, 2_500, 40_000]),
    residentEntries: random.pick([1, 2, 4, 1_000]),
  }
  const body = async (ports: SimulatedPorts, atDeath: (noticed: () => void) => void): Promise<void> => {
    const { log, cache, tables, registry, clock, random: r } = ports
    const worker = new Worker(
      { log, cache, tables, registry, clock, random: r, feeds: new Map(), observer: SILENT },
      { app: APP, partitions, tuning },
    )
    workers.add(worker)
    atDeath(() => workers.delete(worker))
    for (const processor of job) await untilStarted(worker, processor, clock)
    await new Promise<never>(() => {})
  }
  const inhabitants = ['one', 'two'].map(name =>
    simulation.spawn(name, (ports, process) => body(ports, noticed => process.atDeath(noticed))),
  )

  let written = 0
  const write = async (): Promise<void> => {
    const producer = outside.log.producer(`writer.${written}`)
    await producer.fence()
    const next = input.slice(written, written + random.between(1, 6))
    const writes = Array.from({ length: partitions }, (_, partition) => ({
      topic: events.name,
      partition,
      columns: columnsOf(
        next.filter(e => partitionOfKey(e.k, partitions) === partition).map(e => ({ time: e.at, key: e.k, value: JSON.stringify(e) })),
      ),
    }))
    await producer.commit({ writes: writes.filter(w => w.columns.count > 0) })
    written += next.length
  }

  const report = (violation: string | null): SeedReport => ({
    seed,
    draws: simulation.draws,
    lives: inhabitants.reduce((n, i) => n + i.lives, 0),
    epochs: watch.tasks.reduce((n, t) => n + (t.last?.epoch ?? 0), 0),
    faults: simulation.tally.counts,
    violation,
  })
  const check = (): void => {
    const violation = watch.violation()
    if (violation !== null) throw new Violation(violation)
    const failure = [...workers].flatMap(w => w.lives()).find(l => l.failure !== null)?.failure
    if (failure) throw new Violation(`a task stopped: ${failure.code}: ${failure.message}`)
  }
  const standing = (): string =>
    [...workers]
      .flatMap((w, i) => w.lives().map(l => ({ i, l })))
      .map(
        ({ i, l }) =>
          `worker ${i}: ${l.labels.processor}/${l.labels.partition} ${l.state} ${l.drained ? 'drained' : 'not drained'} ${l.failure?.message ?? ''}`,
      )
      .concat(world.broker.groups.map(g => `a group of ${g.tasks}: ${g.members.map(m => `[${m.assigned.join()}]`).join(' ')}`))
      .join('\n')
  try {
    while (written < input.length) {
      if (world.broker.disk === 'free') await write()
      await simulation.run(() => false, { limit: random.below(120), check })
    }
    await simulation.run(() => false, { limit: CHAOS_DRAWS, check })
    simulation.calm()
    const end = await simulation.run(() => allDrained(inhabitants, workers, partitions * 2), { limit: CALM_DRAWS, check })
    if (end !== 'reached') return report(`liveness: calm, and yet not everything was read and closed (${end})\n${standing()}`)
    const still = (): boolean =>
      world.broker.partitions.every(p => p.stable === p.end) &&
      world.broker.coordinator.transactions.every(t => t.verdict !== 'commit' || t.settled) &&
      allDrained(inhabitants, workers, partitions * 2) &&
      positionsViolation(simulation, watch) === null
    const last = await simulation.run(still, { limit: CALM_DRAWS, check })
    if (last !== 'reached')
      return report(
        `liveness: calm, and yet the last transactions are not settled (${last}): ${positionsViolation(simulation, watch)}\n${standing()}`,
      )
    const violation = await finalViolation(simulation, watch, expectedOf(input, partitions), input.length, partitions)
    return report(violation === null ? null : `${violation}\n${standing()}\n${watch.tasks.map(t => JSON.stringify(t.last)).join('\n')}`)
  } catch (error) {
    return report(`${messageChain(error)}\n${standing()}`)
  }
}

/** Tells every task to drain, and whether all of them are drained, wherever they live. */
function allDrained(inhabitants: readonly { readonly state: string }[], workers: ReadonlySet<Worker>, tasks: number): boolean {
  const lives = [...workers].flatMap(w => w.lives())
  for (const life of lives) if (life.mode === 'running') life.drain()
  const drained = new Set(lives.filter(l => l.drained).map(l => `${l.labels.processor}/${l.labels.partition}`))
  return inhabitants.every(i => i.state === 'runs') && lives.every(l => l.drained) && drained.size === tasks
}

class Violation extends Error {}
const messageChain = (error: unknown): string =>
  error instanceof Error
    ? error.cause === undefined
      ? `${error.message}${error instanceof Violation ? '' : `\n${error.stack}`}`
      : `${error.message}\n${messageChain(error.cause)}`
    : String(error)

async function untilStarted(worker: Worker, processor: Parameters<Worker['start']>[0], clock: SimulatedPorts['clock']): Promise<void> {
  for (;;) {
    try {
      await worker.start(processor)
      return
    } catch (error) {
      if (!isRetriable(error)) throw error
      await clock.sleep(50)
    }
  }
}

/** What must hold when everything is read and quiet: I2, I10, I12, I13, I14 and the very results. */
async function finalViolation(
  simulation: Simulation,
  watch: Watch,
  want: Expected,
  records: number,
  partitions: number,
): Promise<string | null> {
  const { broker, database } = simulation.world
  const all = (topic: string): readonly { key: string; value: string }[] =>
    Array.from({ length: partitions }, (_, p) => committedRecords(broker, topic, p))
      .flat()
      .filter(r => r.value !== null)
      .map(r => ({ key: r.key!.toString(), value: r.value!.toString() }))
  const windows = (topic: string): string[] => all(topic).map(r => windowLine(JSON.parse(r.value)))
  const differs = (what: string, have: readonly string[], expected: readonly string[]): string | null => {
    const [h, w] = [[...have].sort().join('\n'), [...expected].sort().join('\n')]
    return h === w ? null : `${what}: there is\n${h}\nexpected is\n${w}`
  }
  const letters = committedRecords(broker, `${APP}.${STREAM}.dlq`, 0)
  const sequences = new Map<string, string[]>()
  for (const { key, value } of all(running.name)) sequences.set(key, [...(sequences.get(key) ?? []), runningLine(JSON.parse(value))])
  const rows = database
    .rows(directTable.name)
    .map(r => `${String(r['k'])}@${String(r['start'])} n=${String(r['n'])} total=${String(r['total'])}`)
  const counts = watch.tasks.map(t => t.last!.counts)
  const total = (field: 'records' | 'late' | 'refused'): number => counts.reduce((n, c) => n + c[field], 0)
  const repartitioned = all(regrouped.name).length
  return (
    tornViolation(broker) ??
    unstableViolation(broker) ??
    offsetsViolation(broker) ??
    positionsViolation(simulation, watch) ??
    differs('results of direct windows', windows(direct.name), want.direct) ??
    differs('results of regrouped windows', windows(groups.name), want.groups) ??
    differs(
      'running sums',
      [...sequences].map(([k, s]) => `${k}: ${s.join(' ')}`),
      [...want.running].map(([k, s]) => `${k}: ${s.join(' ')}`),
    ) ??
    differs('rows of the table (I13)', rows, want.direct) ??
    (letters.length === want.refused ? null : `${letters.length} dead letters, expected ${want.refused}`) ??
    (all(late.name).length === want.late ? null : `${all(late.name).length} late records, expected ${want.late}`) ??
    (total('records') === records + repartitioned
      ? null
      : `I14: ${total('records')} records counted, there are ${records} and ${repartitioned} regrouped`) ??
    (total('refused') === want.refused ? null : `I14: ${total('refused')} refused counted, expected ${want.refused}`) ??
    (total('late') === want.late ? null : `I14: ${total('late')} late counted, expected ${want.late}`)
  )
}

/** I12: group offset = position of the last meta = end of the log. */
function positionsViolation(simulation: Simulation, watch: Watch): string | null {
  const { broker, database } = simulation.world
  for (const [p, task] of watch.tasks.entries()) {
    for (const topic of [events.name, regrouped.name]) {
      const position = task.last!.positions[topic]
      const group = broker.committed(`${APP}.${STREAM}`, topic, p)?.next
      const { end } = broker.partition(topic, p)
      if (position !== end || group !== end) return `I12: ${topic}/${p} ends at ${end}, the meta says ${position}, the group ${group}`
    }
    const loaded = database.positions.find(s => s.sink === SINK && s.partition === p)?.next
    const { end } = broker.partition(direct.name, p)
    if (loaded !== end) return `I12: ${direct.name}/${p} ends at ${end}, its sink stands at ${loaded}`
  }
  return null
}
export { BEGINNING }
