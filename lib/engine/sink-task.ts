// A task that loads tables (exactly-once.md §4): no ledger and no transaction of the log; the offset row in the database is store and fence in one.
import { isMillraceError, MillraceError } from '../model/errors.ts'
import { isKey } from '../model/key.ts'
import type { RecordBatch } from '../model/record-batch.ts'
import type { DeadLetterRow, TableDelete, TableWrite, Tables } from '../ports/tables.ts'
import { CollectedRows } from './collected-rows.ts'
import { compile, type Pipeline } from './compile.ts'
import { meaninglessTombstone, type TaskInput } from './input.ts'
import type { Mode, OpenTask, TurnOutcome } from './life.ts'
import { LetterForwarder } from './letter-forwarder.ts'
import { Breaker, type Refused, stop, verdictOf } from './refusal.ts'
import type { TaskFacts } from './session.ts'
import { openSinkInput } from './sink-input.ts'
import { failureOf } from './stage-failure.ts'

/** Most rows of a batch, over all tables. */
const BATCH_ROWS = 5_000
const FETCH_BYTES = 4_000_000

interface Slice {
  readonly batch: RecordBatch
  readonly from: number
  readonly to: number
}
interface Batch {
  readonly input: TaskInput
  readonly from: number
  readonly to: number
  readonly slices: readonly Slice[]
  readonly records: number
  readonly writes: readonly TableWrite[]
  readonly deletes: readonly TableDelete[]
  readonly deadLetters: readonly DeadLetterRow[]
  readonly dropped: Readonly<Record<string, number>>
}
/** By offset: records whose rows the database refused. */
type RefusedRows = Map<number, Refused>
const NONE_REFUSED: RefusedRows = new Map()

export class SinkTask implements OpenTask {
  readonly #facts: TaskFacts
  readonly #tables: Tables
  readonly #inputs: readonly TaskInput[]
  readonly #pipeline: Pipeline
  readonly #collected: CollectedRows
  readonly #breaker: Breaker
  readonly #forwarder: LetterForwarder
  readonly #counts = { records: 0, late: 0, refused: 0, refusedResults: 0 }
  /** Next offset of each input that no batch has taken: where the database stands when all of them are loaded. */
  readonly #taken: Map<TaskInput, number>
  #letters: DeadLetterRow[] = []
  #loads = 0
  #loading: Promise<void> | null = null

