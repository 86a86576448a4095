// E3: the synchronous part of an epoch. Records in offset order, then what time decides; no I/O, no clock or randomness but what is passed in.
import { MillraceError } from '../model/errors.ts'
import { isKey, type Key } from '../model/key.ts'
import type { RecordBatch } from '../model/record-batch.ts'
import type { Door } from '../model/verdict.ts'
import { Absent } from '../state/evictable.ts'
import type { Allowance, Caution } from './caution.ts'
import { meaninglessTombstone, type TaskInput } from './input.ts'
import { stop, verdictOf } from './refusal.ts'
import type { Session } from './session.ts'
import { failureOf, StageFailure } from './stage-failure.ts'
import type { StreamClock } from '../stages/window/clock.ts'
import { carriedBy, markIn } from './watermark.ts'

const A_DAY = 86_400_000

/** How far computing came. */
export interface Computed {
  readonly records: number
  /** What the next record needs and is not in memory; null when a bound of the epoch was reached. */
  readonly absent: Absent | null
}

/** Computes records of the inputs, at most `most`, until a bound of the epoch is reached or something is not in memory. */
export function computeRecords(session: Session, startedAt: number, allowance: Allowance, most: number): Computed {
  const { epochMs } = session.facts.tuning
  const { clock } = session.facts.ports
  const every = session.facts.deployment.options.epoch?.every ?? epochMs
  let records = 0
  while (records < most) {
    const input = furthestBehind(session.inputs, allowance)
    if (input === null) break
    const { batch, index } = input.current()!
    const allowed = allowedOf(allowance, input)
    const to = Math.min(batch.count, index + Math.min(most - records, allowed, SLICE))
    const { reached, absent } = computeSlice(session, input, batch, index, to, startedAt)
    records += reached - index
    if (allowance !== 'all') allowance.set(input, allowed - (reached - index))
    input.computed(reached)
    input.time.active(startedAt)
    if (session.pipeline.fatal !== null) throw session.pipeline.fatal
    if (absent !== null) return { records, absent }
    if (clock.now() - startedAt >= every) return { records, absent: null }
  }
  return { records, absent: null }
}
const allowedOf = (allowance: Allowance, input: TaskInput): number => (allowance === 'all' ? Infinity : allowance.get(input)!)

/**
 * The input with records at hand whose stream time is least: where inputs meet, the one that is behind holds the others' windows open, and with a backlog of all of
 * them what is open must not grow by the length of one.
 */
function furthestBehind(inputs: readonly TaskInput[], allowance: Allowance): TaskInput | null {
  let found: TaskInput | null = null
  for (const input of inputs)
    if (input.current() !== null && allowedOf(allowance, input) > 0 && (found === null || input.clock.time < found.clock.time))
      found = input
  return found
}
/** Most records of an epoch. */
export function mostRecords({ facts: { tuning, deployment } }: Session): number {
  return Math.min(tuning.epochRecords, deployment.options.epoch?.records ?? tuning.epochRecords)
}
/** Records between two looks at the clock. */
const SLICE = 2_048

/** @returns the index that it came to: `to`, or that of a record that needs something that is not in memory */
function computeSlice(
  session: Session,
  input: TaskInput,
  batch: RecordBatch,
  from: number,
  to: number,
  now: number,
): { readonly reached: number; readonly absent: Absent | null } {
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
    const mark = outbox.mark
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
      outbox.rollback(mark)
      undo.restore()
      afterRecord.length = 0
      cursor.batch = batch
      const absent = !partly ? null : error instanceof Absent ? error : residency.missed()
      if (absent !== null) {
        counts.records--
        if (own !== null) input.keys = typeof own === 'number' ? 'numbers' : 'texts' // the bytes of a key do not say which
        return { reached: i, absent }
      }
      refuseRecord(session, error, door)
    }
    if (afterRecord.length > 0) for (const emit of afterRecord.splice(0)) emit()
    if (repartition === null && at > clock.time) clock.advance(at, 'close')
  }
  return { reached: to, absent: null }
}

