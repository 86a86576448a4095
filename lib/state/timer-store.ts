// Timers by key and name (S5.3): state like any other, so they survive restarts; each fires once.
import { compareKeys, type Key } from '../model/key.ts'
import type { BlockWriter } from './delta.ts'
import { DueHeap } from './due-heap.ts'
import type { StateEntry, Store } from './store.ts'
import type { Undoable, UndoLog } from './undo.ts'
import { ValueReader, writeValue } from './value-codec.ts'

export interface KeptTimer {
  readonly key: Key
  readonly name: string
  /** ms since epoch, by the clock that it follows. */
  readonly at: number
  readonly clock: 'event' | 'wall'
}
interface Place {
  readonly key: Key
  readonly name: string
}

export class TimerStore implements Store, Undoable {
  readonly name: string
  readonly #timers = new Map<Key, Map<string, KeptTimer>>()
  readonly #due = { event: this.#heap(), wall: this.#heap() }
  readonly #changed = new Map<string, Place>()
  #live = 0
  constructor(name: string) {
    this.name = name
  }
  get size(): number {
    return this.#live
  }
  /** When the first timer of a clock is due, Infinity when none is set. */
  nextAt(clock: KeptTimer['clock']): number {
    return this.#due[clock].firstAt(Infinity)
  }
  /** Sets a timer in place of the one of that name, if there is one. */
  set(timer: KeptTimer, undo: UndoLog): void {
    this.#note(timer, undo)
    this.#put(timer, timer)
  }
  cancel(place: Place, undo: UndoLog): void {
    if (this.#timers.get(place.key)?.has(place.name) !== true) return
    this.#note(place, undo)
    this.#put(place, undefined)
  }
  /** All timers of a key: the key is forgotten. */
  cancelAll(key: Key, undo: UndoLog): void {
    for (const timer of [...(this.#timers.get(key)?.values() ?? [])]) this.cancel(timer, undo)
  }
  /** Removes the timers of a clock that are due by `now`; in (time, key, name) order, as windows close (S3.9). */
  fired(clock: KeptTimer['clock'], now: number): readonly KeptTimer[] {
    const fired: KeptTimer[] = []
    for (let timer = this.#due[clock].first(); timer !== undefined && timer.at <= now; timer = this.#due[clock].first()) {
      this.#put(timer, undefined)
      fired.push(timer)
    }
    return fired.sort((a, b) => a.at - b.at || compareKeys(a.key, b.key) || (a.name < b.name ? -1 : 1))
  }
  restore(entry: unknown, old: unknown): void {
    this.#put(entry as Place, old as KeptTimer | undefined)
  }
  writeChanges(block: BlockWriter, store: number): void {
    for (const { key, name } of this.#changed.values()) {
      const timer = this.#timers.get(key)?.get(name)
      if (timer !== undefined) writeTimer(block, store, timer)
      else {
        writePlace(block, store, { key, name })
        block.deleted()
      }
    }
    this.#changed.clear()
  }
  writeAll(block: BlockWriter, store: number): void {
    for (const timers of this.#timers.values()) for (const timer of timers.values()) writeTimer(block, store, timer)
  }
  load(key: Buffer, value: Buffer | null): void {
    const place = new ValueReader(key)
    const [k, name] = [place.read() as Key, place.read() as string]
    if (value === null) this.#put({ key: k, name }, undefined)
    else {
      const reader = new ValueReader(value)
      this.#put({ key: k, name }, { key: k, name, at: reader.read() as number, clock: reader.read() as KeptTimer['clock'] })
    }
    this.#changed.clear() // what comes from the ledger is no change
  }
  clear(): void {
    this.#timers.clear()
    this.#due.event.clear()
    this.#due.wall.clear()
    this.#changed.clear()
    this.#live = 0
  }
  *entries(key?: Key): Iterable<StateEntry> {
    const found = key === undefined ? this.#timers.values() : [this.#timers.get(key) ?? new Map<string, KeptTimer>()]
    for (const timers of found)
      for (const { key: k, name, at, clock } of timers.values()) yield { key: k, value: { timer: name, at, clock } }
  }
  #note({ key, name }: Place, undo: UndoLog): void {
    undo.note(this, { key, name } satisfies Place, this.#timers.get(key)?.get(name))
  }
  #put({ key, name }: Place, timer: KeptTimer | undefined): void {
    let timers = this.#timers.get(key)
    if (timers?.has(name) === true) this.#live--
    if (timer === undefined) {
      timers?.delete(name)
      if (timers?.size === 0) this.#timers.delete(key)
    } else {
      if (timers === undefined) this.#timers.set(key, (timers = new Map()))
      timers.set(name, timer)
      this.#live++
      this.#due[timer.clock].add(timer, timer.at)
    }
    this.#changed.set(`${typeof key} ${key} ${name}`, { key, name })
  }
  #heap(): DueHeap<KeptTimer> {
    return new DueHeap<KeptTimer>(t => (this.#timers.get(t.key)?.get(t.name) === t ? t.at : null))
  }
}

function writePlace(block: BlockWriter, store: number, { key, name }: Place): void {
  block.open(store)
  writeValue(block.arena, key)
  writeValue(block.arena, name)
  block.endKey()
}
function writeTimer(block: BlockWriter, store: number, timer: KeptTimer): void {
  writePlace(block, store, timer)
  writeValue(block.arena, timer.at)
  writeValue(block.arena, timer.clock)
  block.endValue()
}
