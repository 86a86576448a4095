// One world and, one after the other, processes on it that die at any instant: for the rules about what outlives a process.
import type { Tuning } from '#lib/engine/environment.ts'
import { Outbox, TopicSender } from '#lib/engine/outbox.ts'
import { type LedgerRecord, ledgerRecord, ledgerTopic } from '#lib/engine/ledger.ts'
import type { StreamTask } from '#lib/engine/stream-task.ts'
import { Worker } from '#lib/engine/worker.ts'
import { openReader, openWriter } from '#lib/codec/topic-codec.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { RecordBatch } from '#lib/model/record-batch.ts'
import { specOf, type Topic } from '#lib/model/topic.ts'
import { SILENT } from '#lib/ports/observer.ts'
import { Cursor } from '#lib/stages/context.ts'
import type { Processor } from '#lib/stages/processor.ts'
import { LifeClock } from '#lib/testing/driver/life-clock.ts'
import { ManualClock } from '#lib/testing/simulation/clock.ts'
import { SeededRandom } from '#lib/testing/simulation/random.ts'
import { type Backstage, DIRECT, IMMEDIATE, type Wire } from '#lib/testing/simulation/wire.ts'
import { directPorts, portsOver, type SimulatedPorts, World } from '#lib/testing/simulation/world.ts'

export const APP = 'lives'

/** Who is dead is missed at once; a transaction left behind is settled by the next owner's fence. */
const EXPIRING: Backstage = {
  ...IMMEDIATE,
  after: (_ms, point, effect) => {
    if (point === 'log.expired') effect()
    return () => {}
  },
}

export interface SeenLetter {
  readonly code: string
  readonly message: string
  readonly offset: number
}

/** Whether a request of the engine gets lost. */
type Lost = (point: string, detail: string) => boolean

/** A process that is thrown away at once: calls of a dead one never come back. */
class Process {
  /** What moves its clock. */
  readonly time: ManualClock
  readonly clock: LifeClock
  readonly worker: Worker
  readonly failures: MillraceError[] = []
  dead: 'dead' | 'alive' = 'alive'
  readonly death: Promise<void>
  #died: () => void = () => {}
  readonly #noticed: (() => void)[] = []
  constructor(world: World, now: number, life: number, tuning: Partial<Tuning>, lost: Lost) {
    this.death = new Promise(resolve => {
      this.#died = resolve
    })
    this.time = new ManualClock(now)
    this.clock = new LifeClock(this.time)
    const wire: Wire = {
      ...DIRECT,
      call: (point, effect, broken, detail) => {
        if (this.dead === 'dead') return new Promise(() => {})
        const gone = lost(point, detail?.() ?? '')
        if ((this.dead as string) === 'dead') return new Promise(() => {})
        if (gone && broken !== null) return Promise.reject(broken('the request is lost'))
        return DIRECT.call(point, effect, broken, detail)
      },
      atDeath: noticed => void this.#noticed.push(noticed),
    }
    const ports = portsOver(world, wire, this.clock, new SeededRandom(life))
    const observer = {
      ...SILENT,
      failure: (_task: unknown, { code, message, where }: Pick<MillraceError, 'code' | 'message' | 'where'>): void => {
        if (this.dead === 'alive') this.failures.push(new MillraceError(code, message, { where }))
      },
    }
    this.worker = new Worker({ ...ports, feeds: new Map(), observer }, { app: APP, partitions: 1, tuning })
  }
  /** ms until the next of its sleeps ends. */
  untilNext(): number {
    const next = this.time.next()
    return next === null ? Infinity : Math.max(0, next - this.time.now())
  }
  die(): void {
    this.dead = 'dead'
    this.#died()
    for (const noticed of this.#noticed) noticed()
  }
}

export class Lives {
  readonly world = new World(EXPIRING)
  /** Every failure of every life, in order. */
  readonly failures: MillraceError[] = []
  readonly #tuning: Partial<Tuning>
  readonly #outside: SimulatedPorts
  readonly #lost: Lost
  /** Told of every call of the engine before it is made. */
  onCall: (point: string) => void = () => {}
  #process: Process | null = null
  #now: number | undefined
  #life = 0

