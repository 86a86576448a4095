// A connection to Redis, or to a Redis Cluster, that never sends anything twice by itself: whether a call happened is for the protocol to find out.
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { MillraceError } from '../../model/errors.ts'
import { cacheFailure } from './failures.ts'
import { SCRIPTS, type Scripted } from './scripts.ts'

export interface RedisSettings {
  /** `redis://[user[:password]@]host[:port][/db]`, `rediss://` for TLS; of a cluster one node or more. */
  readonly urls: readonly string[]
  readonly topology: 'single' | 'cluster'
  /** PEM texts, where the system's own authorities do not do or the server asks for a certificate. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** A call without an answer is given up after so long: it may have happened. */
  readonly timeoutMs?: number
}

export type Client = (Redis | Cluster) & Scripted

const TIMEOUT = 10_000
/** ms before the n-th attempt to connect again. */
const pause = (n: number): number => Math.min(50 * 2 ** Math.min(n, 6), 2_000)

/**
 * Connects and looks whether the server may be used as it is configured.
 * @throws CACHE_UNAVAILABLE, CACHE_REFUSED (credentials, rights), CACHE_EVICTS (it may forget entries by itself), OPTION_INVALID (an address)
 */
export async function connect({ urls, topology, tls, timeoutMs = TIMEOUT }: RedisSettings): Promise<Client> {
  const [first, ...others] = urls.map(address)
  if (first === undefined || (topology === 'single' && others.length > 0))
    throw new MillraceError('OPTION_INVALID', `${urls.length} addresses of Redis: one is needed, or a cluster`)
  const options = {
    username: first.username,
    password: first.password,
    ...(first.secure ? { tls: { ...tls } } : {}),
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    retryStrategy: pause,
    lazyConnect: true,
    disableClientInfo: true,
    scripts: SCRIPTS,
  } satisfies RedisOptions
  const client =
    topology === 'single'
      ? new Redis({ ...options, host: first.host, port: first.port, db: first.db })
      : new Cluster(
          [first, ...others].map(({ host, port }) => ({ host, port })),
          {
            redisOptions: options,
            enableOfflineQueue: false,
            lazyConnect: true,
            retryDelayOnFailover: 0, // a lost connection is told, not hidden by sending again
            clusterRetryStrategy: pause,
            scripts: SCRIPTS,
          },
        )
  let last: unknown
  client.on('error', error => void (last = error)) // a call tells it, or connect()
  try {
    await inTime(client.connect(), timeoutMs)
    await checkEviction(client)
  } catch (error) {
    client.disconnect()
    throw cacheFailure(last ?? error)
  }
  return client as Client
}

/** A cluster whose slots nobody serves is waited for without end. */
async function inTime(connecting: Promise<void>, timeoutMs: number): Promise<void> {
  const given = new AbortController()
  const late = sleep(timeoutMs, 'late', { signal: given.signal }).catch(() => 'over')
  try {
    if ((await Promise.race([connecting, late])) === 'late') throw new Error(`not ready after ${timeoutMs / 1000} s`)
  } finally {
    given.abort()
    connecting.catch(() => {}) // it ends when the client is disconnected
  }
}

/** F6: a server that evicts forgets single entries under a stamp that stays: the one loss that a stamp does not show. @throws CACHE_EVICTS */
export async function checkEviction(client: Redis | Cluster): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client]
  for (const node of nodes) {
    const policy = /^maxmemory_policy:(\S+)/m.exec(await node.info('memory'))?.[1]
    if (policy !== 'noeviction')
      throw new MillraceError(
        'CACHE_EVICTS',
        `Redis at ${node.options.host}:${node.options.port} has maxmemory-policy ${policy ?? 'unknown'}: it must be noeviction`,
      )
  }
}

function address(text: string): { host: string; port: number; username?: string; password?: string; db: number; secure: boolean } {
  const url = URL.canParse(text) ? new URL(text) : null
  const db = Number(url?.pathname.slice(1) ?? '')
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || !Number.isInteger(db))
    throw new MillraceError('OPTION_INVALID', 'the address of Redis is not redis://[user[:password]@]host[:port][/db] (or rediss://)')
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    db,
    secure: url.protocol === 'rediss:',
  }
}
