// What the engine emitted between two moments.
import { MillraceError } from '../../model/errors.ts'
import { type Table, tableSpecOf } from '../../model/table.ts'
import { specOf, type Topic } from '../../model/topic.ts'
import type { SeenDeadLetter, SeenLate, SeenRecord, SeenResult } from './seen.ts'
import type { TopicPiece } from './topic-tail.ts'

type Rows = readonly Readonly<Record<string, unknown>>[]

export interface EmittedParts {
  /** Of the topics that processors write, in the order of the plans. */
  readonly written: readonly TopicPiece[]
  /** Of the topics that they write for themselves only (keyBy). */
  readonly inner: readonly TopicPiece[]
  /** Rows that were written or replaced, by table. */
  readonly rows: ReadonlyMap<string, Rows>
  readonly late: readonly SeenLate[]
  readonly deadLetters: readonly SeenDeadLetter[]
}

/** What came out of the processors while something was done to them. */
export class Emitted {
  readonly #parts: EmittedParts
  constructor(parts: EmittedParts) {
    this.#parts = parts
  }
  /** The values that came into a topic, by partition and offset; the rows that were written into a table or replaced there. @throws OPTION_INVALID when no processor writes there */
  of<T>(topic: Topic<T, unknown>): readonly T[]
  of<Row>(table: Table<Row>): readonly Row[]
  of(target: object): readonly unknown[] {
    if ('columns' in target) return this.#rows(tableSpecOf(target as never).name)
    return this.records(target as never).map(r => r.value)
  }
  /** The records that came into a topic, by partition and offset. @throws OPTION_INVALID when no processor writes there */
  records<T>(topic: Topic<T, unknown>): readonly SeenRecord<T>[] {
    const { name } = specOf(topic)
    const piece = [...this.#parts.written, ...this.#parts.inner].find(p => p.topic === name)
    if (piece === undefined) throw new MillraceError('OPTION_INVALID', `none of the driven processors writes topic '${name}'`)
    return piece.records as readonly SeenRecord<T>[]
  }
  /** Every record of every topic that the processors write, by topic, partition and offset; what keyBy() writes for the processor itself is not among them. */
  get results(): readonly SeenResult[] {
    return this.#parts.written.flatMap(({ topic, records }) => records.map(r => ({ topic, ...r })))
  }
  /** Records that missed windows, in the order in which they came. */
  get late(): readonly SeenLate[] {
    return this.#parts.late
  }
  /** What was refused, by processor. */
  get deadLetters(): readonly SeenDeadLetter[] {
    return this.#parts.deadLetters
  }
  #rows(table: string): Rows {
    const rows = this.#parts.rows.get(table)
    if (rows === undefined) throw new MillraceError('OPTION_INVALID', `none of the driven processors loads table '${table}'`)
    return rows
  }
}
