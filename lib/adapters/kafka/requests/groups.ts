// Offsets and members of groups.
import { request, topics, partitionsOf, type Topical } from './request.ts'

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
