// The seeded scheduler: every call waits on one list before its effect and again before its reply, and the seed draws what goes on.
import { systemClock } from '../../adapters/embedded/system-clock.ts'
import { MillraceError, messageOf } from '../../model/errors.ts'
import { Fate, type Strike } from './fate.ts'
import { CALM, type CallFault, type FaultRates, swarm, Tally } from './faults.ts'
import { type DrawPoint, isCutOff, type Outage, strike } from './judgement.ts'
import { Pending, type Stage, Waiting } from './pending.ts'
import { Process } from './process.ts'
import { wireOf } from './process-wire.ts'
import { SeededRandom } from './random.ts'
import { Timers } from './timers.ts'
import type { Backstage, Broken, Wire } from './wire.ts'

export interface SimulationOptions {
  /** Default: `swarm` of the seed. */
  readonly faults?: FaultRates
  /** Decides call faults instead of the rates: to strike at every point in turn. */
  readonly decide?: (point: DrawPoint) => CallFault | null
  /** Exactly these faults strike, where they can, instead of those that the rates' dice throw. */
  readonly strikes?: readonly Strike[]
  /** Seed of the order of draws alone; default: the seed. The same faults under another order. */
  readonly order?: number
  /** One line per draw. */
  readonly trace?: (line: string) => void
}

export interface RunOptions {
  /** Most draws of this run; default no limit. */
  readonly limit?: number
  /** Called when everything has settled after each draw; what it throws ends the run. */
  readonly check?: () => void
}
/** 'quiet': nothing is left to draw. */
export type RunEnd = 'reached' | 'quiet' | 'limit'

const { breathe } = systemClock()

export class Scheduler {
  readonly seed: number
  readonly random: SeededRandom
  readonly tally = new Tally()
  /** ms of virtual time since the beginning: moves by 0 … 2 with every draw and jumps to the next timer when nothing else is left. */
  time = 0
  draws = 0
  trace: ((line: string) => void) | null
  protected rates: FaultRates
  protected readonly fate: Fate
  /** What cannot be reached now. */
  outage: Outage | null = null
  readonly #waiting = new Waiting()
  readonly #timers = new Timers<Pending>()
  readonly #lives = new Map<string, number>()
  readonly #alive = new Set<Process>()
  #failure: unknown = null
  /** The last draw has let some code go on: all that follows from it comes before the next. */
  #resumed = true

