// What becomes of a record that cannot be taken (S6.1, S6.2), or must not be tried any more (S6.5).
import { MillraceError } from '../model/errors.ts'
import type { Door } from '../model/verdict.ts'
import type { Caution } from './caution.ts'
import { stop, verdictOf } from './refusal.ts'
import type { Session } from './session.ts'
import { failureOf, StageFailure } from './stage-failure.ts'

export function refuseRecord(session: Session, error: unknown, door: Door): void {
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
