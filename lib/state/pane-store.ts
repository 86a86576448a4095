// Panes in time, and what changed in them: as deltas, as a snapshot, and back.
import type { Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import { KeyIds } from './key-ids.ts'
import { Pane, type PaneEnds } from './pane.ts'
import type { StateEntry, Store } from './store.ts'
import type { Undoable } from './undo.ts'
import { ValueReader, writeValue } from './value-codec.ts'

const NONE = -1

export class PaneStore implements Store, Undoable {
  readonly name: string
  /** Of all keys that any pane holds. */
  readonly keys = new KeyIds()
  readonly #panes = new Map<number, Pane>()
  /** Starts of the panes, ascending. */
  readonly #starts: number[] = []
  /** States in a row. */
  readonly #states: number
  readonly #ends: PaneEnds
  readonly #look: (key: Key | undefined) => Iterable<StateEntry>
  readonly #changed = new Set<Pane>()
  /** Panes that are gone, of which the ledger still knows rows; they hold their keys until it is told. */
  #dropped: Pane[] = []
  #live = 0
  /** @param look what people see: the open windows over these panes, of all keys or of one */
  constructor(name: string, states: number, ends: PaneEnds, look: (key: Key | undefined) => Iterable<StateEntry>) {
    this.name = name
    this.#states = states
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
    const pane = new Pane(start, this.#states, this.#ends)
    this.#panes.set(start, pane)
    this.#starts.splice(this.#indexOf(start), 0, start)
    return pane
  }
  /** Ends a new row, whose states are in its cells. @returns its number */
  end(pane: Pane, id: number, folded: number, told: number): number {
    this.#live++
    this.keys.hold(id)
    return pane.end(id, folded, told)
  }
  /** The row was changed: its entry is due. */
  touch(pane: Pane, row: number): void {
    if (pane.touch(row) === 'first') this.#changed.add(pane)
  }
  /** Removes a pane with everything in it: no window over it is open any more. */
  drop(pane: Pane): void {
    this.keys.sweep()
    this.#forget(pane)
    this.#live -= pane.size
    if (pane.stored === 'some') this.#dropped.push(pane)
    else this.#release(pane)
  }
  /** Undo of one fold; `old` undefined: the row was new, and is the last. */
  restore(entry: unknown, old: unknown): void {
    const [pane, row] = entry as readonly [Pane, number]
    if (old === undefined) return this.#remove(pane, row)
    const page = pane.page(row)
    for (const [i, state] of (old as readonly unknown[]).entries()) page[pane.at(row) + i] = state
    pane.setCounts(row, pane.folded(row) - 1, pane.told(row))
  }
  /** Deletions come first: a pane may have been opened again. */
  writeChanges(block: BlockWriter, store: number): void {
    for (const pane of this.#dropped) {
      for (let row = 0; row < pane.size; row++) {
        if (!pane.isStored(row)) continue
        this.#writeKey(block, store, pane, row)
        block.deleted()
      }
      this.#release(pane)
    }
    this.#dropped = []
    for (const pane of this.#changed) for (const row of pane.takeChanged()) this.#writeEntry(block, store, pane, row)
    this.#changed.clear()
  }
  writeAll(block: BlockWriter, store: number): void {
    for (const pane of this.#panes.values()) for (let row = 0; row < pane.size; row++) this.#writeEntry(block, store, pane, row)
  }
  load(key: Buffer, value: Buffer | null): void {
    const start = key.readDoubleLE(0)
    const k = new ValueReader(key, 8).read() as Key
    let pane = this.#panes.get(start)
    let id = this.keys.of(k)
    let row = pane === undefined || id === NONE ? NONE : pane.find(id)
    if (value === null) {
      if (row !== NONE) this.#remove(pane!, row)
      return
    }
    pane ??= this.open(start)
    const reader = new ValueReader(value)
    const [folded, told] = [reader.read() as number, reader.read() as number]
    const to = row === NONE ? pane.size : row
    const [page, at] = [pane.page(to), pane.at(to)]
    for (let i = 0; i < this.#states; i++) page[at + i] = reader.read()
    if (row === NONE) {
      if (id === NONE) id = this.keys.add(k)
      row = this.end(pane, id, folded, told)
    } else pane.setCounts(row, folded, told)
    pane.setStored(row)
  }
  clear(): void {
    this.#panes.clear()
    this.#starts.length = 0
    this.#changed.clear()
    this.#dropped = []
    this.keys.clear()
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
  #remove(pane: Pane, row: number): void {
    this.keys.release(pane.ids[row]!)
    pane.remove(row)
    this.#live--
    if (pane.size === 0) this.#forget(pane)
  }
  #release(pane: Pane): void {
    for (const id of pane.ids) this.keys.release(id)
  }
  #forget(pane: Pane): void {
    pane.live = 'gone'
    this.#changed.delete(pane)
    this.#panes.delete(pane.start)
    this.#starts.splice(this.#indexOf(pane.start), 1)
  }
  #writeKey(block: BlockWriter, store: number, pane: Pane, row: number): void {
    block.open(store)
    block.arena.double(pane.start)
    writeValue(block.arena, this.keys.keyOf(pane.ids[row]!))
    block.endKey()
  }
  #writeEntry(block: BlockWriter, store: number, pane: Pane, row: number): void {
    this.#writeKey(block, store, pane, row)
    writeValue(block.arena, pane.folded(row))
    writeValue(block.arena, pane.told(row))
    const [page, at] = [pane.page(row), pane.at(row)]
    for (let i = 0; i < this.#states; i++) writeValue(block.arena, page[at + i])
    block.endValue()
    pane.setStored(row)
  }
}
