// Who is there, who leads, who coordinates; topics made and described.
import { request, type Code } from './request.ts'

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
export const describeConfigs = (names: readonly string[], keys: readonly string[]) =>
  request(
    'DescribeConfigs',
    32,
    1,
    w =>
      w
        .array(names, name =>
          w
            .int8(TOPIC_RESOURCE)
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
