// The state cache on Redis. Everything of a task lies in one hash slot, and every call is one Lua script: stamp and entries are read and written together.
import type { ApplyCall, CacheEntry, StateCache } from '../../ports/state-cache.ts'
import { checkEviction, type Client, connect, type RedisSettings } from './connection.ts'
import { cacheFailure } from './failures.ts'
import type { Argument, Scripted } from './scripts.ts'

/** @throws CACHE_UNAVAILABLE, CACHE_REFUSED, CACHE_EVICTS, OPTION_INVALID */
export async function openRedisStateCache(settings: RedisSettings): Promise<RedisStateCache> {
  return new RedisStateCache(await connect(settings))
}

export class RedisStateCache implements StateCache {
  readonly #client: Client
  /** Of the connection that is there now: a server that comes back may be another one, or be configured anew. */
  #checked: Promise<void> = Promise.resolve()

  /** Takes the connection over. */
  constructor(client: Client) {
    this.#client = client
    client.on('ready', () => {
      this.#checked = checkEviction(client)
      this.#checked.catch(() => {}) // the next call tells it
    })
  }

  async stamp(task: string): Promise<string | null> {
    const { stampKey } = keysOf(task)
    return textOf(await this.#ask(client => client.getBuffer(stampKey)))
  }

  async apply(task: string, { expect, landed, stamp, replace, entries }: ApplyCall): Promise<'applied' | 'landed' | 'mismatch'> {
    const head = [expect ?? '', stamp, replace ? 1 : 0, landed.length, ...landed]
    return (await this.#run('millraceApplyBuffer', task, [...head, ...runsOf(entries)])).toString() as 'applied' | 'landed' | 'mismatch'
  }

  async wipe(task: string, expect: string | null): Promise<'wiped' | 'mismatch'> {
    return (await this.#run('millraceWipeBuffer', task, [expect ?? ''])).toString() as 'wiped' | 'mismatch'
  }

  async read(task: string, store: string, keys: readonly Uint8Array[]) {
    const [stamp, ...chunks] = (await this.#run('millraceReadBuffer', task, [store, ...keys.map(bufferOf)])) as unknown as [
      Buffer | null,
      ...(Buffer | null)[][],
    ]
    return { stamp: textOf(stamp), values: chunks.flat() }
  }

  async scan(task: string, store: string, cursor: string | null, limit: number) {
    const [stamp, next, found] = (await this.#run('millraceScanBuffer', task, [store, cursor ?? '0', limit])) as unknown as [
      Buffer | null,
      Buffer,
      Buffer[],
    ]
    const entries: (readonly [Uint8Array, Uint8Array])[] = []
    for (let i = 0; i < found.length; i += 2) entries.push([found[i]!, found[i + 1]!])
    return { stamp: textOf(stamp), entries, next: next.toString() === '0' ? null : next.toString() }
  }

  async counts(task: string) {
    const [stamp, ...pairs] = (await this.#run('millraceCountsBuffer', task, [])) as unknown as [Buffer | null, ...(Buffer | number)[]]
    const counts: Record<string, number> = Object.create(null)
    for (let i = 0; i < pairs.length; i += 2) counts[pairs[i]!.toString()] = Number(pairs[i + 1])
    return { stamp: textOf(stamp), counts }
  }

  async close(): Promise<void> {
    this.#client.disconnect()
  }

  #run(script: keyof Scripted, task: string, args: readonly Argument[]): Promise<Buffer> {
    const { stampKey, storesKey } = keysOf(task)
    return this.#ask(client => client[script](stampKey, storesKey, ...args) as Promise<Buffer>)
  }
  async #ask<T>(call: (client: Client) => Promise<T>): Promise<T> {
    try {
      await this.#checked
      return await call(this.#client)
    } catch (error) {
      throw cacheFailure(error)
    }
  }
}

/** The part in braces decides the hash slot of a Redis Cluster. */
const keysOf = (task: string) => ({ stampKey: `millrace:{${task}}:stamp`, storesKey: `millrace:{${task}}:stores` })

const textOf = (stamp: Buffer | null): string | null => (stamp === null ? null : stamp.toString())
const bufferOf = (bytes: Uint8Array): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))

/** Changes that follow one another in a store are one run of pairs to set or of keys to delete: their order stays, and a run is one command. */
function runsOf(entries: readonly CacheEntry[]): Argument[] {
  const args: Argument[] = []
  let [run, store, sets, n] = [0, '', false, 0]
  for (const entry of entries) {
    const isSet = entry.value !== null
    if (n === 0 || entry.store !== store || isSet !== sets) {
      ;[run, store, sets, n] = [args.length + 1, entry.store, isSet, 0]
      args.push(store, 0)
    }
    args[run] = sets ? ++n : -++n
    args.push(bufferOf(entry.key))
    if (entry.value !== null) args.push(bufferOf(entry.value))
  }
  return args
}
