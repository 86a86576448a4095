// The requests that the adapter makes, each with its version and what its answer says. Versions: as new as the client library's header encoding allows,
// and all of them spoken by brokers from 2.4 to 4.x. Layouts: https://kafka.apache.org/protocol
import { Reader, Writer } from './wire.ts'

export interface Request<A> {
  readonly key: number
  readonly version: number
  readonly name: string
  encode(): Buffer
  decode(answer: Reader): A
  /** How long the broker may keep it on purpose. */
  readonly waitsMs?: number
}
const request = <A>(
  name: string,
  key: number,
  version: number,
  encode: (w: Writer) => void,
  decode: (r: Reader) => A,
  waitsMs = 0,
): Request<A> => ({
  name,
  key,
  version,
  encode: () => {
    const w = new Writer()
    encode(w)
    return w.done()
  },
  decode,
  waitsMs,
})

/** An error code of Kafka; 0 is none. */
export type Code = number
export const READ_COMMITTED = 1
const CONSUMER = -1
const CURRENT_EPOCH_UNKNOWN = -1

interface Topical<P> {
  readonly topic: string
  readonly partitions: readonly P[]
}
const topics = <P>(w: Writer, of: readonly Topical<P>[] | null, partition: (p: P) => void): Writer =>
  w.array(of, ({ topic, partitions }) => w.string(topic).array(partitions, partition))
const partitionsOf = <P>(r: Reader, partition: () => P): (P & { readonly topic: string })[] =>
  r
    .array(() => ({ topic: r.string(), partitions: r.array(partition) }))
    .flatMap(({ topic, partitions }) => partitions.map(p => ({ topic, ...p })))

// ---- the cluster

export interface Node {
  readonly id: number
  readonly host: string
  readonly port: number
}
export interface TopicMetadata {
  readonly code: Code
  readonly name: string
  readonly internal: boolean
  readonly partitions: readonly {
    readonly code: Code
    readonly id: number
    readonly leader: number
    readonly replicas: readonly number[]
  }[]
}
/** Null: all topics. Never creates one. */
export const metadata = (names: readonly string[] | null) =>
  request(
    'Metadata',
    3,
    5,
    w => w.array(names, name => w.string(name)).boolean(false),
    r => {
      r.int32()
      const nodes: Node[] = r.array(() => {
        const node = { id: r.int32(), host: r.string(), port: r.int32() }
        r.nullableString()
        return node
      })
      r.nullableString()
      const controller = r.int32()
      const described: TopicMetadata[] = r.array(() => ({
        code: r.int16(),
        name: r.string(),
        internal: r.boolean(),
        partitions: r.array(() => {
          const partition = { code: r.int16(), id: r.int32(), leader: r.int32(), replicas: r.array(() => r.int32()) }
          r.array(() => r.int32())
          r.array(() => r.int32())
          return partition
        }),
      }))
      return { nodes, controller, topics: described }
    },
  )

export const findCoordinator = (of: 'group' | 'transaction', id: string) =>
  request(
    'FindCoordinator',
    10,
    1,
    w => w.string(id).int8(of === 'group' ? 0 : 1),
    r => {
      r.int32()
      const code = r.int16()
      r.nullableString()
      return { code, node: { id: r.int32(), host: r.string(), port: r.int32() } satisfies Node }
    },
  )

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** −1: the broker's default. */
  readonly replicas: number
  readonly config: Readonly<Record<string, string>>
}
export const createTopic = ({ name, partitions, replicas, config }: NewTopic, waitsMs: number) =>
  request(
    'CreateTopics',
    19,
    4,
    w => {
      w.array([name], n =>
        w
          .string(n)
          .int32(partitions)
          .int16(replicas)
          .array([], () => {})
          .array(Object.entries(config), ([k, v]) => w.string(k).string(v)),
      )
      w.int32(waitsMs).boolean(false)
    },
    r => {
      r.int32()
      return r.array(() => ({ name: r.string(), code: r.int16(), message: r.nullableString() }))[0]!
    },
    waitsMs,
  )

const TOPIC_RESOURCE = 2
export const BROKER_RESOURCE = 4
export const describeConfigs = (names: readonly string[], keys: readonly string[], resource = TOPIC_RESOURCE) =>
  request(
    'DescribeConfigs',
    32,
    1,
    w =>
      w
        .array(names, name =>
          w
            .int8(resource)
            .string(name)
            .array(keys, key => w.string(key)),
        )
        .boolean(false),
    r => {
      r.int32()
      return r.array(() => {
        const code = r.int16()
        r.nullableString()
        r.int8()
        const name = r.string()
        const entries = r.array(() => {
          const entry = [r.string(), r.nullableString() ?? ''] as const
          r.boolean()
          r.int8()
          r.boolean()
          r.array(() => [r.string(), r.nullableString(), r.int8()])
          return entry
        })
        return { code, name, config: new Map(entries) }
      })
    },
  )

// ---- partitions

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

// ---- transactions (E4)

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

// ---- groups

/** Null: every partition that the group has an offset of. */
export const fetchOffsets = (group: string, of: readonly Topical<number>[] | null) =>
  request(
    'OffsetFetch',
    9,
    3,
    w => topics(w.string(group), of, p => w.int32(p)),
    r => {
      r.int32()
      const offsets = partitionsOf(r, () => ({
        partition: r.int32(),
        next: r.int64(),
        metadata: r.nullableString() ?? '',
        code: r.int16(),
      }))
      return { offsets, code: r.int16() }
    },
  )
export const listGroups = () =>
  request(
    'ListGroups',
    16,
    1,
    () => {},
    r => {
      r.int32()
      return { code: r.int16(), groups: r.array(() => ({ group: r.string(), type: r.string() })) }
    },
  )

export interface Joining {
  readonly group: string
  readonly member: string
  readonly sessionMs: number
  /** How long the group waits for its members to come back. */
  readonly rebalanceMs: number
  readonly protocol: string
  readonly subscription: Buffer
}
export const joinGroup = ({ group, member, sessionMs, rebalanceMs, protocol, subscription }: Joining) =>
  request(
    'JoinGroup',
    11,
    4,
    w =>
      w
        .string(group)
        .int32(sessionMs)
        .int32(rebalanceMs)
        .string(member)
        .string('consumer')
        .array([protocol], name => w.string(name).bytes(subscription)),
    r => {
      r.int32()
      return {
        code: r.int16(),
        generation: r.int32(),
        protocol: r.nullableString(),
        leader: r.string(),
        member: r.string(),
        members: r.array(() => ({ member: r.string(), subscription: r.bytes() })),
      }
    },
    rebalanceMs,
  )
export const syncGroup = (
  group: string,
  generation: number,
  member: string,
  assignments: readonly { readonly member: string; readonly assignment: Buffer }[],
  waitsMs: number,
) =>
  request(
    'SyncGroup',
    14,
    1,
    w =>
      w
        .string(group)
        .int32(generation)
        .string(member)
        .array(assignments, a => w.string(a.member).bytes(a.assignment)),
    r => {
      r.int32()
      return { code: r.int16(), assignment: r.bytes() }
    },
    waitsMs,
  )
export const heartbeat = (group: string, generation: number, member: string) =>
  request(
    'Heartbeat',
    12,
    1,
    w => w.string(group).int32(generation).string(member),
    r => {
      r.int32()
      return { code: r.int16() }
    },
  )
export const leaveGroup = (group: string, member: string) =>
  request(
    'LeaveGroup',
    13,
    1,
    w => w.string(group).string(member),
    r => {
      r.int32()
      return { code: r.int16() }
    },
  )