  private constructor(facts: TaskFacts, tables: Tables, inputs: readonly TaskInput[], pipeline: Pipeline, collected: CollectedRows) {
    this.#facts = facts
    this.#tables = tables
    this.#inputs = inputs
    this.#taken = new Map(inputs.map(i => [i, i.position]))
    this.#pipeline = pipeline
    this.#collected = collected
    this.#breaker = new Breaker(facts.deployment.options.breaker)
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
      const batch = this.#nextBatch(input)
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

  /** Rows of the next records of one input, bounded by rows and by what was fetched; null when nothing moved. Records that were aborted or compacted away also move it. */
  #nextBatch(input: TaskInput): Batch | null {
    const from = this.#taken.get(input)!
    const slices: Slice[] = []
    let records = 0
    for (let current = input.current(); current !== null && this.#rows < BATCH_ROWS; current = input.current()) {
      const { batch, index } = current
      let i = index
      for (; i < batch.count && this.#rows < BATCH_ROWS; i++) this.#record(input, batch, i, NONE_REFUSED)
      slices.push({ batch, from: index, to: i })
      records += i - index
      input.computed(i)
    }
    if (input.position === from) return null
    this.#taken.set(input, input.position)
    return { input, from, to: input.position, slices, records, ...this.#take() }
  }
  #again(batch: Batch, refused: RefusedRows): Batch {
    const ahead = this.#take() // nothing: batches are taken whole
    if (ahead.writes.length + ahead.deletes.length > 0)
      throw new MillraceError('INTERNAL', 'a batch was computed while another one was collected')
    for (const slice of batch.slices) for (let i = slice.from; i < slice.to; i++) this.#record(batch.input, slice.batch, i, refused)
    return { ...batch, ...this.#take() }
  }
  #take(): Pick<Batch, 'writes' | 'deletes' | 'deadLetters' | 'dropped'> {
    const deadLetters = this.#letters
    this.#letters = []
    return { ...this.#collected.take(), deadLetters, dropped: this.#pipeline.drops.take() }
  }
  get #rows(): number {
    return this.#letters.length + this.#collected.rows
  }
  #record(input: TaskInput, batch: RecordBatch, i: number, refused: RefusedRows): void {
    const { cursor, undo } = this.#pipeline
    const { spec } = input
    cursor.batch = batch
    cursor.index = i
    cursor.topic = input.name
    cursor.partition = input.partition
    cursor.offset = batch.offset(i)
    cursor.at = batch.time(i)
    const known = refused.get(cursor.offset)
    if (known !== undefined) return this.#refuse(known, batch, i)
    const mark = this.#collected.rows
    let door: 'decode' | 'process' = 'decode'
    try {
      const value = input.read(batch, i)
      door = 'process'
      if (value === undefined) takeTombstone(input, batch, i)
      else {
        if (spec.time !== 'record-timestamp') cursor.at = value[spec.time] as number
        const key = value[spec.key]
        cursor.key = isKey(key) ? key : null
        input.push(value)
      }
      undo.forget()
      this.#breaker.taken()
    } catch (error) {
      undo.restore()
      this.#collected.rollback(mark)
      const verdict = verdictOf(this.#facts.deployment.options, door)
      if (verdict === 'stop') stop(error, { ...this.#facts.labels, topic: input.name, offset: cursor.offset })
      if (verdict === 'dead-letter') this.#refuse(failureOf(error), batch, i)
      else this.#counts.refused++
    }
  }
  #refuse({ code, message, stage }: Refused, batch: RecordBatch, i: number): void {
    const { labels, ports } = this.#facts
    const { topic, partition } = batch
    const offset = batch.offset(i)
    const where = { ...labels, topic, offset, stage }
    this.#counts.refused++
    ports.observer.refused(labels, { code, message, where })
    const [key, value] = [batch.key(i), batch.value(i)].map(bytes => (bytes === null ? null : Buffer.from(bytes))) as [
      Buffer | null,
      Buffer | null,
    ]
    this.#letters.push({ processor: labels.processor, stage, code, message, topic, partition, offset, time: batch.time(i), key, value })
    if (this.#breaker.refused() === 'storm') {
      throw new MillraceError(
        'DEAD_LETTER_STORM',
        `too many of the last records of ${topic}/${partition} are refused, the last with ${code}: ${message}`,
        { where },
      )
    }
  }
  async #load(first: Batch): Promise<void> {
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
        batch = this.#again(batch, refused)
      }
    }
    this.#counts.records += first.records
    ports.observer.epoch(labels, {
      epoch: ++this.#loads,
      records: first.records,
      counts: { ...this.#counts },
      dropped: batch.dropped,
      computeMs: 0,
      commitMs: ports.clock.now() - startedAt,
      streamTimes: {},
      liveKeys: {},
      positions: { [input.name]: to },
    })
  }
  /** Offset of a record that the verdict turns into a dead letter because the database refused its row; null when the error stands. */
  #refusedRow(error: unknown, batch: Batch): number | null {
    if (!isMillraceError(error) || error.where.offset === undefined) return null
    if (error.code === 'DUPLICATE_ROW') return batch.writes.some(w => w.mode === 'insert-dead-letter') ? error.where.offset : null
    if (error.code !== 'ROW_REFUSED') return null
    return verdictOf(this.#facts.deployment.options, 'produce') === 'dead-letter' ? error.where.offset : null
  }
}

/** S1.1: rows leave the tables that say so. */
function takeTombstone(input: TaskInput, batch: RecordBatch, i: number): void {
  if (input.tombstone === null) throw meaninglessTombstone()
  const key = batch.key(i)
  if (key === null) throw new MillraceError('KEY_MISSING', 'the record has neither value nor key: it is the tombstone of nothing')
  input.tombstone(key.toString())
}
