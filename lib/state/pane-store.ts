// Accumulators by pane and key. A whole pane is one map, so that what has passed is dropped as one map (performance.md §4).
import { compareKeys, type Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import type { StateEntry, Store } from './store.ts'
import type { Undoable } from './undo.ts'
import { ValueReader, writeValue } from './value-codec.ts'

/** What one (key, pane) has folded so far. */
export class Accumulator {
  readonly key: Key
  readonly pane: Pane
  /** One state per fold, in the order of the folds. */
  values: unknown[]
  /** Records folded. */
  folded = 0
  /** Of these, how many had been folded when the windows over it were last told (S4.2, S4.3). */
  told = 0
  changed: 'changed' | 'clean' = 'clean'
  /** Whether the ledger knows it. */
  stored: 'stored' | 'new' = 'new'
  live: 'live' | 'gone' = 'live'
  constructor(key: Key, pane: Pane, values: unknown[]) {
    this.key = key
    this.pane = pane
    this.values = values
  }
}

/** Which windows lie over a pane, by their ends (lib/stages/window/assigner.ts). */
export interface PaneEnds {
  nextEnd(pane: number, after: number): number
  lastEnd(pane: number): number
}

export class Pane {
  readonly start: number
  /** Ends of the first and the last window over it. */
  readonly firstEnd: number
  readonly lastEnd: number
  readonly keys = new Map<Key, Accumulator>()
  constructor(start: number, ends: PaneEnds) {
    this.start = start
    this.firstEnd = ends.nextEnd(start, -Infinity)
    this.lastEnd = ends.lastEnd(start)
  }
  /** Its accumulators in key order (S3.9). */
  inKeyOrder(): readonly Accumulator[] {
    return [...this.keys.values()].sort((a, b) => compareKeys(a.key, b.key))
  }
}

export class PaneStore implements Store, Undoable {
  readonly name: string
  readonly #panes = new Map<number, Pane>()
  /** Starts of the panes, ascending. */
  readonly #starts: number[] = []
  readonly #ends: PaneEnds
  readonly #look: (key: Key | undefined) => Iterable<StateEntry>
  #changed: Accumulator[] = []
  #live = 0
  /** @param look what people see: the open windows over these panes, of all keys or of one */
  constructor(name: string, ends: PaneEnds, look: (key: Key | undefined) => Iterable<StateEntry>) {
    this.name = name
    this.#ends = ends
    this.#look = look
  }
  get size(): number {
    return this.#live
  }
  /** The earliest and the latest pane. */
  get first(): Pane | undefined {
    return this.#panes.get(this.#starts[0]!)
  }
  get last(): Pane | undefined {
    return this.#panes.get(this.#starts.at(-1)!)
  }
  /** The earliest end after `after` of a window over any pane, Infinity when there is none. */
  earliestEnd(after: number): number {
    const starts = this.#starts
    let low = 0
    for (let high = starts.length; low < high; ) {
      const middle = (low + high) >>> 1
      if (this.#panes.get(starts[middle]!)!.lastEnd > after) high = middle
      else low = middle + 1
    }
    return low === starts.length ? Infinity : this.#ends.nextEnd(starts[low]!, after) // of a later pane it is no earlier
  }
  *[Symbol.iterator](): Iterator<Pane> {
    for (const start of this.#starts) yield this.#panes.get(start)!
  }
  *accumulators(): Iterable<Accumulator> {
    for (const pane of this) yield* pane.keys.values()
  }
  pane(start: number): Pane | undefined {
    return this.#panes.get(start)
  }
  /** The panes in `[from, to)`, ascending. */
  between(from: number, to: number): readonly Pane[] {
    const found: Pane[] = []
    for (let i = this.#indexOf(from); i < this.#starts.length && this.#starts[i]! < to; i++) found.push(this.#panes.get(this.#starts[i]!)!)
    return found
  }
  open(start: number): Pane {
    const pane = new Pane(start, this.#ends)
    this.#panes.set(start, pane)
    this.#starts.splice(this.#indexOf(start), 0, start)
    return pane
  }
  add(pane: Pane, key: Key, values: unknown[]): Accumulator {
    const accumulator = new Accumulator(key, pane, values)
    pane.keys.set(key, accumulator)
    this.#live++
    return accumulator
  }
  /** The accumulator was changed: its entry is due. */
  touch(accumulator: Accumulator): void {
    if (accumulator.changed === 'changed') return
    accumulator.changed = 'changed'
    this.#changed.push(accumulator)
  }
  /** Removes a pane with everything in it: no window over it is open any more. */
  drop(pane: Pane): void {
    this.#forget(pane)
    for (const accumulator of pane.keys.values()) this.#remove(accumulator)
  }
  /** Undo of one fold; `old` undefined: the accumulator was new. */
  restore(entry: unknown, old: unknown): void {
    const accumulator = entry as Accumulator
    if (old === undefined) {
      const { pane } = accumulator
      pane.keys.delete(accumulator.key)
      if (pane.keys.size === 0) this.#forget(pane)
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
    for (const pane of this.#panes.values()) for (const accumulator of pane.keys.values()) this.#writeEntry(block, store, accumulator)
  }
  load(key: Buffer, value: Buffer | null): void {
    const start = key.readDoubleLE(0)
    const k = new ValueReader(key, 8).read() as Key
    let pane = this.#panes.get(start)
    const existing = pane?.keys.get(k)
    if (value === null) {
      if (pane === undefined || existing === undefined) return
      this.#live--
      pane.keys.delete(k)
      if (pane.keys.size === 0) this.#forget(pane)
      return
    }
    pane ??= this.open(start)
    const reader = new ValueReader(value)
    const accumulator = existing ?? this.add(pane, k, [])
    accumulator.folded = reader.read() as number
    accumulator.told = reader.read() as number
    accumulator.values = []
    while (!reader.done) accumulator.values.push(reader.read())
    accumulator.stored = 'stored'
  }
  clear(): void {
    this.#panes.clear()
    this.#starts.length = 0
    this.#changed = []
    this.#live = 0
  }
  entries(key?: Key): Iterable<StateEntry> {
    return this.#look(key)
  }
  /** Where `start` stands, or would. */
  #indexOf(start: number): number {
    const starts = this.#starts
    let high = starts.length
    if (high === 0 || starts[high - 1]! < start) return high
    let low = 0
    while (low < high) {
      const middle = (low + high) >>> 1
      if (starts[middle]! < start) low = middle + 1
      else high = middle
    }
    return low
  }
  #forget(pane: Pane): void {
    if (this.#panes.get(pane.start) !== pane) return
    this.#panes.delete(pane.start)
    this.#starts.splice(this.#indexOf(pane.start), 1)
  }
  #remove(accumulator: Accumulator): void {
    accumulator.live = 'gone'
    this.#live--
    this.touch(accumulator)
  }
  #writeKey(block: BlockWriter, store: number, { key, pane }: Accumulator): void {
    block.open(store)
    block.arena.double(pane.start)
    writeValue(block.arena, key)
    block.endKey()
  }
  #writeEntry(block: BlockWriter, store: number, accumulator: Accumulator): void {
    this.#writeKey(block, store, accumulator)
    writeValue(block.arena, accumulator.folded)
    writeValue(block.arena, accumulator.told)
    for (const value of accumulator.values) writeValue(block.arena, value)
    block.endValue()
    accumulator.stored = 'stored'
  }
}
