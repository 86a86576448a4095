// A system in this process: the parts of a data directory wired to the engine, and the processors running on them.
import { EmbeddedStateCache } from '../adapters/embedded/state-cache.ts'
import type { DirectoryLock } from '../adapters/embedded/lock.ts'
import type { EmbeddedLog } from '../adapters/embedded/record-log.ts'
import { removeAddress, writeAddress } from '../cli/control/address.ts'
import { serveControl } from '../cli/control/server.ts'
import { systemInspection } from '../cli/inspection/system-inspection.ts'
import type { Ports } from '../engine/environment.ts'
import { Worker } from '../engine/worker.ts'
import { kindOf } from '../model/plan.ts'
import type { Logger } from '../observe/event-log.ts'
import { observers } from '../observe/observers.ts'
import type { TaskBoard } from '../observe/task-board.ts'
import type { Clock } from '../ports/clock.ts'
import type { Feed } from '../ports/feed.ts'
import type { Inspection } from '../ports/inspection.ts'
import type { Observer } from '../ports/observer.ts'
import type { Random } from '../ports/random.ts'
import type { Registry } from '../ports/registry.ts'
import { planOfProcessor, type Processor } from '../stages/processor.ts'
import type { Closing } from './closing.ts'
import type { DirectoryFacts } from './directory.ts'
import { openLog, openRegistry, openTablesIn } from './directory-parts.ts'
import { checkLoaded, checkSchemas, holdsTables } from './losses.ts'
import { maintain } from './maintenance.ts'
import type { Migrations } from './migrated-tables.ts'

export interface SystemOrder {
  readonly lock: DirectoryLock
  readonly facts: DirectoryFacts
  readonly processors: readonly Processor[]
  /** All processors that may be asked about, in the order of the data's way. */
  readonly known: readonly Processor[]
  readonly feeds: ReadonlyMap<string, Feed>
  readonly migrations: Migrations
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** What tasks told last; it hears them besides `observer`. */
  readonly board: TaskBoard
  readonly observer: Observer
  /** Whether other processes of this user may ask (decision 0050). */
  readonly control: 'serve' | 'none'
  readonly opening: SystemOpening
}
/** Told on the way, which may take seconds. */
export interface SystemOpening {
  phase(text: string): void
  /** Log and registry are open; nothing runs yet. */
  log(log: EmbeddedLog, registry: Registry): Promise<void>
  /** Tasks are about to open and can be asked about. */
  running(inspection: Inspection, worker: Worker): void
  /** So many more tasks should live here. */
  started(tasks: number): void
}

export interface System {
  readonly ports: Ports
  readonly worker: Worker
  readonly inspection: Inspection
}

/** Closed by `closing`, also when it does not open. @throws what keeps it from running */
export async function openSystem(closing: Closing, order: SystemOrder): Promise<System> {
  const { lock, facts, processors, feeds, clock, random, logger, board, opening } = order
  const { directory } = lock
  const startedAt = clock.now()
  opening.phase('opening the log')
  const log = await openLog(closing, lock, text => logger.warn(text))
  const registry = await openRegistry(closing, directory)
  await checkSchemas(directory, log, registry, processors.map(planOfProcessor))
  await opening.log(log, registry)
  const cache = closing.after(new EmbeddedStateCache(), c => c.close())
  const sinks = processors.filter(p => kindOf(planOfProcessor(p)) === 'sink')
  const tables = openTablesIn(closing, directory, order.migrations)
  if (sinks.length > 0 && holdsTables(directory)) {
    opening.phase('opening the tables')
    await checkLoaded(directory, log, tables, sinks.map(planOfProcessor), facts)
  }
  const tablesOpen = sinks.length > 0 ? tables.open() : Promise.resolve() // takes seconds the first time: meanwhile the rest begins
  tablesOpen.catch(() => {}) // waited for below

  const ports: Ports = { log, cache, registry, tables, feeds, clock, random, observer: observers(board.observer, order.observer) }
  const worker = closing.after(new Worker(ports, { app: facts.app, partitions: facts.partitions }), w => w.stop())
  const running = { worker, startedAt, words: () => board.tasks() }
  const inspection = systemInspection({ app: facts.app, ports, processors: order.known, running })
  if (order.control === 'serve') await serve(closing, inspection, directory, random)

  opening.phase('opening the tasks')
  opening.running(inspection, worker)
  for (const p of processors) if (!sinks.includes(p)) opening.started((await worker.start(p)).tasks)
  if (sinks.length > 0) opening.phase('opening the tables')
  await tablesOpen
  for (const p of sinks) opening.started((await worker.start(p)).tasks)
  maintain(closing, log, clock, logger)
  return { ports, worker, inspection }
}

async function serve(closing: Closing, inspection: Inspection, directory: string, random: Random): Promise<void> {
  const token = random.uuid()
  const control = closing.after(await serveControl(inspection, token), c => c.close())
  closing.after(await writeAddress(directory, { pid: process.pid, port: control.port, token }), () => removeAddress(directory, token))
}
