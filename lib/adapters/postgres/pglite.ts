// PGlite, a PostgreSQL in the process, as an SqlConnection: the asking side. The database itself lives in a worker thread.
import { fork } from 'node:child_process'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { MillraceError, messageOf } from '../../model/errors.ts'
import { isThere } from './pglite-directory.ts'
import { saysDiskFull } from './pglite-faults.ts'
import { lockTables, type TablesLock } from './pglite-lock.ts'
import type { PgliteReply, PgliteRequest, PgliteStart, PgliteStatus } from './pglite-messages.ts'
import { type RunOptions, type SqlConnection, SqlFailure, type Statement, type StatementResult } from './sql-connection.ts'

export interface PgliteOptions {
  /** `small` keeps PGlite some 100 MB smaller, 550 MB at its peak, for loads a third slower. Holds for all WASM of the process. */
  readonly memory?: 'fast' | 'small'
  /** Bytes of WAL written before the next checkpoint, default 128 MB: bounds the disk that WAL takes and the time to recover (100 MB a second). */
  readonly checkpointBytes?: number
}

/** A request without its number. */
type Asked = PgliteRequest extends infer R ? (R extends PgliteRequest ? Omit<R, 'id'> : never) : never
type Answer = Exclude<PgliteReply, { kind: 'ready' | 'start-failed' }>

/** A file beside this one, as TypeScript from a checkout or as JavaScript from dist/. */
const beside = (name: string): URL => new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * Opens PGlite on a directory of its own, made if it is not there, or in memory. Committed transactions survive `kill -9` and loss of power
 * (in memory: nothing does). After a crash of its thread the call under way fails as unavailable and the next one opens the directory again.
 * @throws DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATA_CORRUPT, DISK_FULL
 */
export async function openPglite(where: string | 'memory', options: PgliteOptions = {}): Promise<PgliteConnection> {
  const directory = where === 'memory' ? null : resolve(where)
  const lock = directory === null ? null : await lockTables(directory)
  const connection = new PgliteConnection(
    { directory, memory: options.memory ?? 'fast', checkpointBytes: options.checkpointBytes ?? 128 * 2 ** 20 },
    lock,
  )
  try {
    await connection.start()
  } catch (error) {
    lock?.release()
    throw error
  }
  return connection
}

export class PgliteConnection implements SqlConnection {
  readonly #settings: PgliteStart
  readonly #lock: TablesLock | null
  #worker: Worker | null = null
  #state: 'open' | 'lost' | 'closed' = 'open'
  /** The last call in line: one is with the worker at a time, so that after a crash only one outcome is unknown. */
  #line: Promise<unknown> = Promise.resolve()
  #ids = 0
  #closing: Promise<void> | null = null
  /** Ends the query under way. */
  #giveUp: (() => void) | null = null

  constructor(settings: PgliteStart, lock: TablesLock | null) {
    this.#settings = settings
    this.#lock = lock
  }

  /** @throws as openPglite */
  async start(): Promise<void> {
    const { directory } = this.#settings
    if (directory !== null && !isThere(directory)) await this.#create(directory)
    this.#worker = await this.#serve()
  }

  async run(statements: readonly Statement[], options: RunOptions = {}): Promise<readonly StatementResult[]> {
    // Giving up means ending the thread, and tables in memory with it: those wait.
    const limited = options.access === 'read-only' && this.#settings.directory !== null ? (options.limitMs ?? null) : null
    const answer = await this.#inLine({ kind: 'run', statements, options }, limited)
    if (answer.kind === 'result') return answer.results
    throw answer.kind === 'failure' ? new SqlFailure(answer.failure) : unexpected(answer)
  }

  /** How PGlite does. @throws SqlFailure */
  async status(): Promise<PgliteStatus> {
    const answer = await this.#inLine({ kind: 'status' }, null)
    if (answer.kind === 'status') return answer.status
    throw unexpected(answer)
  }

