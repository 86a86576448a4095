// The third door's function: processors in a program of one's own, with everything that they need in this process and a data directory.
import type { Observable } from 'rxjs'
import { systemClock } from '../adapters/embedded/system-clock.ts'
import { systemRandom } from '../adapters/embedded/system-random.ts'
import { TopicWriter } from '../engine/topic-writer.ts'
import { APP_NAME } from '../engine/worker.ts'
import { MillraceError } from '../model/errors.ts'
import { inputOf, sourcesOf } from '../model/plan.ts'
import type { TableSpec } from '../model/table.ts'
import { isTableTarget } from '../model/table-target.ts'
import { specOf, type Topic } from '../model/topic.ts'
import { eventLogger, loggingObserver } from '../observe/event-log.ts'
import { TaskBoard } from '../observe/task-board.ts'
import type { Feed } from '../ports/feed.ts'
import type { Inspection } from '../ports/inspection.ts'
import type { QueryResult } from '../ports/tables.ts'
import { type Committed, Observatory, type ObserveOptions } from '../rx/observe-topic.ts'
import { planOfProcessor, type Processor } from '../stages/processor.ts'
import { Closing } from './closing.ts'
import { takeDirectory } from './directory-parts.ts'
import { type Migration, migrationsIn } from './migrated-tables.ts'
import { openSources, type Sources } from './sources.ts'
import { openSystem, type System } from './system.ts'

export interface EmbeddedOptions {
  /** Where everything is kept: log, state, schemas and tables. Made if it is not there; one process at a time has it. */
  readonly directory: string
  readonly processors: Processor | readonly Processor[]
  /** Partitions of new topics that do not say their own, 1 to 1000. Fixed when the directory is made. Default 4. */
  readonly partitions?: number
  /** Prefix of internal topics and ids, fixed when the directory is made: lower case letters, digits, '-'. Default 'millrace'. */
  readonly app?: string
  /** The feeds that the processors read, by their names; `openFileFeed()` makes one of files. */
  readonly feeds?: Readonly<Record<string, Feed>>
  /**
   * SQL that makes and changes the tables that the processors load: a folder of `.sql` files, or names and texts; each once, in the order of the names.
   * Without any, a table that is not there is made as it is described, and never changed.
   */
  readonly migrations?: URL | readonly Migration[]
  /** Least level of log lines. Default 'warn': what is refused, what waits and what stops. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Takes log lines, each JSON and ending with a line feed. Default: standard error. */
  readonly log?: (line: string) => void
  /** `'serve'`: commands such as `millrace lag --data <directory>` may ask this process, over a port that only this user can use. Default 'none'. */
  readonly control?: 'serve' | 'none'
}

/** A running system. Its tasks go on by themselves after whatever passes by itself, and stop at what does not: `failed()` tells. */
export interface Embedded {
  /** Writes values to a topic, all or none; resolves when they are durable. @throws VALUE_REFUSED, KEY_MISSING, RECORD_TOO_LARGE (nothing was written) */
  send<T>(topic: Topic<T, unknown>, ...values: readonly NoInfer<T>[]): Promise<void>
  /** What is committed to a topic, from the subscription on (or from the beginning); completes at `stop()`. See `ObserveOptions`. */
  observe<T>(topic: Topic<T, unknown>, options?: ObserveOptions): Observable<Committed<T>>
  /** Read-only SQL on the tables, one statement. @throws QUERY_FAILED */
  query(sql: string): Promise<QueryResult>
  /** Status, lag, state, plans and dead letters, as the command line shows them. */
  readonly inspection: Inspection
  /**
   * Reads everything that there is, commits what Observables have emitted, and closes every window; then goes on. Does not end for a feed without an end.
   * @throws what stopped a task or a source
   */
  drain(): Promise<void>
  /** Resolves with what stopped the first task or source for good. */
  failed(): Promise<MillraceError>
  /** Commits what is computed and what Observables have emitted, and closes everything. Never throws; a second call is nothing. */
  stop(): Promise<void>
}

/**
 * Runs processors in this process, with everything that they need: record log, state and schemas in a directory, tables in PGlite. Killed at any
 * instant, the same call goes on where it was.
 * @throws DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATA_CORRUPT, DISK_FULL; OPTION_INVALID for an option that cannot be, or is not the one that the
 * directory was made with; TABLE_DIFFERS, QUERY_FAILED of the migrations; TOPIC_DIFFERS, SCHEMA_INCOMPATIBLE
 * @example
 * const millrace = await embedded({ directory: 'data', processors: [revenuePerCustomer, loader] })
 * millrace.observe(revenue).subscribe(({ value }) => console.log(value))
 * await millrace.send(orders, { customer: 'ada', at: Date.now(), total: 9.5 })
 * …
 * await millrace.stop()
 */
