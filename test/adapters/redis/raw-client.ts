// Redis commands past the adapter, to see and to change what it lies on.
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { RedisServer } from '../../../deploy/services/redis.ts'

/** A connection per command, so that none is left open. */
export const rawClient =
  (port: number) =>
  async (command: string, ...args: readonly string[]): Promise<string[]> => {
    const client = new Redis({ port, lazyConnect: true, disableClientInfo: true })
    client.on('error', () => {}) // the command tells it
    try {
      await client.connect()
      return [await client.call(command, ...args)].flat() as string[]
    } finally {
      client.disconnect()
    }
  }

/** Gives one node all hash slots: the smallest cluster there is. */
export async function clusterOfOne({ port }: RedisServer): Promise<void> {
  const client = rawClient(port)
  await client('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  while (!(await client('CLUSTER', 'INFO'))[0]!.includes('cluster_state:ok')) await sleep(20)
}
