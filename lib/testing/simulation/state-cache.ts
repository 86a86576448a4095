// The StateCache port over a simulated cache: one client of it, in one process.
import { MillraceError } from '../../model/errors.ts'
import type { ApplyCall, StateCache } from '../../ports/state-cache.ts'
import { CacheServer, packedEntry, packedKey } from './cache-server.ts'
import { type Broken, DIRECT, type Wire } from './wire.ts'

const unavailable: Broken = what => new MillraceError('CACHE_UNAVAILABLE', `the state cache did not answer: ${what}`)

export class SimulatedStateCache implements StateCache {
  readonly server: CacheServer
  readonly #wire: Wire
  #closed = false

  /** A client of `server`; without a wire every call happens at once. */
  constructor(server: CacheServer = new CacheServer(), wire: Wire = DIRECT) {
    this.server = server
    this.#wire = wire
  }
  stamp(task: string): Promise<string | null> {
    return this.#call('cache.stamp', task, () => this.server.stamp(task))
  }
  apply(task: string, call: ApplyCall): Promise<'applied' | 'landed' | 'mismatch'> {
    const entries = call.entries.map(packedEntry)
    return this.#call(
      'cache.apply',
      task,
      () => this.server.apply(task, call, entries),
      () => `${task} ${call.expect} > ${call.stamp}`,
    )
  }
  wipe(task: string, expect: string | null): Promise<'wiped' | 'mismatch'> {
    return this.#call('cache.wipe', task, () => this.server.wipe(task, expect))
  }
  read(
    task: string,
    store: string,
    keys: readonly Uint8Array[],
  ): Promise<{ readonly stamp: string | null; readonly values: readonly (Uint8Array | null)[] }> {
    const packed = keys.map(packedKey)
    return this.#call('cache.read', task, () => {
      const content = this.server.content(task)?.stores.get(store)
      return { stamp: this.server.stamp(task), values: packed.map(key => content?.get(key) ?? null) }
    })
  }
  /** In the order of the keys' bytes; the cursor is the last key given. */
  scan(
    task: string,
    store: string,
    cursor: string | null,
    limit: number,
  ): Promise<{
    readonly stamp: string | null
    readonly entries: readonly (readonly [Uint8Array, Uint8Array])[]
    readonly next: string | null
  }> {
    return this.#call('cache.scan', task, () => {
      const content = this.server.content(task)?.stores.get(store)
      const keys = [...(content?.keys() ?? [])].filter(key => cursor === null || key > cursor).sort()
      const given = keys.slice(0, limit)
      const entries = given.map(key => [Buffer.from(key, 'latin1'), content!.get(key)!] as const)
      return { stamp: this.server.stamp(task), entries, next: given.length < keys.length ? given.at(-1)! : null }
    })
  }
  counts(task: string): Promise<{ readonly stamp: string | null; readonly counts: Readonly<Record<string, number>> }> {
    return this.#call('cache.counts', task, () => ({ stamp: this.server.stamp(task), counts: this.server.counts(task) }))
  }
  async close(): Promise<void> {
    this.#closed = true
  }
  #call<T>(point: string, task: string, effect: () => T, detail: () => string = () => task): Promise<T> {
    if (this.#closed) return Promise.reject(new MillraceError('CACHE_UNAVAILABLE', 'this client of the state cache is closed'))
    const touching = (): T => {
      this.server.justTouched = task
      return effect()
    }
    return this.#wire.call(point, touching, unavailable, detail)
  }
}
