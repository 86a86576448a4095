// How a task lives: opened, turned, closed after any error, opened again with back-off. RxJS around the turns: a task is an Observable of batches
// with one concatMap around the turn, and pulls the next batch only when the turn is done (back-pressure by not pulling).
import { concatMap, defer, finalize, from, type Observable, repeat, retry, takeWhile, tap } from 'rxjs'
import { isMillraceError, isRetriable, MillraceError, messageOf } from '../model/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Observer, TaskLabels, TaskState } from '../ports/observer.ts'

export type Mode = 'running' | 'draining'
export type TurnOutcome = 'busy' | 'quiet'

/** A task between OPEN and CLOSE. */
export interface OpenTask {
  /** One bounded piece of work. @throws what must CLOSE it */
  turn(mode: Mode): Promise<TurnOutcome>
  /** Wall time at which there may be something to do without new records. */
  nextDecision(): number
  /** Resolves when new records may be there. */
  arrived(signal: AbortSignal): Promise<void>
  /** Work that follows behind the turns, at most one at a time. */
  behind(): Promise<void>
  /** Everything computed is committed. @throws what must CLOSE it */
  settle(): Promise<void>
  /** All that there is has been read, closed and committed. */
  readonly drained: boolean
  close(): Promise<void>
}

/** Every state, and where it may go. */
const TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  closed: ['opening'],
  opening: ['ready', 'waiting', 'stopped', 'closed'],
  ready: ['waiting', 'stopped', 'closed'],
  waiting: ['opening', 'closed'],
  stopped: ['opening'],
}

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 10_000

export interface LifeOptions<T extends OpenTask> {
  readonly labels: TaskLabels
  readonly clock: Clock
  readonly observer: Observer
  readonly behindEveryMs: number
  readonly open: () => Promise<T>
}

export class Life<T extends OpenTask> {
  readonly labels: TaskLabels
  readonly #o: LifeOptions<T>
  #state: TaskState = 'closed'
  #mode: Mode = 'running'
  #task: T | null = null
  #wish: 'live' | 'stop' = 'live'
  #outcome: TurnOutcome = 'busy'
  /** Cuts short whatever the life waits for. */
  #waiting: AbortController | null = null
  #called: 'called' | 'not called' = 'not called'
  #behind: Promise<void> | null = null
  #behindAt = -Infinity
  #behindError: { readonly error: unknown } | null = null
  #failures = 0
  #closing: Promise<void> = Promise.resolve()
  #stopped: MillraceError | null = null
  onChange: () => void = () => {}

