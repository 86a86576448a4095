// A loader's records become rows: batch by batch, and the same batch again without the rows that the database refused.
import { MillraceError } from '../model/errors.ts'
import { isKey } from '../model/key.ts'
import type { RecordBatch } from '../model/record-batch.ts'
import type { DeadLetterRow, TableDelete, TableWrite } from '../ports/tables.ts'
import type { CollectedRows } from './collected-rows.ts'
import type { Pipeline } from './pipeline.ts'
import { meaninglessTombstone, type TaskInput } from './input.ts'
import { Breaker, type Refused, stop, verdictOf } from './refusal.ts'
import type { TaskFacts } from './session.ts'
import { failureOf } from './stage-failure.ts'

/** Most rows of a batch, over all tables. */
const BATCH_ROWS = 5_000

interface Slice {
  readonly batch: RecordBatch
  readonly from: number
  readonly to: number
}
/** Rows, dead letters and the offsets `[from, to)` that they stand for: one transaction of the database. */
export interface SinkBatch {
  readonly input: TaskInput
  readonly from: number
  readonly to: number
  readonly slices: readonly Slice[]
  readonly records: number
  /** Offsets of those that were refused so far: told and counted once, however often the batch is computed. */
  readonly refused: Set<number>
  readonly writes: readonly TableWrite[]
  readonly deletes: readonly TableDelete[]
  readonly deadLetters: readonly DeadLetterRow[]
  readonly dropped: Readonly<Record<string, number>>
}
/** By offset: records whose rows the database refused. */
export type RefusedRows = Map<number, Refused>
const NONE_REFUSED: RefusedRows = new Map()

export class SinkBatches {
  readonly #facts: TaskFacts
  readonly #pipeline: Pipeline
  readonly #collected: CollectedRows
  readonly #breaker: Breaker
  readonly counts = { records: 0, late: 0, refused: 0, refusedResults: 0 }
  /** Next offset of each input that no batch has taken: where the database stands when all of them are loaded. */
  readonly #taken: Map<TaskInput, number>
  #letters: DeadLetterRow[] = []

  constructor(facts: TaskFacts, inputs: readonly TaskInput[], pipeline: Pipeline, collected: CollectedRows) {
    this.#facts = facts
    this.#taken = new Map(inputs.map(i => [i, i.position]))
    this.#pipeline = pipeline
    this.#collected = collected
    this.#breaker = new Breaker(facts.deployment.options.breaker)
  }

  /** Rows of the next records of one input, bounded by rows and by what was fetched; null when nothing moved. Records that were aborted or compacted away also move it. */
  next(input: TaskInput): SinkBatch | null {
    const from = this.#taken.get(input)!
    const slices: Slice[] = []
    const refused = new Set<number>()
    let records = 0
    for (let current = input.current(); current !== null && this.#rows < BATCH_ROWS; current = input.current()) {
      const { batch, index } = current
      let i = index
      for (; i < batch.count && this.#rows < BATCH_ROWS; i++) this.#record(input, batch, i, NONE_REFUSED, refused)
      slices.push({ batch, from: index, to: i })
      records += i - index
      input.computed(i)
    }
    if (input.position === from) return null
    this.#taken.set(input, input.position)
    return { input, from, to: input.position, slices, records, refused, ...this.#take() }
  }
  /** The same records, with dead letters for those whose rows the database refused. */
  again(batch: SinkBatch, rows: RefusedRows): SinkBatch {
    const ahead = this.#take() // nothing: batches are taken whole
    if (ahead.writes.length + ahead.deletes.length > 0)
      throw new MillraceError('INTERNAL', 'a batch was computed while another one was collected')
    for (const slice of batch.slices)
      for (let i = slice.from; i < slice.to; i++) this.#record(batch.input, slice.batch, i, rows, batch.refused)
    return { ...batch, ...this.#take() }
  }
  #take(): Pick<SinkBatch, 'writes' | 'deletes' | 'deadLetters' | 'dropped'> {
    const deadLetters = this.#letters
    this.#letters = []
    return { ...this.#collected.take(), deadLetters, dropped: this.#pipeline.drops.take() }
  }
  get #rows(): number {
    return this.#letters.length + this.#collected.rows
  }
  #record(input: TaskInput, batch: RecordBatch, i: number, rows: RefusedRows, refused: Set<number>): void {
    const { cursor, undo } = this.#pipeline
    const { spec } = input
    cursor.batch = batch
    cursor.index = i
    cursor.topic = input.name
    cursor.partition = input.partition
    cursor.offset = batch.offset(i)
    cursor.at = batch.time(i)
    const known = rows.get(cursor.offset)
    if (known !== undefined) return this.#refuse(known, batch, i, refused)
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
      if (rows === NONE_REFUSED) this.#breaker.taken()
    } catch (error) {
      undo.restore()
      this.#collected.rollback(mark)
      const verdict = verdictOf(this.#facts.deployment.options, door)
      if (verdict === 'stop') stop(error, { ...this.#facts.labels, topic: input.name, offset: cursor.offset })
      if (verdict === 'dead-letter') this.#refuse(failureOf(error), batch, i, refused)
      else if (this.#isFirst(cursor.offset, refused)) this.counts.refused++
    }
  }
  #refuse({ code, message, stage }: Refused, batch: RecordBatch, i: number, refused: Set<number>): void {
    const { labels, ports } = this.#facts
    const { topic, partition } = batch
    const offset = batch.offset(i)
    const where = { ...labels, topic, offset, stage }
    const [key, value] = [batch.key(i), batch.value(i)].map(bytes => (bytes === null ? null : Buffer.from(bytes))) as [
      Buffer | null,
      Buffer | null,
    ]
    this.#letters.push({ processor: labels.processor, stage, code, message, topic, partition, offset, time: batch.time(i), key, value })
    if (!this.#isFirst(offset, refused)) return
    this.counts.refused++
    ports.observer.refused(labels, { code, message, where })
    if (this.#breaker.refused() === 'storm') {
      throw new MillraceError(
        'DEAD_LETTER_STORM',
        `too many of the last records of ${topic}/${partition} are refused, the last with ${code}: ${message}`,
        { where },
      )
    }
  }
  #isFirst(offset: number, refused: Set<number>): boolean {
    if (refused.has(offset)) return false
    refused.add(offset)
    return true
  }
}

/** S1.1: rows leave the tables that say so. */
function takeTombstone(input: TaskInput, batch: RecordBatch, i: number): void {
  if (input.tombstone === null) throw meaninglessTombstone()
  const key = batch.key(i)
  if (key === null) throw new MillraceError('KEY_MISSING', 'the record has neither value nor key: it is the tombstone of nothing')
  input.tombstone(key.toString())
}
