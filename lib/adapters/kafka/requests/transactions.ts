// The steps of a transaction (E4).
import type { Writer } from '../wire.ts'
import { request, topics, partitionsOf, type Topical } from './request.ts'

export interface ProducerIdentity {
  readonly id: bigint
  readonly epoch: number
}
export const initProducerId = (transactionalId: string, timeoutMs: number) =>
  request(
    'InitProducerId',
    22,
    1,
    w => w.string(transactionalId).int32(timeoutMs),
    r => {
      r.int32()
      return { code: r.int16(), identity: { id: r.bigint64(), epoch: r.int16() } satisfies ProducerIdentity }
    },
  )
const owner = (w: Writer, transactionalId: string, { id, epoch }: ProducerIdentity): Writer =>
  w.string(transactionalId).int64(id).int16(epoch)

export const addPartitions = (transactionalId: string, identity: ProducerIdentity, to: readonly Topical<number>[]) =>
  request(
    'AddPartitionsToTxn',
    24,
    1,
    w => topics(owner(w, transactionalId, identity), to, p => w.int32(p)),
    r => {
      r.int32()
      return partitionsOf(r, () => ({ partition: r.int32(), code: r.int16() }))
    },
  )
export const addOffsets = (transactionalId: string, identity: ProducerIdentity, group: string) =>
  request(
    'AddOffsetsToTxn',
    25,
    1,
    w => owner(w, transactionalId, identity).string(group),
    r => {
      r.int32()
      return { code: r.int16() }
    },
  )
export const commitOffsets = (
  transactionalId: string,
  identity: ProducerIdentity,
  group: string,
  offsets: readonly Topical<{ readonly partition: number; readonly next: number }>[],
  noted: string,
) =>
  request(
    'TxnOffsetCommit',
    28,
    1,
    w =>
      topics(w.string(transactionalId).string(group).int64(identity.id).int16(identity.epoch), offsets, p =>
        w.int32(p.partition).int64(p.next).string(noted),
      ),
    r => {
      r.int32()
      return partitionsOf(r, () => ({ partition: r.int32(), code: r.int16() }))
    },
  )
export const produce = (
  transactionalId: string,
  to: readonly Topical<{ readonly partition: number; readonly batch: Uint8Array }>[],
  waitsMs: number,
) =>
  request(
    'Produce',
    0,
    7,
    w => topics(w.string(transactionalId).int16(ALL_REPLICAS).int32(waitsMs), to, p => w.int32(p.partition).bytes(p.batch)),
    r =>
      partitionsOf(r, () => {
        const answer = { partition: r.int32(), code: r.int16(), base: r.int64() }
        r.int64()
        r.int64()
        return answer
      }),
    waitsMs,
  )
const ALL_REPLICAS = -1
export const commit = (transactionalId: string, identity: ProducerIdentity) =>
  request(
    'EndTxn',
    26,
    1,
    w => owner(w, transactionalId, identity).boolean(true),
    r => {
      r.int32()
      return { code: r.int16() }
    },
  )