export async function embedded(options: EmbeddedOptions): Promise<Embedded> {
  const processors = checked(options)
  const closing = new Closing()
  try {
    return await opened(closing, options, processors)
  } catch (error) {
    await closing.close()
    throw error
  }
}

async function opened(closing: Closing, options: EmbeddedOptions, processors: readonly Processor[]): Promise<Embedded> {
  const { directory, app = 'millrace', partitions = null, feeds = {}, migrations, control = 'none' } = options
  const clock = systemClock()
  const logger = eventLogger(options.logLevel ?? 'warn', clock, { write: options.log ?? (line => void process.stderr.write(line)) })
  const board = new TaskBoard(clock)
  const { lock, facts } = await takeDirectory(closing, { data: directory, app, partitions })
  let observatory: Observatory | null = null
  const system = await openSystem(closing, {
    ...{ lock, facts, processors, known: processors, feeds: new Map(Object.entries(feeds)) },
    migrations: {
      migrations: () => migrationsIn(migrations ?? []),
      tables: tablesOf(processors),
      missing: migrations === undefined ? 'make' : 'refuse',
    },
    ...{ clock, random: systemRandom(), logger, board, observer: loggingObserver(logger, clock), control },
    opening: {
      phase() {},
      running() {},
      started() {},
      // Closed behind the tasks and before the log: who observes hears of everything that the tasks have committed.
      log: async (log, registry) => void (observatory = closing.after(new Observatory({ log, registry, clock }), o => o.close())),
    },
  })
  const sources = openSources(closing, processors, { ports: system.ports, ...facts, logger })
  return running(closing, { ...system, sources, observatory: observatory! }, processors, facts)
}

function running(
  closing: Closing,
  { ports, worker, inspection, sources, observatory }: System & { readonly sources: Sources; readonly observatory: Observatory },
  processors: readonly Processor[],
  { app, partitions }: { readonly app: string; readonly partitions: number },
): Embedded {
  const writer = closing.after(new TopicWriter(ports, { id: `${app}.send`, partitions }), w => w.close())
  let drains: Promise<unknown> = Promise.resolve()
  const drain = async (): Promise<void> => {
    await sources.flush()
    await worker.drain(processors.map(p => p.id))
  }
  return {
    inspection,
    send: (topic, ...values) => {
      const time = ports.clock.now()
      return writer.write(
        specOf(topic as never),
        values.map(value => ({ value, time })),
      )
    },
    observe: (topic, options) => observatory.observe(topic, options),
    query: sql => inspection.query(sql),
    drain: () => {
      const drained = drains.then(drain)
      drains = drained.catch(() => {})
      return drained
    },
    failed: () => Promise.race([worker.failed(), sources.failed]),
    stop: () => closing.close(),
  }
}

/** @throws OPTION_INVALID, before anything is opened */
function checked({ directory, processors, partitions, app, feeds = {} }: EmbeddedOptions): readonly Processor[] {
  const invalid = (what: string): never => {
    throw new MillraceError('OPTION_INVALID', what)
  }
  if (typeof directory !== 'string' || directory === '') invalid('embedded() needs a directory')
  if (partitions !== undefined && !(Number.isInteger(partitions) && partitions >= 1 && partitions <= 1_000))
    invalid(`partitions is ${partitions}: a whole number from 1 to 1000 is needed`)
  if (app !== undefined && !APP_NAME.test(app))
    invalid(`'${app}' is no app name: lower case letters, digits and '-', at most 50, a letter first`)
  const list = Array.isArray(processors) ? (processors as readonly Processor[]) : [processors as Processor]
  if (list.length === 0) invalid('embedded() needs at least one processor')
  for (const plan of list.map(planOfProcessor))
    for (const input of sourcesOf(plan).map(inputOf))
      if (input.kind === 'feed' && feeds[input.name] === undefined)
        invalid(`'${plan.processor}' reads the feed '${input.name}': give it in feeds: { '${input.name}': openFileFeed(…) }`)
  return list
}

function tablesOf(processors: readonly Processor[]): readonly TableSpec[] {
  const targets = processors.flatMap(p => planOfProcessor(p).nodes).flatMap(n => n.spec.targets ?? [])
  return [...new Map(targets.flatMap(t => (isTableTarget(t) ? [[t.table.name, t.table] as const] : []))).values()]
}
