// THE SPINE: one epoch of a task, E1 … E7 of exactly-once.md §3, in order. Everything before the commit can be thrown away; nothing after it can.
import { type Allowance, attemptOf, cautionAfter } from './caution.ts'
import { compute, mostRecords } from './compute.ts'
import { computeTime } from './compute-time.ts'
import { barrierWrite } from './ledger.ts'
import { refuseKiller } from './refuse-record.ts'
import { type Epoch, seal } from './seal.ts'
import type { Session } from './session.ts'
import { snapshot, snapshotDue } from './snapshot.ts'

/** One turn. @returns 'quiet' when everything there is was computed and committed, so that the caller may wait. @throws whatever must CLOSE the session */
export async function turn(session: Session, mode: 'running' | 'draining'): Promise<'busy' | 'quiet'> {
  const { tuning, stillness } = session.facts
  if (session.form === 'as stored') session.residency.trim()
  if (snapshotDue(session)) {
    await settle(session)
    await snapshot(session)
  }
  for (const input of session.inputs) await input.fill(tuning.epochBytes) // E1

  if (session.caution.kind !== 'none') return stillness.during(() => carefully(session, mode))
  await stillness.over()
  return advance(session, mode, 'all')
}

/** E2 to E5: computes, and commits what was computed. */
async function advance(session: Session, mode: 'running' | 'draining', allowance: Allowance): Promise<'busy' | 'quiet'> {
  const { ports } = session.facts
  const { caution } = session
  const startedAt = ports.clock.now()
  for (const { clock } of session.inputs) clock.catchUp()
  for (const clock of session.pipeline.merged) clock.catchUp()
  const records = caution.kind === 'refused' ? refuseKiller(session, caution) : await compute(session, startedAt, allowance) // E2, E3
  session.caution = cautionAfter(caution, session.inputs, records)
  const moved = computeTime(session, ports.clock.now(), mode) // S2.3, S5.3
  for (const emit of session.pipeline.turnEnds) emit() // S4.2
  const caughtUp = session.caughtUp
  tellMarks(session, ports.clock.now(), mode) // S2.5
  if (session.pipeline.fatal !== null) throw session.pipeline.fatal

  const positionsMoved = session.inputs.some(i => i.position !== session.committedPositions.get(i.name))
  if (records === 0 && moved === 'still' && session.pipeline.outbox.empty && !positionsMoved) {
    await settle(session)
    return 'quiet'
  }
  const epoch = await seal(session, records, startedAt)
  await settle(session) // E4 of this epoch starts only after the acknowledgement of the last (overlap)
  session.committing = commit(session, epoch)
  session.committing.catch(() => {}) // looked at by settle()
  if (caughtUp) await settle(session) // no backlog: speculation would only cost latency
  return 'busy'
}

/** E4 and E5. @throws after which nobody knows whether it was committed */
async function commit(session: Session, epoch: Epoch): Promise<void> {
  const { facts, behind } = session
  const { clock, observer } = facts.ports
  const { baseOffsets } = await session.producer.commit(epoch.transaction) // E4
  const at = baseOffsets.at(-1)! + epoch.blocks.length // E5: the meta is the last record
  behind.committed(epoch.blocks, at, epoch.meta.epoch) // E6 follows by itself
  session.deltaBytes += epoch.ledgerBytes
  const now = clock.now()
  observer.epoch(facts.labels, {
    epoch: epoch.meta.epoch,
    records: epoch.records,
    counts: epoch.meta.counts,
    dropped: epoch.dropped,
    computeMs: epoch.computedAt - epoch.startedAt,
    commitMs: now - epoch.computedAt,
    streamTimes: epoch.meta.times,
    liveKeys: epoch.meta.liveKeys,
    positions: epoch.meta.positions,
  })
}

/** Waits for the commit under way. @throws what it threw: its outcome is unknown, so is everything computed on top of it */
export async function settle(session: Session): Promise<void> {
  const { committing } = session
  if (committing === null) return
  await committing
  session.committing = null
}

function tellMarks(session: Session, now: number, mode: 'running' | 'draining'): void {
  for (const told of session.told) if (told.due(now) || (mode === 'draining' && told.pending)) told.write(session.pipeline.outbox, now)
}

/** S6.5: what is computed next is written down before, so that a process that dies in it has said so. */
async function carefully(session: Session, mode: 'running' | 'draining'): Promise<'busy' | 'quiet'> {
  await settle(session)
  const outcome = await advance(session, mode, await noted(session))
  await settle(session)
  return outcome
}

async function noted(session: Session): Promise<Allowance> {
  const { caution, inputs, producer, facts } = session
  if (caution.kind !== 'noted' && caution.kind !== 'halved') return 'all'
  const { attempt, allowance } = attemptOf(caution, inputs, mostRecords(session))
  if (attempt === null) return allowance
  const write = barrierWrite(facts.ledger, facts.partition, facts.ports.clock.now(), { why: 'attempt', attempt })
  session.committing = producer.commit({ writes: [write] }).then(() => {})
  await settle(session)
  return allowance
}
