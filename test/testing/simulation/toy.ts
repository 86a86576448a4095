// A small task and a small sink that follow exactly-once.md on simulated ports, so that the simulation itself can be tested: it must find what is left out.
import { isMillraceError } from '#lib/model/errors.ts'
import { columnsOf } from '#lib/model/record-batch.ts'
import { long, table, tableSpecOf, text } from '#lib/model/table.ts'
import type { RecordLog, TransactionalProducer } from '#lib/ports/record-log.ts'
import {
  committedRecords,
  FoldedOffsets,
  OneEpochBetweenBarriers,
  unstableViolation,
  WholeTransactions,
} from '#lib/testing/simulation/oracle.ts'
import type { SimulationOptions } from '#lib/testing/simulation/scheduler.ts'
import { Simulation } from '#lib/testing/simulation/simulation.ts'
import type { SimulatedPorts } from '#lib/testing/simulation/world.ts'

/** Rules that a toy may break. */
export type Mutant =
  | 'believes the group offset after a commit'
  | 'reads before the fence'
  | 'goes on after an unknown commit'
  | 'reads without a barrier'
  | 'sink keeps its position'
export const RECORDS = 12

export const rowsTable = tableSpecOf(table('rows', { columns: { id: text, n: long }, key: ['id'] }) as never)
/** Every batch here holds one record. */
const record = (value: string, time = 0) => columnsOf([{ time, key: null, value }])
const isData = (value: string): boolean => value !== 'barrier'
const never = (): AbortSignal => new AbortController().signal
/** Errors that a task opens again after; anything else is a defect. */
const known = (error: unknown): void => {
  if (!isMillraceError(error) || error.entry.retry !== 'later') throw error
}

/** Everything committed from the start to `to`. */
async function valuesTo(log: RecordLog, topic: string, to: number): Promise<string[]> {
  const values: string[] = []
  const { start } = await log.bounds(topic, 0)
  const reader = await log.reader(topic, 0, start)
  for (let next = start; next < to; ) {
    const fetched = await reader.fetch(1 << 20)
    for (const batch of fetched.batches)
      for (let i = 0; i < batch.count; i++) if (batch.offset(i) < to) values.push(batch.value(i)!.toString())
    if (fetched.next === next) await reader.arrived(never())
    next = fetched.next
  }
  reader.close()
  return values
}

interface Open {
  readonly producer: TransactionalProducer
  position: number
}

async function opened({ log }: SimulatedPorts, mutant: Mutant | null): Promise<Open> {
  const producer = log.producer('toy.0')
  const early =
    mutant === 'reads before the fence' ? positionOf(await valuesTo(log, 'ledger', (await log.bounds('ledger', 0)).stable)) : null
  await producer.fence()
  if (early !== null) return { producer, position: early }
  if (mutant === 'reads without a barrier')
    return { producer, position: positionOf(await valuesTo(log, 'ledger', (await log.bounds('ledger', 0)).stable)) }
  const { baseOffsets } = await producer.commit({ writes: [{ topic: 'ledger', partition: 0, columns: record('barrier') }] })
  const values = await valuesTo(log, 'ledger', baseOffsets[0]!)
  return { producer, position: positionOf(values) }
}
const positionOf = (ledger: readonly string[]): number => Number(ledger.findLast(isData) ?? 0)

/** Copies 'in' to 'out', for ever. */
export const task =
  (mutant: Mutant | null) =>
  async (ports: SimulatedPorts): Promise<void> => {
    const { log, cache, clock } = ports
    let keep: Open | null = null
    for (;;) {
      let session: Open | null = null
      try {
        session = keep ?? (await opened(ports, mutant))
        keep = null
        let stamp = await cache.stamp('toy.0')
        const reader = await log.reader('in', 0, session.position)
        for (;;) {
          const fetched = await reader.fetch(1)
          if (fetched.next === session.position) {
            await reader.arrived(never())
            continue
          }
          const values = fetched.batches.flatMap(b => Array.from({ length: b.count }, (_, i) => b.value(i)!.toString())).filter(isData)
          const { next } = fetched
          const apply = async (): Promise<void> => {
            await cache.apply('toy.0', { expect: stamp, landed: [String(next)], stamp: String(next), replace: false, entries: [] })
            stamp = String(next)
          }
          await session.producer.commit({
            offsets: { group: 'toy', metadata: `l:${next}`, offsets: [{ topic: 'in', partition: 0, next }] },
            writes: [
              ...values.map(v => ({ topic: 'out', partition: 0, columns: record(v, clock.now()) })),
              { topic: 'ledger', partition: 0, columns: record(String(next)) },
            ],
          })
          session.position = next
          if (mutant === 'believes the group offset after a commit') {
            session.position = (await log.committed('toy', 'in', 0))?.next ?? 0
            reader.seek(session.position)
          }
          await apply().catch(known)
        }
      } catch (error) {
        known(error)
        if (mutant === 'goes on after an unknown commit' && session !== null && isMillraceError(error) && error.code === 'COMMIT_UNKNOWN') {
          const producer = log.producer('toy.0')
          const fenced = await producer.fence().then(
            () => true,
            () => false,
          )
          if (fenced) keep = { producer, position: session.position }
        }
        await clock.sleep(100)
      }
    }
  }

