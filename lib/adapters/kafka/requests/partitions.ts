// What a partition holds: offsets, records, deletions.
import { request, topics, partitionsOf, type Code } from './request.ts'

const CONSUMER = -1
const CURRENT_EPOCH_UNKNOWN = -1
const READ_COMMITTED = 1

export const EARLIEST = -2
export const LATEST = -1
/** `time`: EARLIEST, LATEST, or ms: the first offset whose record is not older, −1 when there is none. */
export const listOffset = (topic: string, partition: number, time: number, isolation: 0 | 1) =>
  request(
    'ListOffsets',
    2,
    2,
    w => topics(w.int32(CONSUMER).int8(isolation), [{ topic, partitions: [partition] }], p => w.int32(p).int64(time)),
    r => {
      r.int32()
      return partitionsOf(r, () => ({ partition: r.int32(), code: r.int16(), time: r.int64(), offset: r.int64() }))[0]!
    },
  )

export const deleteRecords = (topic: string, partition: number, before: number, waitsMs: number) =>
  request(
    'DeleteRecords',
    21,
    1,
    w => topics(w, [{ topic, partitions: [partition] }], p => w.int32(p).int64(before)).int32(waitsMs),
    r => {
      r.int32()
      return partitionsOf(r, () => ({ partition: r.int32(), start: r.int64(), code: r.int16() }))[0]!
    },
    waitsMs,
  )

export interface FetchedPartition {
  readonly code: Code
  readonly end: number
  readonly stable: number
  readonly start: number
  /** Transactions that were aborted in what is given: where each began. */
  readonly aborted: readonly { readonly producerId: bigint; readonly first: number }[]
  /** Record batches as they lie in the log; the last may be cut off. */
  readonly records: Buffer
}
export const fetch = (topic: string, partition: number, offset: number, maxBytes: number, waitsMs: number) =>
  request(
    'Fetch',
    1,
    10,
    w =>
      topics(
        w.int32(CONSUMER).int32(waitsMs).int32(1).int32(maxBytes).int8(READ_COMMITTED).int32(0).int32(-1),
        [{ topic, partitions: [partition] }],
        p => w.int32(p).int32(CURRENT_EPOCH_UNKNOWN).int64(offset).int64(-1).int32(maxBytes),
      ).array([], () => {}),
    (r): FetchedPartition => {
      r.int32()
      const code = r.int16()
      r.int32()
      const [fetched] = partitionsOf(r, () => {
        r.int32()
        return {
          code: r.int16(),
          end: r.int64(),
          stable: r.int64(),
          start: r.int64(),
          aborted: r.array(() => ({ producerId: r.bigint64(), first: r.int64() })),
          records: r.bytes(),
        }
      })
      return fetched ?? { code, end: -1, stable: -1, start: -1, aborted: [], records: Buffer.alloc(0) }
    },
    waitsMs,
  )