  /** As every connection's; queries under way are given up, so that nobody waits for them. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#giveUp?.()
    await this.#line
    try {
      if (this.#worker !== null) await this.#ask({ kind: 'close' }, null)
    } catch {
      // It was lost; there is nothing left to close.
    } finally {
      this.#state = 'closed'
      await this.#worker?.terminate()
      this.#lock?.release()
    }
  }

  #inLine(asked: Asked, limitMs: number | null): Promise<Answer> {
    if (this.#closing !== null) return Promise.reject(unavailable('the tables are closed'))
    const turn = this.#line.then(() => this.#ask(asked, limitMs))
    this.#line = turn.catch(() => {})
    return turn
  }

  async #ask(asked: Asked, limitMs: number | null): Promise<Answer> {
    if (limitMs !== null && this.#closing !== null) throw unavailable('the tables are closed')
    const worker = await this.#living()
    const id = ++this.#ids
    return new Promise<Answer>((resolve, reject) => {
      let failure = unavailable('the thread of PGlite ended in the middle of a call')
      const onError = (error: unknown): void => {
        failure = unavailable(`PGlite broke: ${messageOf(error)}`, error)
      }
      // Only the end of the thread settles a broken call: until then its files are open.
      const onExit = (): void => settle(() => reject(failure))
      const onMessage = (answer: Answer): void => {
        if (answer.id === id) settle(() => resolve(answer))
      }
      const tooSlow = (): void => {
        failure = new SqlFailure({ kind: 'too-slow', limitMs: limitMs! })
        void worker.terminate()
      }
      const timer = limitMs === null ? null : setTimeout(tooSlow, limitMs)
      if (limitMs !== null) {
        this.#giveUp = () => {
          failure = unavailable('the tables are closed')
          void worker.terminate()
        }
      }
      const settle = (done: () => void): void => {
        if (timer !== null) clearTimeout(timer)
        this.#giveUp = null
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
        worker.unref()
        done()
      }
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      worker.ref()
      worker.postMessage({ ...asked, id } satisfies PgliteRequest)
    })
  }

  /** The worker, opened again if the last one died. */
  async #living(): Promise<Worker> {
    if (this.#state === 'closed') throw unavailable('the tables are closed')
    if (this.#state === 'lost') throw unavailable('the tables in memory are lost with the thread that held them; start again')
    this.#worker ??= await this.#serve()
    return this.#worker
  }

  /** Makes the directory, in a process that ends with this one. */
  #create(directory: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = fork(beside('pglite-create'), { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      let failure: MillraceError | null = notReady(directory)
      child.once('message', (reply: PgliteReply) => {
        failure = reply.kind === 'start-failed' ? failed(reply, directory) : null
      })
      child.once('error', error => {
        failure = notReady(directory, error)
        reject(failure)
      })
      child.once('exit', () => (failure === null ? resolve() : reject(failure)))
      child.send(this.#settings)
    })
  }

  /** Starts the thread; resolves when it is ready. @throws as openPglite */
  #serve(): Promise<Worker> {
    const { directory } = this.#settings
    return new Promise((resolve, reject) => {
      const worker = new Worker(beside('pglite-worker'), { workerData: this.#settings, name: 'pglite' })
      let failure: MillraceError | null = notReady(directory)
      worker.once('message', (reply: PgliteReply) => {
        failure = reply.kind === 'start-failed' ? failed(reply, directory) : null
        // What PGlite left behind keeps its thread alive for ever; only the thread's end settles the start.
        if (failure !== null) return void worker.terminate()
        worker.unref() // an open connection alone keeps no process alive
        resolve(worker)
      })
      worker.on('error', error => {
        failure ??= notReady(directory, error)
      })
      worker.on('exit', () => {
        if (this.#worker === worker) this.#bury()
        if (failure !== null) reject(failure)
      })
    })
  }

  #bury(): void {
    this.#worker = null
    if (this.#settings.directory === null && this.#state === 'open') this.#state = 'lost'
  }
}

const whereOf = (directory: string | null) => (directory === null ? {} : { where: { file: directory } })
const failed = ({ code, message }: Extract<PgliteReply, { kind: 'start-failed' }>, directory: string | null): MillraceError =>
  new MillraceError(code, message, whereOf(directory))
const notReady = (directory: string | null, cause?: unknown): MillraceError =>
  new MillraceError(
    'TABLES_UNAVAILABLE',
    `PGlite does not start: ${cause === undefined ? 'it ended before it was ready' : messageOf(cause)}`,
    {
      cause,
      ...whereOf(directory),
    },
  )
const unavailable = (message: string, cause?: unknown): SqlFailure =>
  new SqlFailure({ kind: 'unavailable', message, ...(saysDiskFull(message) && { because: 'disk-full' }) }, { cause })
const unexpected = (answer: Answer): MillraceError => new MillraceError('INTERNAL', `PGlite answered ${answer.kind} to another question`)
