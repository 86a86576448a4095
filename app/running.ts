// Lets the processors of a system run in this process, with everything that the command line shows of them, until it is stopped.
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import type { EmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { tasksAtRest } from '#lib/cli/inspection/ledger-at-rest.ts'
import type { FeedProgress, Opening, RunningSystem } from '#lib/cli/running.ts'
import type { Settings } from '#lib/config/settings.ts'
import { Closing } from '#lib/embedded/closing.ts'
import { type DirectoryFacts, writeFacts } from '#lib/embedded/directory.ts'
import { takeDirectory } from '#lib/embedded/directory-parts.ts'
import { openSystem, type SystemOpening } from '#lib/embedded/system.ts'
import type { Worker } from '#lib/engine/worker.ts'
import { type Logger, loggingObserver } from '#lib/observe/event-log.ts'
import { type Measured, openMetrics } from '#lib/observe/metrics.ts'
import { observers } from '#lib/observe/observers.ts'
import { TaskBoard } from '#lib/observe/task-board.ts'
import type { Clock } from '#lib/ports/clock.ts'
import type { Inspection } from '#lib/ports/inspection.ts'
import type { Processor } from '#lib/stages/processor.ts'
import { BACKFILL_MS, type FileInput, feedsOf, openFeeds } from './feeds.ts'
import { serveHealth } from './health-port.ts'
import { MIGRATIONS } from './migrations.ts'
import { INPUTS, PROCESSORS } from './systems.ts'

export interface RunningOrder {
  readonly settings: Settings
  readonly processors: readonly Processor[]
  readonly input: FileInput | null
  readonly logger: Logger
  readonly version: string
  readonly opening: Opening
}

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
  const { settings, processors, logger } = order
  const clock = systemClock()
  const random = systemRandom()
  const board = new TaskBoard(clock)
  let inspection: Inspection | null = null
  let log: EmbeddedLog | null = null
  let begun = 0
  let expected: number | 'opening' = 'opening'
  const metrics = openMetrics(order.version, () => measured(inspection, log))
  if (settings.http !== null) {
    const health = await serveHealth(settings.http, { words: () => board.tasks(), expected: () => expected, metrics })
    closing.after(health, h => h.close())
    logger.info({ port: health.port }, `health and metrics on http://127.0.0.1:${health.port}`)
  }

  const { lock, facts } = await takeDirectory(closing, settings)
  const generatorStartAt = await generatorStart(lock.directory, facts, processors, clock)
  const feeds = openFeeds(processors, { settings, clock, input: order.input, generatorStartAt })
  let rowsBefore = 0
  let read: () => FeedProgress | null = () => null
  const opening: SystemOpening = {
    phase: text => order.opening.phase(text),
    log: async opened => {
      log = opened
      rowsBefore = await rowsReadBefore(opened, facts.app, order.input)
    },
    running: (early, worker) => {
      inspection = early
      read = feedProgress(worker, order.input, rowsBefore)
      order.opening.running({ inspection: early, read })
    },
    started: tasks => {
      begun += tasks
    },
  }
  const observer = observers(metrics.observer, loggingObserver(logger, clock))
  const { worker, ...system } = await openSystem(closing, {
    ...{ lock, facts, processors, known: PROCESSORS, feeds, migrations: MIGRATIONS },
    ...{ clock, random, logger, board, observer, control: 'serve', opening },
  })
  expected = begun
  return {
    inspection: system.inspection,
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
