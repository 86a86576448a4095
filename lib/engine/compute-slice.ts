// The records of one batch, one after the other: decoded, pushed through the pipeline, taken or taken back. The hottest loop there is.
import { MillraceError } from '../model/errors.ts'
import { isKey, type Key } from '../model/key.ts'
import type { RecordBatch } from '../model/record-batch.ts'
import type { Door } from '../model/verdict.ts'
import { Absent } from '../state/evictable.ts'
import { meaninglessTombstone, type TaskInput } from './input.ts'
import { refuseRecord } from './refuse-record.ts'
import type { Session } from './session.ts'
import { carriedBy, markIn } from './watermark.ts'

const A_DAY = 86_400_000

/** Records `[from, to)` of a batch. @returns what the record at the cursor needs and is not in memory; null when all have been computed */
export function computeSlice(session: Session, input: TaskInput, batch: RecordBatch, from: number, to: number, now: number): Absent | null {
  const { pipeline, counts, residency } = session
  const { partly } = residency
  const { cursor, undo, outbox, afterRecord } = pipeline
  const { push, clock, spec } = input
  const repartition = input.time.marks
  const latest = input.live ? now + (session.facts.deployment.options.maxFutureSkew ?? A_DAY) : Infinity
  const timeField = spec.time === 'record-timestamp' ? null : spec.time
  cursor.batch = batch
  cursor.topic = input.name
  cursor.partition = input.partition
  for (let i = from; i < to; i++) {
    cursor.index = i
    cursor.offset = batch.offset(i)
    if (repartition !== null && heard(input, batch, i) === 'mark') continue
    cursor.at = batch.time(i)
    cursor.key = null
    outbox.begin()
    let door: Door = 'decode'
    let at = -Infinity
    let own: Key | null = null
    cursor.ordinal = ++counts.records
    try {
      const value = input.read(batch, i)
      if (value === undefined) {
        door = 'process'
        throw meaninglessTombstone()
      }
      const time = timeField === null ? batch.time(i) : (value[timeField] as number)
      checkTime(time, latest)
      const key = value[spec.key]
      cursor.key = own = isKey(key) ? key : null
      cursor.at = at = time
      door = 'process'
      push(value)
      const missed = partly ? residency.missed() : null
      if (missed !== null) throw missed // a function of the author's caught it
      undo.forget()
      session.breaker.taken()
    } catch (error) {
      outbox.rollback()
      undo.restore()
      afterRecord.length = 0
      cursor.batch = batch
      const absent = !partly ? null : error instanceof Absent ? error : residency.missed()
      if (absent !== null) {
        counts.records--
        if (own !== null) input.keys = typeof own === 'number' ? 'numbers' : 'texts' // the bytes of a key do not say which
        return absent
      }
      refuseRecord(session, error, door)
    }
    if (afterRecord.length > 0) for (const emit of afterRecord.splice(0)) emit()
    if (repartition === null && at > clock.time) clock.advance(at, 'close')
  }
  return null
}

/** S1.3 */
function checkTime(time: unknown, latest: number): asserts time is number {
  if (typeof time !== 'number' || !Number.isSafeInteger(time) || time < 0) {
    throw new MillraceError('EVENT_TIME_INVALID', `the event time is ${String(time)}: whole milliseconds since 1970 are needed`)
  }
  if (time > latest) throw new MillraceError('EVENT_TIME_IN_FUTURE', `the event time ${time} lies too far ahead of the wall clock`)
}

/**
 * What a record of a repartition topic says of its upstream task: a mark, or how far the task was before the record. Windows that are due by
 * then close before the record is judged (S3.3); their failures are not the record's.
 */
function heard(input: TaskInput, batch: RecordBatch, i: number): 'mark' | 'record' {
  const { columns } = batch
  const marks = input.time.marks!
  const headers = batch.packedHeaders(i)
  if (columns.keyLengths[i] === -1 && columns.valueLengths[i] === -1) {
    const mark = markIn(headers)
    if (mark === null) return 'record'
    marks.marked(mark.task, mark.time, mark.idle)
    input.clock.advance(marks.streamTime(), 'close')
    return 'mark'
  }
  const carried = carriedBy(headers)
  if (carried !== null && marks.carried(carried.task, carried.time) === 'moved') input.clock.advance(marks.streamTime(), 'close')
  return 'record'
}
