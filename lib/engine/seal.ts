// Between E3 and E4: a computed epoch becomes bytes, and the next one may be computed.
import type { Transaction } from '../ports/record-log.ts'
import { epochWrite, type Meta } from './ledger.ts'
import { metaOf } from './meta-of.ts'
import type { Session } from './session.ts'

/** A computed epoch: bytes, and what to remember when it is acknowledged. */
export interface Epoch {
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

/** Packs what the epoch changed. Nothing computed later can reach it. */
export async function seal(session: Session, records: number, startedAt: number): Promise<Epoch> {
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
