// THE SPINE: one epoch of a task, E1 … E7 of exactly-once.md §3, in order. Everything before the commit can be thrown away; nothing after it can.
import { stateLines, fingerprintOf } from '../model/plan.ts'
import type { Transaction } from '../ports/record-log.ts'
import { type Allowance, attemptOf, cautionAfter } from './caution.ts'
import { computeRecords, computeTime, mostRecords, refuseKiller } from './compute.ts'
import { barrierWrite, epochWrite, type Meta } from './ledger.ts'
import type { Session } from './session.ts'

/** A computed epoch: bytes, and what to remember when it is acknowledged. */
interface Epoch {
  readonly meta: Meta
  readonly transaction: Transaction
  readonly blocks: readonly Buffer[]
  /** What the epoch adds to the ledger. */
  readonly ledgerBytes: number
  readonly records: number
  readonly dropped: Readonly<Record<string, number>>
  readonly startedAt: number
  readonly computedAt: number
}

/** One turn. @returns 'quiet' when everything there is was computed and committed, so that the caller may wait. @throws whatever must CLOSE the session */
export async function turn(session: Session, mode: 'running' | 'draining'): Promise<'busy' | 'quiet'> {
  const { tuning, stillness } = session.facts
  if (session.form === 'as stored') session.residency.trim()
  if (snapshotDue(session)) await snapshot(session)
  for (const input of session.inputs) await input.fill(tuning.epochBytes) // E1

  if (session.caution.kind !== 'none') return stillness.during(() => carefully(session, mode))
  await stillness.over()
  return advance(session, mode, 'all')
}

