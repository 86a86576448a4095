// Accumulators by window and key. A whole window is one map, so that closing it drops one map (performance.md §4).
import { compareKeys, type Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import type { StateEntry, Store } from './store.ts'
import type { Undoable } from './undo.ts'
import { ValueReader, writeValue } from './value-codec.ts'

/** What one (key, window) has folded so far. */
export class Accumulator {
  readonly key: Key
  readonly window: OpenWindow
  /** One state per fold, in the order of the folds. */
  values: unknown[]
  /** Records folded. */
  folded = 0
  changed: 'changed' | 'clean' = 'clean'
  /** Whether the ledger knows it. */
  stored: 'stored' | 'new' = 'new'
  live: 'live' | 'gone' = 'live'
  constructor(key: Key, window: OpenWindow, values: unknown[]) {
    this.key = key
    this.window = window
    this.values = values
  }
}

export class OpenWindow {
  readonly start: number
  readonly end: number
  readonly keys = new Map<Key, Accumulator>()
  constructor(start: number, end: number) {
    this.start = start
    this.end = end
  }
  /** Its accumulators in key order (S3.9). */
  inKeyOrder(): readonly Accumulator[] {
    return [...this.keys.values()].sort((a, b) => compareKeys(a.key, b.key))
  }
}

export class WindowStore implements Store, Undoable {
  readonly name: string
  readonly #resultOf: (values: unknown[]) => unknown
  readonly #windows = new Map<number, OpenWindow>()
  readonly #sizeMs: number
  #changed: Accumulator[] = []
  #live = 0
  /** @param resultOf what people see of an accumulator */
  constructor(name: string, sizeMs: number, resultOf: (values: unknown[]) => unknown) {
    this.name = name
    this.#sizeMs = sizeMs
    this.#resultOf = resultOf
  }
  get size(): number {
    return this.#live
  }
  get windows(): Iterable<OpenWindow> {
    return this.#windows.values()
  }
  /** The earliest end of an open window, Infinity when none is open. */
  earliestEnd(): number {
    let earliest = Infinity
    for (const window of this.#windows.values()) if (window.end < earliest) earliest = window.end
    return earliest
  }
  latestEnd(): number {
    let latest = -Infinity
    for (const window of this.#windows.values()) if (window.end > latest) latest = window.end
    return latest
  }
  window(start: number): OpenWindow | undefined {
    return this.#windows.get(start)
  }
  openWindow(start: number): OpenWindow {
    const window = new OpenWindow(start, start + this.#sizeMs)
    this.#windows.set(start, window)
    return window
  }
  add(window: OpenWindow, key: Key, values: unknown[]): Accumulator {
    const accumulator = new Accumulator(key, window, values)
    window.keys.set(key, accumulator)
    this.#live++
    return accumulator
  }
  touch(accumulator: Accumulator): void {
    if (accumulator.changed === 'changed') return
    accumulator.changed = 'changed'
    this.#changed.push(accumulator)
  }
  /** Removes a window with everything in it: it has been closed. */
  close(window: OpenWindow): void {
    this.#windows.delete(window.start)
    for (const accumulator of window.keys.values()) this.#remove(accumulator)
  }
  /** Undo of one fold; `old` undefined: the accumulator was new. */
  restore(entry: unknown, old: unknown): void {
    const accumulator = entry as Accumulator
    if (old === undefined) {
      const { window } = accumulator
      window.keys.delete(accumulator.key)
      if (window.keys.size === 0) this.#windows.delete(window.start)
      this.#remove(accumulator)
    } else {
      accumulator.values = old as unknown[]
      accumulator.folded--
    }
  }
  writeChanges(block: BlockWriter, store: number): void {
    const changed = this.#changed
    this.#changed = []
    for (const accumulator of changed) {
      accumulator.changed = 'clean'
      if (accumulator.live === 'live') this.#writeEntry(block, store, accumulator)
      else if (accumulator.stored === 'stored') {
        this.#writeKey(block, store, accumulator)
        block.deleted()
      }
    }
  }
  writeAll(block: BlockWriter, store: number): void {
    for (const window of this.#windows.values()) for (const accumulator of window.keys.values()) this.#writeEntry(block, store, accumulator)
  }
  load(key: Buffer, value: Buffer | null): void {
    const start = key.readDoubleLE(0)
    const k = new ValueReader(key, 8).read() as Key
    let window = this.#windows.get(start)
    const existing = window?.keys.get(k)
    if (value === null) {
      if (window === undefined || existing === undefined) return
      this.#live--
      window.keys.delete(k)
      if (window.keys.size === 0) this.#windows.delete(start)
      return
    }
    window ??= this.openWindow(start)
    const reader = new ValueReader(value)
    const folded = reader.read() as number
    const accumulator = existing ?? this.add(window, k, [])
    accumulator.folded = folded
    accumulator.values = []
    while (!reader.done) accumulator.values.push(reader.read())
    accumulator.stored = 'stored'
  }
  clear(): void {
    this.#windows.clear()
    this.#changed = []
    this.#live = 0
  }
  *entries(key?: Key): Iterable<StateEntry> {
    for (const window of this.#windows.values()) {
      for (const { key: k, values } of key === undefined ? window.inKeyOrder() : [window.keys.get(key)].filter(a => a !== undefined)) {
        yield { key: k, window: { start: window.start, end: window.end }, value: this.#resultOf(values) }
      }
    }
  }
  #remove(accumulator: Accumulator): void {
    accumulator.live = 'gone'
    this.#live--
    this.touch(accumulator)
  }
  #writeKey(block: BlockWriter, store: number, { key, window }: Accumulator): void {
    block.open(store)
    block.arena.double(window.start)
    writeValue(block.arena, key)
    block.endKey()
  }
  #writeEntry(block: BlockWriter, store: number, accumulator: Accumulator): void {
    this.#writeKey(block, store, accumulator)
    writeValue(block.arena, accumulator.folded)
    for (const value of accumulator.values) writeValue(block.arena, value)
    block.endValue()
    accumulator.stored = 'stored'
  }
}