  constructor(seed: number, options: SimulationOptions = {}) {
    this.seed = seed
    this.random = new SeededRandom(options.order ?? seed)
    this.rates = options.faults ?? swarm(new SeededRandom(seed))
    this.fate = new Fate(seed, { rates: this.rates, strikes: options.strikes, decide: options.decide })
    this.trace = options.trace ?? null
  }
  get faults(): FaultRates {
    return this.rates
  }
  /** The faults that have struck, in order. */
  get strikes(): readonly Strike[] {
    return this.fate.struck
  }
  /** The processes that live, in the order of their birth. */
  get alive(): readonly Process[] {
    return [...this.#alive]
  }
  /** A new life of the process of this name; earlier ones are not touched. */
  process(name: string): Process {
    const life = (this.#lives.get(name) ?? 0) + 1
    this.#lives.set(name, life)
    const process = new Process(name, life, dead => this.#bury(dead))
    this.#alive.add(process)
    return process
  }
  /** One call of a process: suspends before `effect` and before its reply. `effect` is the server's part: no simulated code waits for it. See Wire.call. */
  call<T>(process: Process, point: string, effect: () => T, broken: Broken | null = null, detail?: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!process.dead) this.add(new Pending({ stage: 'request', client: process, point, effect, broken, detail, resolve, reject }))
    })
  }
  /** Resolves after `ms` of virtual time, or when `signal` aborts. */
  sleep(process: Process, ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (process.dead) return
      if (signal?.aborted === true) return resolve()
      const woken = (): void => {
        timer.cancelled = pending.dropped = true
        signal?.removeEventListener('abort', woken)
        resolve()
      }
      const pending = new Pending({ stage: 'reply', client: process, point: 'clock.sleep', detail: () => `${ms} ms`, resolve: woken })
      const timer = this.#timers.set(this.time + Math.max(ms, 0), pending)
      signal?.addEventListener('abort', woken)
    })
  }
  /** A process's way to the servers. */
  wire(process: Process): Wire {
    return wireOf(process, this)
  }
  add(pending: Pending): void {
    this.#waiting.ready.push(pending)
  }
  readonly backstage: Backstage = {
    later: (point, effect, detail) => this.add(new Pending({ stage: 'server', client: null, point, effect, detail })),
    after: (ms, point, effect) => {
      const timer = this.#timers.set(this.time + ms, new Pending({ stage: 'server', client: null, point, effect }))
      return () => {
        timer.cancelled = timer.what.dropped = true
      }
    },
    within: (ms, point, effect) => this.backstage.after(this.random.between(0, ms), point, effect),
    some: available => {
      if (available < 2 || !this.chance('short fetch')) return available
      this.tally.add('short fetch')
      return this.random.between(1, available - 1)
    },
    misplaced: (position, lowest, highest) => {
      if (!this.chance('wrong fetch')) return position
      const at = this.random.below(2) === 0 ? this.random.between(lowest, position) : this.random.between(position, highest)
      if (at !== position) this.tally.add(at < position ? 'fetch again' : 'fetch ahead')
      return at
    },
  }
  /** Whether a call is on its way whose point begins so, at this stage or at any. */
  underWay(point: string, stage?: Stage): boolean {
    return this.#waiting.some(pending => pending.point.startsWith(point) && (stage === undefined || pending.stage === stage))
  }
  /** A throw of the rates' dice. */
  chance(kind: keyof FaultRates): boolean {
    const rate = this.rates[kind]
    return rate > 0 && this.random.next() < rate
  }
  /** No faults any more: what is held back or stands still goes on. */
  calm(): void {
    this.rates = CALM
    this.fate.end()
    this.outage = null
    this.#waiting.releaseAll()
    for (const process of this.#alive) {
      process.pausedUntil = 0
      process.frozenAt = null
    }
  }
  /** Makes the next `step` or `run` throw. */
  fail(error: unknown): void {
    this.#failure ??= error
  }

  /** One draw, and everything that follows from it at once. False when nothing is left to draw. */
  async step(): Promise<boolean> {
    await settled()
    this.#raise()
    const drew = this.#draw()
    await settled()
    this.#raise()
    return drew
  }
  /**
   * Draws until `until` holds, asked when everything has settled. Simulated code may wait for ports and for promises, not for real timers or I/O.
   * @throws INTERNAL with seed and draw when `check` throws or a spawned body fails
   */
  run(until: () => boolean, { limit = Number.POSITIVE_INFINITY, check }: RunOptions = {}): Promise<RunEnd> {
    const last = this.draws + limit
    let [idle, turns] = [0, 0]
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          for (;;) {
            this.#raise()
            if (idle === 0) check?.()
            if (until()) return resolve('reached')
            if (this.draws >= last) return resolve('limit')
            idle = this.#draw() ? 0 : idle + 1
            if (idle > 2) return resolve('quiet')
            if (idle > 0 || this.#resumed) break
          }
        } catch (error) {
          return reject(this.#located(error))
        }
        // Ticks run when all microtasks are done, but keep the event loop waiting: let it turn now and then.
        if (idle > 0 || ++turns % 1_024 === 0) void breathe().then(turn)
        else queueMicrotask(next)
      }
      const next = (): void => process.nextTick(turn)
      queueMicrotask(next)
    })
  }

  #raise(): void {
    if (this.#failure !== null) throw this.#failure
  }
  #located(error: unknown): MillraceError {
    return new MillraceError('INTERNAL', `seed ${this.seed}, draw ${this.draws}: ${messageOf(error)}`, { cause: error })
  }
  #draw(): boolean {
    if (!this.#fill()) return false
    const { random } = this
    this.draws++
    this.time += random.below(3)
    if (this.rates !== CALM) this.worldFault()
    const pending = this.#waiting.take(random.below(this.#waiting.ready.length))
    const { stage } = pending
    this.#resumed = false
    const done = pending.dropped ? 'dropped' : this.#go(pending)
    if (this.trace !== null) this.#tell(pending, stage, done)
    return true
  }
  /** What befalls the world before a draw; only while there are faults. */
  protected worldFault(): void {}
  protected note(text: string): void {
    this.trace?.(`${String(this.draws).padStart(5)} ${String(this.time).padStart(7)} ms  ${text}`)
  }

  /** Something to draw is on the list afterwards, if there is anything. */
  #fill(): boolean {
    const waiting = this.#waiting
    waiting.releaseDue(this.draws)
    for (;;) {
      for (let due = this.#timers.take(this.time); due !== null; due = this.#timers.take(this.time)) waiting.ready.push(due)
      const next = this.#timers.next()
      if (waiting.ready.length > 0) {
        if (next === null || !this.#hurries(next)) return true
        this.time = next
      } else if (waiting.held > 0 && (next === null || !this.#outlasts(next))) waiting.releaseNext()
      else if (next !== null) this.time = Math.max(this.time, next)
      else return false
    }
  }
  #hurries(next: number): boolean {
    const { hurry } = this.rates
    return hurry > 0 && this.random.next() < hurry * Math.min(1, 1_000 / (next - this.time))
  }
  /** Whether what is held back takes longer than the time to the next timer. */
  #outlasts(next: number): boolean {
    return this.rates.hurry > 0 && this.random.next() < Math.min(0.5, 1_000 / (next - this.time))
  }
  #go(pending: Pending): string {
    const { client } = pending
    const stage = pending.stage
    if (client !== null && stage === 'reply' && client.pausedUntil > this.draws) {
      if (this.#waiting.ready.length > 0) {
        this.#waiting.hold(pending, client.pausedUntil)
        return 'paused'
      }
      client.pausedUntil = 0
    }
    const cutOff = this.outage !== null && isCutOff(pending, this.outage)
    const fault = cutOff ? 'request lost' : this.fate.ofCall(this.draws, pending)
    if (fault !== null) {
      this.tally.add(fault)
      if (!cutOff) this.fate.note(this.draws, fault)
      this.#resumed = true
      strike(fault, pending, this.#waiting, this.draws, this.fate.chanceAt(this.draws))
      return fault
    }
    if (stage === 'reply') {
      this.#resumed = true
      pending.settle()
      return pending.failed ? messageOf(pending.outcome) : 'ok'
    }
    pending.happen()
    if (pending.point === 'log.fence' && this.rates !== CALM) this.#hasten()
    if (stage === 'server' || pending.outcome instanceof Promise) this.#resumed = true
    if (stage === 'server' && pending.failed) throw pending.outcome
    if (client !== null) this.#waiting.ready.push(pending)
    return pending.failed ? messageOf(pending.outcome) : 'ok'
  }
  /** What is late often arrives while the next owner opens: there it matters most. */
  #hasten(): void {
    const chance = this.fate.chanceAt(this.draws)
    if (chance.below(3) === 0) this.#waiting.hasten(this.draws + chance.between(5, 40))
  }
  /** Half of the requests that a dead process has sent still arrive. */
  #bury(dead: Process): void {
    this.#alive.delete(dead)
    this.#timers.cancelWhere(pending => pending.client === dead)
    this.#waiting.sift(pending => {
      if (pending.client !== dead) return true
      pending.client = null
      if (pending.stage !== 'request' || this.random.below(2) === 0) return false
      this.tally.add('request of the dead')
      return true
    })
  }
  #tell({ point, origin, detail }: Pending, stage: string, done: string): void {
    const what = detail === null ? point : `${point} ${detail()}`
    const who = origin === null ? '-' : String(origin)
    this.trace?.(
      `${String(this.draws).padStart(5)} ${String(this.time).padStart(7)} ms  ${who.padEnd(5)} ${stage.padEnd(7)} ${what}: ${done}`,
    )
  }
}

/** Resolves when every microtask that is under way has run. */
const settled = (): Promise<void> => new Promise(resolve => queueMicrotask(() => process.nextTick(resolve)))
