// The cache behind simulated state caches: atomic calls, and a memory of what it was before them, so that it can fall back.
import type { ApplyCall, CacheEntry } from '../../ports/state-cache.ts'

/** Values by key, the key as one character a byte (latin1). */
export type StoreContent = Map<string, Uint8Array>
export interface TaskContent {
  readonly stamp: string
  readonly stores: Map<string, StoreContent>
}

/** Changes that were packed when the call was made: the caller's memory may be another's when the call lands. */
export type PackedEntry = readonly [store: string, key: string, value: Uint8Array | null]
export const packedKey = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
export const packedEntry = ({ store, key, value }: CacheEntry): PackedEntry => [
  store,
  packedKey(key),
  value === null ? null : new Uint8Array(value),
]

export class CacheServer {
  readonly #tasks = new Map<string, TaskContent>()
  /** Per task: what takes back its last calls, newest last. */
  readonly #history = new Map<string, (() => void)[]>()
  /** How many calls of a task can be taken back. */
  readonly #remembered: number

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
    this.#tasks.set(task, { stamp: call.stamp, stores })
    this.#remember(task, () => {
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
    this.#remember(task, () => this.#restore(task, before))
    return 'lost'
  }
  /** How many calls of the task can be taken back now. */
  remembered(task: string): number {
    return this.#history.get(task)?.length ?? 0
  }
  /** A fault: the task's part is what it was before its last `calls` calls. */
  rollBack(task: string, calls: number): void {
    const history = this.#history.get(task) ?? []
    for (let i = 0; i < calls; i++) history.pop()?.()
  }
  #restore(task: string, content: TaskContent | undefined): void {
    if (content === undefined) this.#tasks.delete(task)
    else this.#tasks.set(task, content)
  }
  #remember(task: string, undo: () => void): void {
    if (this.#remembered === 0) return
    let history = this.#history.get(task)
    if (history === undefined) this.#history.set(task, (history = []))
    history.push(undo)
    if (history.length > this.#remembered) history.shift()
  }
}