/** S6.5: the next record of an input is refused without being looked at. @returns how many: none when it is not the one that is meant */
export function refuseKiller(session: Session, killer: Caution & { readonly kind: 'refused' }): number {
  const input = session.inputs.find(i => i.name === killer.input)
  const current = input?.current() ?? null
  if (input === undefined || current === null || input.next !== killer.offset) return 0
  const { batch, index } = current
  const { cursor } = session.pipeline
  cursor.batch = batch
  cursor.index = index
  cursor.topic = input.name
  cursor.partition = input.partition
  cursor.offset = killer.offset
  cursor.at = batch.time(index)
  session.counts.records++
  const message = `${killer.deaths} processes in a row died while they computed it, the last one when it stood alone`
  refuseRecord(session, new MillraceError('RECORD_KILLS_PROCESS', message), 'process')
  input.computed(index + 1)
  return 1
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

function refuseRecord(session: Session, error: unknown, door: Door): void {
  const { facts, pipeline, deadLetters, counts } = session
  const { cursor } = pipeline
  const where = { processor: facts.labels.processor, topic: cursor.topic, partition: cursor.partition, offset: cursor.offset }
  const refused = error instanceof StageFailure || door === 'process' ? failureOf(error) : { ...failureOf(error), stage: 'from' }
  const verdict = verdictOf(facts.deployment.options, door)
  if (verdict === 'stop') stop(error, where)
  counts.refused++
  facts.ports.observer.refused(facts.labels, { code: refused.code, message: refused.message, where: { ...where, stage: refused.stage } })
  if (verdict === 'dead-letter') deadLetters.ofRecord(refused)
  if (session.breaker.refused() === 'storm') {
    throw new MillraceError(
      'DEAD_LETTER_STORM',
      `too many of the last records of ${where.topic}/${where.partition} are refused, the last at offset ${where.offset} with ${refused.code}: ${refused.message}`,
      { where },
    )
  }
}

/** What time decides without records: idle closes, drained closes (S2.3). @returns whether anything moved */
export function computeTime(session: Session, now: number, mode: 'running' | 'draining'): 'moved' | 'still' {
  for (const told of session.told) told.mode = mode
  let moved = reachedTimers(session, now)
  const wanted = new Set(session.told.filter(t => t.wantsWallTime && now >= t.nextAt()).flatMap(t => t.sources))
  for (const input of session.inputs) {
    const { time, clock } = input
    time.judge(input.caughtUp, now)
    if (mode === 'draining' && input.ended) {
      time.judgeDrained(now)
      if (time.idle && drainedTo(clock) === 'moved') moved = 'moved'
      continue
    }
    const advanced = time.advanced(now)
    if (!(advanced > clock.time) || (advanced < clock.due() && !wanted.has(input))) continue
    clock.advance(advanced, 'idle')
    time.taken(now)
    moved = 'moved'
  }
  for (const clock of session.pipeline.merged) {
    clock.judge(now, mode === 'draining' ? 'timers' : 'nothing')
    if (!clock.idle) continue
    if (mode === 'draining') {
      if (session.inputs.every(i => i.ended) && drainedTo(clock) === 'moved') moved = 'moved'
      continue
    }
    const advanced = clock.advanced(now)
    if (!(advanced > clock.time) || (advanced < clock.due() && wanted.size === 0)) continue
    clock.advance(advanced, 'idle')
    clock.taken(now)
    moved = 'moved'
  }
  return moved
}

/** S5.3: timers of the wall clock. */
function reachedTimers({ pipeline }: Session, now: number): 'moved' | 'still' {
  const reached = pipeline.wallTimers.filter(t => t.nextAt() <= now)
  for (const timers of reached) timers.reached(now)
  return reached.length > 0 ? 'moved' : 'still'
}

/** Closes everything that hangs on a clock and on those behind it. */
function drainedTo(clock: StreamClock): 'moved' | 'still' {
  let moved: 'moved' | 'still' = 'still'
  for (let h = clock.horizon(); h > clock.time; h = clock.horizon()) {
    clock.advance(h, 'drain')
    moved = 'moved'
  }
  return moved
}
