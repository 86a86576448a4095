// The cache behind simulated state caches: atomic calls, and a memory of what it was before them, so that it can fall back.
import type { ApplyCall, CacheEntry } from '../../ports/state-cache.ts'

/** Values by key, the key as one character a byte (latin1). */
export type StoreContent = Map<string, Uint8Array>
export interface TaskContent {
  readonly stamp: string
  readonly stores: Map<string, StoreContent>
  /** Whether an entry was lost, and whether something was written since. */
  readonly damage: 'none' | 'damaged' | 'built on'
}

/** Changes that were packed when the call was made: the caller's memory may be another's when the call lands. */
export type PackedEntry = readonly [store: string, key: string, value: Uint8Array | null]
export const packedKey = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
export const packedEntry = ({ store, key, value }: CacheEntry): PackedEntry => [
  store,
  packedKey(key),
  value === null ? null : new Uint8Array(value),
]

/** What a call found, and how to go back to it. */
interface Past {
  readonly stamp: string | null
  readonly undo: () => void
}

export class CacheServer {
  readonly #tasks = new Map<string, TaskContent>()
  /** Per task: what takes back its last calls, newest last. */
  readonly #history = new Map<string, Past[]>()
  /** How many calls of a task can be taken back. */
  readonly #remembered: number
  /** Goes up with every change. */
  version = 0
  /** The task that the last draw's call was about. */
  justTouched: string | null = null

  constructor(remembered = 0) {
    this.#remembered = remembered
  }
  /** Null when the task has nothing. Not to be changed. */
  content(task: string): TaskContent | null {
    return this.#tasks.get(task) ?? null
  }
  /** Tasks that have, or had, something. */
  get tasks(): readonly string[] {
    return [...new Set([...this.#tasks.keys(), ...this.#history.keys()])]
  }
  stamp(task: string): string | null {
    return this.#tasks.get(task)?.stamp ?? null
  }
  apply(task: string, call: Omit<ApplyCall, 'entries'>, entries: readonly PackedEntry[]): 'applied' | 'landed' | 'mismatch' {
    const before = this.#tasks.get(task)
    const stamp = before?.stamp ?? null
    if (stamp !== null && call.landed.includes(stamp)) return 'landed'
    if (stamp !== call.expect) return 'mismatch'
    const stores: Map<string, StoreContent> = call.replace || before === undefined ? new Map() : before.stores
    const undone: [StoreContent, string, Uint8Array | undefined][] = []
    for (const [store, key, value] of entries) {
      let content = stores.get(store)
      if (content === undefined) stores.set(store, (content = new Map()))
      if (this.#remembered > 0) undone.push([content, key, content.get(key)])
      if (value === null) content.delete(key)
      else content.set(key, value)
    }
    const damage = call.replace || before === undefined || before.damage === 'none' ? 'none' : 'built on'
    this.#tasks.set(task, { stamp: call.stamp, stores, damage })
    this.#remember(task, before, () => {
      for (const [content, key, value] of undone.reverse()) {
        if (value === undefined) content.delete(key)
        else content.set(key, value)
      }
      this.#restore(task, before)
    })
    return 'applied'
  }
  wipe(task: string, expect: string | null): 'wiped' | 'mismatch' {
    const stamp = this.stamp(task)
    if (stamp !== null && stamp !== expect) return 'mismatch'
    this.lose(task)
    return 'wiped'
  }
  counts(task: string): Record<string, number> {
    const counts: Record<string, number> = Object.create(null)
    for (const [store, content] of this.#tasks.get(task)?.stores ?? []) if (content.size > 0) counts[store] = content.size
    return counts
  }
  /** A fault: the task's part is gone. Says whether there was one. */
  lose(task: string): 'lost' | 'nothing' {
    const before = this.#tasks.get(task)
    if (before === undefined) return 'nothing'
    this.#tasks.delete(task)
    this.#remember(task, before, () => this.#restore(task, before))
    return 'lost'
  }
  /** A fault: another stamp, and one entry holds the value of another. */
  exchange(task: string, stamp: string): void {
    const stores = this.#copied(task)
    for (const content of stores.values()) {
      const [one, another] = content.values()
      for (const key of content.keys()) if (content.get(key) === one && another !== undefined) content.set(key, another)
    }
    this.#replace(task, { stamp, stores, damage: 'none' })
  }
  /** A fault: one entry is gone, the stamp is not. Says whether there was an entry. */
  forget(task: string, n: number): 'lost' | 'nothing' {
    const stores = this.#copied(task)
    const entries = [...stores.values()].flatMap(content => [...content.keys()].map(key => [content, key] as const))
    if (entries.length === 0) return 'nothing'
    const [content, key] = entries[n % entries.length]!
    content.delete(key)
    this.#replace(task, { stamp: this.stamp(task)!, stores, damage: 'damaged' })
    this.#history.delete(task)
    return 'lost'
  }
  /** The stamps that a rollback of 1, 2, 3 … calls would bring back. */
  pastStamps(task: string): readonly (string | null)[] {
    return (this.#history.get(task) ?? []).map(past => past.stamp).reverse()
  }
  /** A fault: the task's part is what it was before its last `calls` calls. */
  rollBack(task: string, calls: number): void {
    const history = this.#history.get(task) ?? []
    for (let i = 0; i < calls; i++) history.pop()?.undo()
    this.version++
  }
  #copied(task: string): Map<string, StoreContent> {
    return new Map([...(this.#tasks.get(task)?.stores ?? [])].map(([store, content]) => [store, new Map(content)]))
  }
  #replace(task: string, content: TaskContent): void {
    const before = this.#tasks.get(task)
    this.#tasks.set(task, content)
    this.#remember(task, before, () => this.#restore(task, before))
  }
  #restore(task: string, content: TaskContent | undefined): void {
    if (content === undefined) this.#tasks.delete(task)
    else this.#tasks.set(task, content)
  }
  #remember(task: string, before: TaskContent | undefined, undo: () => void): void {
    this.version++
    if (this.#remembered === 0 || (before !== undefined && before.damage !== 'none')) return // nothing falls back to what has lost an entry
    let history = this.#history.get(task)
    if (history === undefined) this.#history.set(task, (history = []))
    history.push({ stamp: before?.stamp ?? null, undo })
    if (history.length > this.#remembered) history.shift()
  }
}
