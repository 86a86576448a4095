// A task that loads tables (exactly-once.md §4): no ledger and no transaction of the log; the offset row in the database is store and fence in one.
import { isMillraceError, MillraceError } from '../model/errors.ts'
import type { Tables } from '../ports/tables.ts'
import { CollectedRows } from './collected-rows.ts'
import { compile } from './compile.ts'
import type { Pipeline } from './pipeline.ts'
import type { TaskInput } from './input.ts'
import type { Mode, OpenTask, TurnOutcome } from './life.ts'
import { LetterForwarder } from './letter-forwarder.ts'
import { verdictOf } from './refusal.ts'
import type { TaskFacts } from './session.ts'
import { type RefusedRows, type SinkBatch, SinkBatches } from './sink-batches.ts'
import { openSinkInput } from './sink-input.ts'
import { failureOf } from './stage-failure.ts'

const FETCH_BYTES = 4_000_000

export class SinkTask implements OpenTask {
  readonly #facts: TaskFacts
  readonly #tables: Tables
  readonly #inputs: readonly TaskInput[]
  readonly #pipeline: Pipeline
  readonly #batches: SinkBatches
  readonly #forwarder: LetterForwarder
  #loads = 0
  #loading: Promise<void> | null = null

  private constructor(facts: TaskFacts, tables: Tables, inputs: readonly TaskInput[], pipeline: Pipeline, collected: CollectedRows) {
    this.#facts = facts
    this.#tables = tables
    this.#inputs = inputs
    this.#pipeline = pipeline
    this.#batches = new SinkBatches(facts, inputs, pipeline, collected)
    this.#forwarder = new LetterForwarder(facts, tables)
  }

  /** Positions are the database's: after every error they are read again, then sought (never the task's own memory). */
  static async open(facts: TaskFacts): Promise<SinkTask> {
    const { deployment, ports, partition } = facts
    const { tables } = ports
    if (tables === null)
      throw new MillraceError('PLAN_INVALID', `'${deployment.plan.processor}' loads tables, but no database is configured`)
    const collected = new CollectedRows()
    const pipeline = compile(deployment.plan, {
      partition,
      rx: facts.tuning.rx,
      partitionsOf: input => deployment.inputs.get(input)!,
      topic: name => deployment.topic(name),
      tables: collected,
      late: () => {},
      lateRecord: () => {},
      refusedResult: (_value, _key, _at, error) => {
        throw error
      },
    })
    const inputs: TaskInput[] = []
    for (const [name, partitions] of deployment.inputs)
      if (partition < partitions) inputs.push(await openSinkInput(facts, tables, pipeline, name))
    return new SinkTask(facts, tables, inputs, pipeline, collected)
  }

  async turn(_mode: Mode): Promise<TurnOutcome> {
    let outcome: TurnOutcome = 'quiet'
    for (const input of this.#inputs) {
      await input.fill(FETCH_BYTES)
      await this.#facts.stillness.over()
      const batch = this.#batches.next(input)
      if (this.#pipeline.fatal !== null) throw this.#pipeline.fatal
      if (batch === null) continue
      outcome = 'busy'
      await this.settle() // one load at a time; the next batch is computed meanwhile
      this.#loading = this.#load(batch)
      this.#loading.catch(() => {}) // looked at by settle()
    }
    if (outcome === 'quiet' || this.#inputs.every(i => i.caughtUp)) await this.settle()
    return outcome
  }
  nextDecision(): number {
    return Infinity
  }
  async arrived(signal: AbortSignal): Promise<void> {
    await Promise.race(this.#inputs.map(i => i.arrived(signal)))
  }
  behind(): Promise<void> {
    return this.#forwarder.forward()
  }
  async settle(): Promise<void> {
    const loading = this.#loading
    if (loading === null) return
    await loading
    this.#loading = null
  }
  /** Next offset to take of each input, for people to look at; at most a batch ahead of what is loaded. */
  get positions(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#inputs.map(i => [i.name, i.position]))
  }
  get drained(): boolean {
    return this.#loading === null && this.#inputs.every(i => i.ended)
  }
  async close(): Promise<void> {
    for (const input of this.#inputs) input.close()
    await this.#loading?.catch(() => {})
    await this.#forwarder.close()
  }

  /** Loads a batch, each time without one more of the rows that the database refuses. */
  async #load(first: SinkBatch): Promise<void> {
    const { labels, ports, deployment } = this.#facts
    const { input, from, to } = first
    const startedAt = ports.clock.now()
    const refused: RefusedRows = new Map()
    let batch = first
    for (;;) {
      try {
        const { writes, deletes, deadLetters } = batch
        await this.#tables.load({
          sink: deployment.plan.processor,
          topic: input.name,
          partition: input.partition,
          from,
          to,
          writes,
          deletes,
          deadLetters,
        })
        break
      } catch (error) {
        const guilty = this.#refusedRow(error, batch)
        if (guilty === null || refused.has(guilty)) throw error
        refused.set(guilty, { ...failureOf(error), stage: 'to' })
        batch = this.#batches.again(batch, refused)
      }
    }
    this.#batches.counts.records += first.records
    ports.observer.epoch(labels, {
      epoch: ++this.#loads,
      records: first.records,
      counts: { ...this.#batches.counts },
      dropped: batch.dropped,
      computeMs: 0,
      commitMs: ports.clock.now() - startedAt,
      streamTimes: {},
      liveKeys: {},
      positions: { [input.name]: to },
    })
  }
  /** Offset of a record that the verdict turns into a dead letter because the database refused its row; null when the error stands. */
  #refusedRow(error: unknown, batch: SinkBatch): number | null {
    if (!isMillraceError(error) || error.where.offset === undefined) return null
    if (error.code === 'DUPLICATE_ROW') return batch.writes.some(w => w.mode === 'insert-dead-letter') ? error.where.offset : null
    if (error.code !== 'ROW_REFUSED') return null
    return verdictOf(this.#facts.deployment.options, 'produce') === 'dead-letter' ? error.where.offset : null
  }
}
