// A snapshot is an epoch of its own, without input and output: all that the task remembers, so that what the ledger held before can go.
import { epochWrite } from './ledger.ts'
import { metaOf } from './meta-of.ts'
import type { Session } from './session.ts'

export const snapshotDue = (session: Session): boolean =>
  session.form === 'migrated' || session.deltaBytes > Math.max(session.facts.tuning.snapshotBytes, 2 * session.snapshotBytes)

/** The caller has settled: nothing may be computed ahead of it. It replaces its reader's state. */
export async function snapshot(session: Session): Promise<void> {
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