/** E2, E3: what the records need is in memory before they are computed, synchronously, in offset order. @returns how many there were */
async function compute(session: Session, startedAt: number, allowance: Allowance): Promise<number> {
  const { residency, inputs, facts, caution } = session
  const most = mostRecords(session)
  let ahead: string | null = null
  for (let records = 0; ; ) {
    if (residency.partly) {
      const keys = inputs.map(i => i.keys).join() // what the bytes of keys mean is learned from the first that was missed
      if (ahead !== keys) await residency.readAhead(inputs, most - records)
      ahead = keys
      if (caution.kind === 'none') await facts.stillness.over()
    }
    const computed = computeRecords(session, startedAt, allowance, most - records)
    records += computed.records
    if (computed.absent === null) return records
    await residency.readBack(computed.absent)
  }
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

/** E3 to E5: computes, and commits what was computed. */
async function advance(session: Session, mode: 'running' | 'draining', allowance: Allowance): Promise<'busy' | 'quiet'> {
  const { ports } = session.facts
  const { caution } = session
  const startedAt = ports.clock.now()
  for (const { clock } of session.inputs) clock.catchUp()
  for (const clock of session.pipeline.merged) clock.catchUp()
  const records = caution.kind === 'refused' ? refuseKiller(session, caution) : await compute(session, startedAt, allowance) // E3
  session.caution = cautionAfter(caution, session.inputs, records)
  const moved = computeTime(session, ports.clock.now(), mode)
  for (const emit of session.pipeline.turnEnds) emit() // S4.2
  const caughtUp = session.caughtUp
  tellMarks(session, ports.clock.now(), mode)
  if (session.pipeline.fatal !== null) throw session.pipeline.fatal

  const positionsMoved = session.inputs.some(i => i.position !== session.committedPositions.get(i.name))
  if (records === 0 && moved === 'still' && session.pipeline.outbox.size === 0 && !positionsMoved) {
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

/** Packs what the epoch changed. Nothing computed later can reach it. */
async function seal(session: Session, records: number, startedAt: number): Promise<Epoch> {
  const { facts, pipeline } = session
  const { clock } = facts.ports
  session.residency.returnOutlived()
  pipeline.sweep()
  pipeline.stores.forEach((store, i) => store.writeChanges(session.block, i, session.epoch + 1))
  const blocks = session.block.take()
  const writes = pipeline.outbox.take()
  const meta = await metaOf(session, 'epoch')
  const ledgerWrite = epochWrite(facts.ledger, facts.partition, blocks, meta)
  const { app, plan } = facts.deployment
  const topics = session.inputs.filter(i => i.spec.kind === 'topic')
  for (const i of session.inputs) session.committedPositions.set(i.name, i.position)
  return {
    meta,
    blocks,
    ledgerBytes: ledgerWrite.columns.bytes.length,
    records,
    dropped: pipeline.drops.take(),
    startedAt,
    computedAt: clock.now(),
    transaction: {
      offsets: {
        group: `${app}.${plan.processor}`,
        metadata: `${session.ledgerId}:${meta.epoch}`,
        offsets: topics.map(i => ({ topic: i.name, partition: i.partition, next: i.position })),
      },
      writes: [...writes, ledgerWrite],
    },
  }
}

async function metaOf(session: Session, kind: Meta['kind']): Promise<Meta> {
  const { facts, pipeline, inputs } = session
  const { plan } = facts.deployment
  const byInput = <V>(of: (i: (typeof inputs)[number]) => V): Record<string, V> => Object.fromEntries(inputs.map(i => [i.name, of(i)]))
  const feeds: Record<string, string> = {}
  for (const i of inputs) if (i.spec.kind === 'feed') feeds[i.name] = await facts.ports.feeds.get(i.name)!.mark()
  return {
    epoch: ++session.epoch,
    ledgerId: session.ledgerId,
    kind,
    positions: byInput(i => i.position),
    times: Object.fromEntries(
      [...inputs, ...pipeline.merged.map(clock => ({ name: clock.name, clock }))].map(({ name, clock }) => [
        name,
        Number.isFinite(clock.time) ? clock.time : null,
      ]),
    ),
    marks: Object.fromEntries(inputs.filter(i => i.time.marks !== null).map(i => [i.name, i.time.marks!.stored()])),
    feeds,
    liveKeys: Object.fromEntries(pipeline.stores.map(s => [s.name, s.size])),
    fingerprint: fingerprintOf(plan),
    stages: stateLines(plan),
    snapshotAt: session.snapshotAt,
    counts: { ...session.counts },
    ts: facts.ports.clock.now(),
  }
}

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

const snapshotDue = (session: Session): boolean =>
  session.form === 'migrated' || session.deltaBytes > Math.max(session.facts.tuning.snapshotBytes, 2 * session.snapshotBytes)

/** An epoch of its own: no input, no output, nothing computed ahead. It replaces its reader's state. */
async function snapshot(session: Session): Promise<void> {
  await settle(session)
  const { facts, pipeline, behind } = session
  pipeline.stores.forEach((store, i) => store.writeAll(session.block, i))
  await session.residency.writeEvicted(session.block, store => pipeline.stores.indexOf(store))
  const blocks = session.block.take()
  const meta = await metaOf(session, 'snapshot')
  const { baseOffsets } = await session.producer.commit({ writes: [epochWrite(facts.ledger, facts.partition, blocks, meta)] })
  const first = baseOffsets[0]!
  const at = first + blocks.length
  if (session.form === 'as stored')
    behind.committed([], at, meta.epoch) // the fold is the same
  else behind.replaced(blocks, at, meta.epoch)
  session.form = 'as stored'
  session.snapshotAt = first
  session.snapshotBytes = blocks.reduce((n, b) => n + b.length, 0)
  session.deltaBytes = 0
  session.truncation = { before: first, metaAt: at }
}

/** E6 and the ledger's truncation: behind the epochs, never waited for by them. */
export async function followBehind(session: Session): Promise<void> {
  await session.behind.apply()
  const { truncation, facts } = session
  if (truncation === null || session.behind.at < truncation.metaAt) return
  session.truncation = null
  await facts.ports.log.deleteRecords(facts.ledger, facts.partition, truncation.before)
}