  constructor(o: LifeOptions<T>) {
    this.#o = o
    this.labels = o.labels
  }
  get state(): TaskState {
    return this.#state
  }
  get mode(): Mode {
    return this.#mode
  }
  /** The open task, null while there is none. */
  get task(): T | null {
    return this.#task
  }
  /** Why it stopped for good. */
  get failure(): MillraceError | null {
    return this.#stopped
  }
  get drained(): boolean {
    return this.#mode === 'draining' && this.#outcome === 'quiet' && this.#task !== null && this.#task.drained
  }
  /** The life of the task: one emission per turn; completes after `stop()`; errors with what stopped it for good. */
  turns(): Observable<TurnOutcome> {
    return defer(() => this.#open()).pipe(
      concatMap(task =>
        this.#batches(task).pipe(
          concatMap(mode => this.#turn(task, mode)),
          tap(outcome => this.#turned(outcome)),
          repeat(),
          takeWhile(() => this.#wish === 'live', true),
          finalize(() => this.#close(task)),
        ),
      ),
      retry({ delay: (error: unknown) => defer(() => this.#failed(error)) }),
      finalize(() => this.#ended()),
    )
  }
  drain(): void {
    this.#mode = 'draining'
    this.#call()
  }
  run(): void {
    this.#mode = 'running'
    this.#call()
  }
  /** Commits what was computed, closes, ends the turns. */
  async stop(): Promise<void> {
    this.#wish = 'stop'
    this.#call()
    await this.#task?.settle().catch(() => {}) // its outcome is the ledger's business
    await this.#closing
  }

  async #open(): Promise<T> {
    if (this.#wish === 'stop') throw new Stopped()
    this.#enter('opening')
    await this.#closing
    const task = await this.#o.open()
    this.#task = task
    this.#outcome = 'busy'
    this.#behindError = null
    this.#enter('ready')
    return task
  }
  /** The next batch of work, as soon as there may be one. */
  #batches(task: T): Observable<Mode> {
    return defer(() => from(this.#ready(task)))
  }
  async #ready(task: T): Promise<Mode> {
    const { clock } = this.#o
    if (this.#behindError !== null) throw this.#behindError.error
    this.#followBehind(task)
    if (this.#outcome === 'busy') await clock.breathe()
    else if (this.#wish === 'live') {
      // Never longer than until the next work behind, whatever a jump of the wall clock makes of a difference of two times (S2.4).
      const ms = Math.min(task.nextDecision() - clock.now(), this.#o.behindEveryMs)
      await this.#wait(ms, signal => task.arrived(signal))
    }
    return this.#mode
  }
  /** Waits until `ms` have passed, something has arrived or the life is called. */
  async #wait(ms: number, arrived?: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#called === 'not called') {
      const waiting = (this.#waiting = new AbortController())
      const asleep = this.#o.clock.sleep(Math.max(0, ms), waiting.signal)
      await (arrived === undefined ? asleep : Promise.race([asleep, arrived(waiting.signal)]))
      waiting.abort('over') // a reason of our own: the default one is an exception with a stack
      this.#waiting = null
    }
    this.#called = 'not called'
  }
  #call(): void {
    this.#called = 'called'
    this.#waiting?.abort('called')
  }
  #followBehind(task: T): void {
    const now = this.#o.clock.now()
    if (this.#behind !== null || (now < this.#behindAt + this.#o.behindEveryMs && now >= this.#behindAt)) return
    this.#behindAt = now
    this.#behind = task
      .behind()
      .catch((error: unknown) => {
        if (this.#task !== task) return
        this.#behindError = { error }
        this.#call()
      })
      .finally(() => {
        this.#behind = null
      })
  }
  #turn(task: T, mode: Mode): Promise<TurnOutcome> {
    this.#outcome = 'busy' // what it computes is not committed yet, so it is not drained before the turn has ended
    return task.turn(mode)
  }
  #turned(outcome: TurnOutcome): void {
    this.#failures = 0
    this.#outcome = outcome
    if (outcome === 'quiet') this.onChange()
  }
  #close(task: T): void {
    this.#task = null
    this.#closing = task.close().catch(() => {})
  }
  /** Back-off after an error; rethrows what must not be tried again. */
  async #failed(error: unknown): Promise<void> {
    if (error instanceof Stopped) throw error
    const { observer } = this.#o
    const coded = isMillraceError(error) ? error : new MillraceError('INTERNAL', messageOf(error), { cause: error })
    const where = { ...this.labels, ...coded.where }
    await this.#closing
    if (!isRetriable(coded)) {
      this.#stopped = coded
      this.#enter('stopped')
      observer.failure(this.labels, { code: coded.code, message: coded.message, where, retryInMs: null })
      throw coded
    }
    const retryInMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++)
    this.#enter('waiting')
    observer.failure(this.labels, { code: coded.code, message: coded.message, where, retryInMs })
    await this.#wait(retryInMs)
    if (this.#wish === 'stop') throw new Stopped()
  }
  #ended(): void {
    if (this.#state !== 'stopped') this.#enter('closed')
  }
  #enter(next: TaskState): void {
    if (next === this.#state) return
    if (!TRANSITIONS[this.#state].includes(next)) throw new MillraceError('INTERNAL', `a task cannot go from '${this.#state}' to '${next}'`)
    this.#state = next
    this.#o.observer.state(this.labels, next)
    this.onChange()
  }
}

/** Ends a life that was asked to stop while it was not open. */
export class Stopped extends Error {}
