// The state cache in the memory of this process. A start finds it empty and the engine catches up from the ledger: the ledger lies on the
// same disk as a cache file would, so a file would save a read and cost a second write of everything (decision 0002).
import { MillraceError } from '../../model/errors.ts'
import type { ApplyCall, StateCache } from '../../ports/state-cache.ts'

/** Values by key, both as latin1 strings: one character a byte, no buffer for each of many small entries. */
type Store = Map<string, string>
interface TaskEntries {
  readonly stamp: string
  readonly stores: Map<string, Store>
}

/** Scans under way at most; nobody says when it gives one up. */
const SCANS = 64

const packed = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString('latin1')

export class EmbeddedStateCache implements StateCache {
  readonly #tasks = new Map<string, TaskEntries>()
  /** Scans under way, by cursor. A map's iterator meets what is there all the time once, whatever changes meanwhile. */
  readonly #scans = new Map<string, { readonly content: Store | undefined; readonly left: MapIterator<[string, string]> | undefined }>()
  #cursors = 0
  #closed = false

  async stamp(task: string): Promise<string | null> {
    return this.#entriesOf(task)?.stamp ?? null
  }

  async apply(task: string, call: ApplyCall): Promise<'applied' | 'landed' | 'mismatch'> {
    const before = this.#entriesOf(task)
    const stamp = before?.stamp ?? null
    if (stamp !== null && call.landed.includes(stamp)) return 'landed'
    if (stamp !== call.expect) return 'mismatch'
    const stores: Map<string, Store> = call.replace || before === undefined ? new Map() : before.stores
    for (const { store, key, value } of call.entries) {
      let entries = stores.get(store)
      if (entries === undefined) {
        if (value === null) continue
        stores.set(store, (entries = new Map()))
      }
      if (value !== null) entries.set(packed(key), packed(value))
      else if (entries.delete(packed(key)) && entries.size === 0) stores.delete(store)
    }
    this.#tasks.set(task, { stamp: call.stamp, stores })
    return 'applied'
  }

  async wipe(task: string, expect: string | null): Promise<'wiped' | 'mismatch'> {
    const stamp = this.#entriesOf(task)?.stamp ?? null
    if (stamp !== null && stamp !== expect) return 'mismatch'
    this.#tasks.delete(task)
    return 'wiped'
  }

  async read(task: string, store: string, keys: readonly Uint8Array[]) {
    const held = this.#entriesOf(task)
    const entries = held?.stores.get(store)
    const valueOf = (key: Uint8Array): Uint8Array | null => {
      const value = entries?.get(packed(key))
      return value === undefined ? null : Buffer.from(value, 'latin1')
    }
    return { stamp: held?.stamp ?? null, values: keys.map(valueOf) }
  }

  async scan(task: string, store: string, cursor: string | null, limit: number) {
    const held = this.#entriesOf(task)
    const stamp = held?.stamp ?? null
    const content = held?.stores.get(store)
    const scan = cursor === null ? { content, left: content?.entries() } : this.#scans.get(cursor)
    if (scan === undefined)
      throw new MillraceError('CACHE_UNAVAILABLE', `a scan of '${store}' of ${task} was given up for newer ones: begin it again`)
    if (cursor !== null) this.#scans.delete(cursor)
    const entries: (readonly [Uint8Array, Uint8Array])[] = []
    if (content === undefined || scan.content !== content) return { stamp, entries, next: null } // what there was is gone
    while (entries.length < limit) {
      const step = scan.left!.next()
      if (step.done === true) return { stamp, entries, next: null }
      const [key, value] = step.value
      entries.push([Buffer.from(key, 'latin1'), Buffer.from(value, 'latin1')])
    }
    const next = String(++this.#cursors)
    this.#scans.set(next, scan)
    for (const oldest of this.#scans.keys()) if (this.#scans.size > SCANS) this.#scans.delete(oldest)
    return { stamp, entries, next }
  }

  async counts(task: string) {
    const held = this.#entriesOf(task)
    const counts: Record<string, number> = Object.create(null)
    for (const [store, entries] of held?.stores ?? []) counts[store] = entries.size
    return { stamp: held?.stamp ?? null, counts }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#tasks.clear()
    this.#scans.clear()
  }

  #entriesOf(task: string): TaskEntries | undefined {
    if (this.#closed) throw new MillraceError('CACHE_UNAVAILABLE', 'the state cache of this process is closed')
    return this.#tasks.get(task)
  }
}
