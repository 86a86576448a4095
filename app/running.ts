// Puts the parts together and lets processors run in this process, until it is stopped.
import { EmbeddedStateCache } from '#lib/adapters/embedded/state-cache.ts'
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import { removeAddress, writeAddress } from '#lib/cli/control/address.ts'
import { serveControl } from '#lib/cli/control/server.ts'
import { tasksAtRest } from '#lib/cli/inspection/ledger-at-rest.ts'
import { systemInspection } from '#lib/cli/inspection/system-inspection.ts'
import type { FeedProgress, Opening, RunningSystem } from '#lib/cli/running.ts'
import type { Settings } from '#lib/config/settings.ts'
import type { Ports } from '#lib/engine/environment.ts'
import { Worker } from '#lib/engine/worker.ts'
import { isMillraceError, MillraceError, messageOf } from '#lib/model/errors.ts'
import { kindOf } from '#lib/model/plan.ts'
import { type Logger, loggingObserver } from '#lib/observe/event-log.ts'
import { type Measured, openMetrics } from '#lib/observe/metrics.ts'
import { observers } from '#lib/observe/observers.ts'
import { TaskBoard } from '#lib/observe/task-board.ts'
import type { EmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import type { Clock } from '#lib/ports/clock.ts'
import type { Inspection } from '#lib/ports/inspection.ts'
import { planOfProcessor, type Processor } from '#lib/stages/processor.ts'
import { Closing } from './closing.ts'
import { type DirectoryFacts, writeFacts } from './directory.ts'
import { openLog, openRegistry, openTablesIn, takeDirectory } from './directory-parts.ts'
import { BACKFILL_MS, type FileInput, feedsOf, openFeeds } from './feeds.ts'
import { serveHealth } from './health-port.ts'
import { INPUTS, PROCESSORS } from './systems.ts'

export interface RunningOrder {
  readonly settings: Settings
  /** Readers behind their writers. */
  readonly processors: readonly Processor[]
  readonly input: FileInput | null
  readonly logger: Logger
  readonly version: string
  readonly opening: Opening
}

const MAINTAIN_EVERY_MS = 60_000

/** @throws what keeps it from running; nothing stays open then */
export async function openRunning(order: RunningOrder): Promise<RunningSystem> {
  const closing = new Closing()
  try {
    return await opened(order, closing)
  } catch (error) {
    await closing.close()
    throw error
  }
}

async function opened(order: RunningOrder, closing: Closing): Promise<RunningSystem> {
  const { settings, processors, logger, opening } = order
  const clock = systemClock()
  const random = systemRandom()
  const startedAt = clock.now()
  const board = new TaskBoard(clock)
  let inspection: Inspection | null = null
  let log: EmbeddedLog | null = null
  let expected = 0
  const metrics = openMetrics(order.version, () => measured(inspection, log))
  if (settings.http !== null) {
    const health = await serveHealth(settings.http, { words: () => board.tasks(), expected: () => expected, metrics })
    closing.after(health, h => h.close())
    logger.info({ port: health.port }, `health and metrics on http://127.0.0.1:${health.port}`)
  }

  const { lock, facts } = await takeDirectory(closing, settings)
  const { directory } = lock
  const generatorStartAt = await generatorStart(directory, facts, processors, clock)
  const feeds = openFeeds(processors, { settings, clock, input: order.input, generatorStartAt })
  opening.phase('opening the log')
  log = await openLog(closing, lock, text => logger.warn(text))
  const registry = await openRegistry(closing, directory)
  const cache = closing.after(new EmbeddedStateCache(), c => c.close())
  const sinks = processors.filter(p => kindOf(planOfProcessor(p)) === 'sink')
  const tables = openTablesIn(closing, directory)
  const tablesOpen = sinks.length > 0 ? tables.open() : Promise.resolve() // takes seconds the first time: meanwhile the rest begins
  tablesOpen.catch(() => {}) // waited for below

  const observer = observers(board.observer, metrics.observer, loggingObserver(logger, clock))
  const ports: Ports = { log, cache, registry, tables, feeds, clock, random, observer }
  const rowsBefore = await rowsReadBefore(log, facts.app, order.input)
  const worker = closing.after(new Worker(ports, { app: facts.app, partitions: facts.partitions }), w => w.stop())
  const system = { app: facts.app, ports, processors: PROCESSORS, running: { worker, startedAt, words: () => board.tasks() } }
  inspection = systemInspection(system)
  const token = random.uuid()
  const control = closing.after(await serveControl(inspection, token), c => c.close())
  closing.after(await writeAddress(directory, { pid: process.pid, port: control.port, token }), () => removeAddress(directory, token))

  const read = feedProgress(worker, order.input, rowsBefore)
  opening.phase('opening the tasks')
  opening.running({ inspection, read })
  for (const p of processors) if (!sinks.includes(p)) expected += (await worker.start(p)).tasks
  if (sinks.length > 0) opening.phase('opening the tables')
  await tablesOpen
  for (const p of sinks) expected += (await worker.start(p)).tasks
  const idle = new AbortController()
  const maintenance = maintain(log, clock, logger, idle.signal)
  closing.after(idle, async i => {
    i.abort()
    await maintenance
  })
  return {
    inspection,
    failed: () => worker.failed(),
    drain: () => worker.drain(processors.map(p => p.id)),
    read,
    stop: () => closing.close(),
  }
}

/** Stored before the first event: events are numbered from there, so it must be the same at every start. */
async function generatorStart(directory: string, facts: DirectoryFacts, processors: readonly Processor[], clock: Clock): Promise<number> {
  if (facts.generatorStartAt !== null) return facts.generatorStartAt
  const startAt = clock.now() - BACKFILL_MS
  if (feedsOf(processors).includes(INPUTS.generator.feed)) await writeFacts(directory, { ...facts, generatorStartAt: startAt })
  return startAt
}

/** Rows of the files that earlier runs have read, as last committed. */
async function rowsReadBefore(log: EmbeddedLog, app: string, input: FileInput | null): Promise<number> {
  if (input === null) return 0
  const [task] = await tasksAtRest(log, app, INPUTS[input.as].processor)
  return task?.meta?.positions[input.feed.name] ?? 0
}

/** How much of the files was read; a task that is closed for a moment keeps what it had. */
function feedProgress(worker: Worker, input: FileInput | null, rowsBefore: number): () => FeedProgress | null {
  let rows = rowsBefore
  return () => {
    const share = input?.feed.progress() ?? null
    if (input === null || share === null) return null
    const [open] = worker.streamTasks(INPUTS[input.as].processor.id)
    rows = open?.task.session.inputs[0]?.position ?? rows
    return { share, rows, rowsBefore }
  }
}

async function maintain(log: EmbeddedLog, clock: Clock, logger: Logger, until: AbortSignal): Promise<void> {
  for (;;) {
    await clock.sleep(MAINTAIN_EVERY_MS, until)
    if (until.aborted) return
    try {
      const report = await log.maintain(clock.now())
      if (report.removedBytes > 0) logger.debug({ ...report }, `the log gave ${report.removedBytes} bytes of disk back`)
    } catch (error) {
      const { code, message } = isMillraceError(error) ? error : new MillraceError('INTERNAL', messageOf(error))
      logger.warn({ code }, `the log could not be tidied up: ${code}: ${message}`)
    }
  }
}

async function measured(inspection: Inspection | null, log: EmbeddedLog | null): Promise<Measured> {
  if (inspection === null || log === null) return { lags: [], ends: [], logBytes: 0 }
  const { tasks } = await inspection.status()
  const ends: Measured['ends'][number][] = []
  for (const { name, partitions } of await log.topics())
    for (let partition = 0; partition < partitions; partition++)
      ends.push({ topic: name, partition, end: (await log.bounds(name, partition)).stable })
  return {
    lags: tasks.flatMap(({ processor, partition, inputs }) =>
      inputs.flatMap(({ input, lag }) => (lag === null ? [] : [{ processor, partition, input, lag }])),
    ),
    ends,
    logBytes: log.sizeBytes(),
  }
}