  constructor(tuning: Partial<Tuning> = {}, lost: Lost = () => false) {
    this.#tuning = tuning
    this.#lost = (point, detail) => {
      this.onCall(point)
      return lost(point, detail)
    }
    this.#outside = directPorts(this.world)
  }
  /** A new process runs the processor until it rests or dies. */
  async begin(processor: Processor, tuning: Partial<Tuning> = {}): Promise<'rests' | 'died'> {
    this.#life++
    const now = this.#now ?? this.#outside.clock.now()
    const process = (this.#process = new Process(this.world, now, this.#life, { ...this.#tuning, ...tuning }, this.#lost))
    await Promise.race([process.worker.start(processor), process.death])
    return this.rest()
  }
  /** kill -9, wherever it is; called by a function of the processor, the rest of its turn has no effect. */
  kill(): void {
    const process = this.#process!
    process.die()
    this.#now = process.clock.now()
  }
  /** What an operator does. */
  async stop(): Promise<void> {
    await this.#process!.worker.stop()
    this.kill()
  }
  /** @throws what stopped a task for good */
  async rest(): Promise<'rests' | 'died'> {
    const process = this.#process!
    const { time, clock, worker, failures } = process
    for (let turns = 0; turns < 200_000; turns++) {
      await clock.breathe()
      for (const failure of failures.splice(0)) {
        this.failures.push(failure)
        if (failure.entry.retry === 'never') throw failure
      }
      if (process.dead === 'dead') return 'died'
      if (clock.asleep < worker.lives().length) continue
      if (process.untilNext() > 0) return 'rests'
      await time.advance(0)
    }
    throw new Error('the task does not come to rest')
  }
  /** Wall time passes. */
  async pass(ms: number): Promise<'rests' | 'died'> {
    const process = this.#process!
    for (let left = ms; left > 0; ) {
      const next = Math.min(left, process.untilNext())
      await process.time.advance(next)
      left -= next
      if ((await this.rest()) === 'died') return 'died'
    }
    return 'rests'
  }
  /** Writes values, as one transaction; a process that runs is given time to take them. */
  async push<T>(topic: Topic<T, unknown>, ...values: readonly NoInfer<T>[]): Promise<'rests' | 'died'> {
    const { log } = this.#outside
    const spec = specOf(topic)
    await log.createTopic({ name: spec.name, partitions: 1, retention: spec.retention })
    const outbox = new Outbox()
    const cursor = new Cursor()
    const sender = new TopicSender(outbox, { spec, partitions: 1, writer: openWriter(spec.value, null) }, cursor, 'as given')
    for (const value of values) sender.send(value)
    const producer = log.producer('outside')
    await producer.fence()
    await producer.commit({ writes: outbox.take() })
    return this.#process === null || this.#process.dead === 'dead' ? 'died' : this.rest()
  }
  async results<T>(topic: Topic<T, unknown>): Promise<readonly T[]> {
    const { name, value } = specOf(topic)
    const reader = openReader(value, 'all')
    return (await this.#batches(name)).flatMap(batch =>
      Array.from({ length: batch.count }, (_, i) => batch.value(i)!).map(bytes => reader.read(bytes, 0, bytes.length) as T),
    )
  }
  async letters(processor: Processor): Promise<readonly SeenLetter[]> {
    return (await this.#batches(`${APP}.${processor.id}.dlq`)).flatMap(batch =>
      Array.from({ length: batch.count }, (_, i) => {
        const text = (name: string): string => Buffer.from(batch.headers(i).get(`millrace-${name}`)!).toString()
        return { code: text('error-code'), message: text('error-message'), offset: Number(text('offset')) }
      }),
    )
  }
  async ledger(processor: Processor): Promise<readonly LedgerRecord[]> {
    return (await this.#batches(ledgerTopic(APP, processor.id))).flatMap(batch =>
      Array.from({ length: batch.count }, (_, i) => ledgerRecord(batch, i)),
    )
  }
  /** The open task of the process that runs. */
  task(processor: Processor): StreamTask {
    return this.#process!.worker.streamTasks(processor.id)[0]!.task
  }
  async #batches(topic: string): Promise<readonly RecordBatch[]> {
    const { log } = this.#outside
    const { start } = await log.bounds(topic, 0)
    const reader = await log.reader(topic, 0, start)
    const batches: RecordBatch[] = []
    for (let caughtUp = false; !caughtUp; ) {
      const fetched = await reader.fetch(1_000_000)
      batches.push(...fetched.batches)
      caughtUp = fetched.caughtUp
    }
    reader.close()
    return batches
  }
}