/** Loads 'out' into a table, for ever, whenever the group says that it is its turn. */
export const sink =
  (mutant: Mutant | null) =>
  async ({ log, tables, clock }: SimulatedPorts): Promise<void> => {
    let kept = 0
    let turn = new AbortController()
    let mine = false
    const assigned = (numbers: readonly number[]): void => {
      mine = numbers.length > 0
      turn.abort()
      turn = new AbortController()
    }
    while (
      !(await log.join('sinks', 1, assigned).then(
        () => true,
        () => false,
      ))
    )
      await clock.sleep(50)
    for (;;) {
      try {
        if (!mine) {
          await clock.sleep(1_000, turn.signal)
          continue
        }
        let position = mutant === 'sink keeps its position' ? kept : await tables.position('toy', 'out', 0, 0)
        const reader = await log.reader('out', 0, position)
        while (mine) {
          const fetched = await reader.fetch(100)
          if (fetched.next === position) {
            await reader.arrived(turn.signal)
            continue
          }
          const columns: [string[], number[]] = [[], []]
          const offsets: number[] = []
          for (const batch of fetched.batches)
            for (let i = batch.indexOf(position); i < batch.count; i++) {
              columns[0].push(`${batch.offset(i)}`)
              columns[1].push(Number(batch.value(i)!.toString()))
              offsets.push(batch.offset(i))
            }
          kept = fetched.next
          await tables.load({
            sink: 'toy',
            topic: 'out',
            partition: 0,
            from: position,
            to: fetched.next,
            writes: [{ table: rowsTable, mode: 'insert-stop', columns, offsets }],
            deletes: [],
            deadLetters: [],
          })
          position = fetched.next
        }
      } catch (error) {
        known(error)
        await clock.sleep(50)
      }
    }
  }

/** Writes 0 … RECORDS − 1 into 'in', each once, and comes to an end. */
export async function feeder({ log, clock }: SimulatedPorts): Promise<void> {
  for (;;) {
    try {
      for (const name of ['in', 'out', 'ledger']) await log.createTopic({ name, partitions: 1, retention: 'forever' })
      const producer = log.producer('feeder')
      await producer.fence()
      const { baseOffsets } = await producer.commit({ writes: [{ topic: 'in', partition: 0, columns: record('barrier') }] })
      const written = (await valuesTo(log, 'in', baseOffsets[0]!)).filter(isData).length
      for (let n = written; n < RECORDS; n++) await producer.commit({ writes: [{ topic: 'in', partition: 0, columns: record(String(n)) }] })
      return
    } catch (error) {
      known(error)
      await clock.sleep(100)
    }
  }
}

export interface ToyRun {
  readonly simulation: Simulation
  /** What was violated, null when all is well. */
  readonly violation: string | null
}

/** Two tasks that fight for one partition, and two sinks in a group; chaos for `chaosDraws`, then calm until everything is through. */
export async function toyRun(
  seed: number,
  mutant: Mutant | null = null,
  chaosDraws = 400,
  options: SimulationOptions = {},
): Promise<ToyRun> {
  const simulation = new Simulation(seed, options)
  const { broker, database } = simulation.world
  for (const name of ['in', 'out', 'ledger']) broker.createTopic({ name, partitions: 1, retention: 'forever' })
  simulation.spawn('feeder', feeder)
  for (const name of ['A', 'B']) simulation.spawn(name, task(mutant))
  for (const name of ['S', 'T']) simulation.spawn(name, sink(mutant))
  const values = (topic: string): string[] => committedRecords(broker, topic, 0).map(r => r.value!.toString())
  const read = (): string[] => values('in')
  const [whole, folded] = [new WholeTransactions(broker), new FoldedOffsets(broker)]
  const check = (): void => {
    const sentence = whole.violation() ?? folded.violation()
    if (sentence !== null) throw new Error(sentence)
  }
  const done = (): boolean =>
    unstableViolation(broker) === null &&
    read().filter(isData).length === RECORDS &&
    broker.committed('toy', 'in', 0)?.next === broker.partition('in', 0).end &&
    database.positions[0]?.next === broker.partition('out', 0).end
  let violation: string | null = null
  try {
    await simulation.run(() => false, { limit: chaosDraws, check })
    simulation.calm()
    const end = await simulation.run(done, { limit: 20_000, check })
    if (end !== 'reached') violation = `not live: ${end} after ${simulation.draws} draws`
  } catch (error) {
    violation = error instanceof Error ? error.message : String(error)
  }
  violation ??= difference('out', values('out'), read().filter(isData))
  violation ??= difference(
    'rows',
    database.rows('rows').map(r => String(r['n'])),
    values('out').map(v => String(Number(v))),
  )
  const epochs = new OneEpochBetweenBarriers(r => r.value!.toString() === 'barrier')
  for (const r of committedRecords(broker, 'ledger', 0)) violation ??= epochs.violation(r)
  return { simulation, violation }
}

const difference = (name: string, got: readonly string[], wanted: readonly string[]): string | null =>
  JSON.stringify(got) === JSON.stringify(wanted) ? null : `${name} holds ${got.join(' ')}, not ${wanted.join(' ')}`
