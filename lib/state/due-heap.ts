// What is due first: entries that may be out of date. An item may become due later than it was when it was added, never earlier, so an old entry is a lower
// bound and is looked at again when its time has come. What is far from due is only sorted into slices of time; a heap orders the slice that is near.

/** Children of a place in the heap: four times lie in one line of the cache, and a heap of them is half as deep as one of two. */
const WIDTH = 4

export class DueHeap<T> {
  /** Of the heap: times and items side by side, so that the times it is walked by lie in one piece of memory. */
  readonly #ats: number[] = []
  readonly #items: T[] = []
  /** Items by the number of the slice in which they were due last; all of them lie behind the heap's. */
  readonly #far = new Map<number, T[]>()
  /** The slice from which on items are far. */
  #farFrom = -Infinity
  readonly #sliceMs: number
  readonly #dueOf: (item: T) => number | null
  readonly #forgotten: (item: T) => void
  /**
   * @param dueOf when an item is due now; null when it is not waited for any more
   * @param forgotten is told of an item that left the heap
   * @param sliceMs a small part of what items are usually put off by; Infinity: they are not
   */
  constructor(dueOf: (item: T) => number | null, forgotten: (item: T) => void = () => {}, sliceMs = Infinity) {
    this.#dueOf = dueOf
    this.#forgotten = forgotten
    this.#sliceMs = sliceMs
    this.clear()
  }
  add(item: T, at: number): void {
    const slice = Math.floor(at / this.#sliceMs)
    if (slice < this.#farFrom) return this.#rise(item, at)
    const slices = this.#far.get(slice)
    if (slices === undefined) this.#far.set(slice, [item])
    else slices.push(item)
  }
  /** The item that is due first; undefined when nothing is waited for. It stays until it is not waited for any more. */
  first(): T | undefined {
    this.#settle(Infinity)
    return this.#items[0]
  }
  /** When the first item is due, Infinity when nothing is waited for. One that is due after `by` may be told too early, but not by then. */
  firstAt(by: number): number {
    const next = this.#settle(by)
    return this.#ats.length === 0 ? next : this.#ats[0]!
  }
  clear(): void {
    this.#ats.length = 0
    this.#items.length = 0
    this.#far.clear()
    this.#farFrom = this.#sliceMs === Infinity ? Infinity : -Infinity
  }
  /** Brings entries up to date until the first of them is, or none is by `by`. @returns the earliest time of what is far */
  #settle(by: number): number {
    for (;;) {
      this.#settleNear(by)
      if (this.#ats.length > 0 || this.#far.size === 0) return Infinity
      let slice = Infinity
      for (const number of this.#far.keys()) if (number < slice) slice = number
      if (slice * this.#sliceMs > by) return slice * this.#sliceMs
      this.#bringNear(slice)
    }
  }
  #bringNear(slice: number): void {
    const items = this.#far.get(slice)!
    this.#far.delete(slice)
    this.#farFrom = slice + 1
    for (const item of items) {
      const due = this.#dueOf(item)
      if (due === null) this.#forgotten(item)
      else this.add(item, due)
    }
  }
  #settleNear(by: number): void {
    const ats = this.#ats
    const items = this.#items
    while (ats.length > 0 && ats[0]! <= by) {
      const top = items[0]!
      const due = this.#dueOf(top)
      if (due === ats[0]) return
      const last = items.pop()!
      const at = ats.pop()!
      if (ats.length > 0) this.#sink(last, at)
      if (due === null) this.#forgotten(top)
      else this.add(top, due)
    }
  }
  #rise(item: T, at: number): void {
    const ats = this.#ats
    const items = this.#items
    let i = ats.length
    ats.push(at)
    items.push(item)
    while (i > 0) {
      const parent = ((i - 1) / WIDTH) | 0
      if (ats[parent]! <= at) break
      ats[i] = ats[parent]!
      items[i] = items[parent]!
      i = parent
    }
    ats[i] = at
    items[i] = item
  }
  /** Puts an item in the place of the first one, then where it belongs. */
  #sink(item: T, at: number): void {
    const ats = this.#ats
    const items = this.#items
    const n = ats.length
    let i = 0
    for (;;) {
      let child = i * WIDTH + 1
      if (child >= n) break
      const end = Math.min(n, child + WIDTH)
      let least = ats[child]!
      for (let c = child + 1; c < end; c++) {
        if (ats[c]! >= least) continue
        least = ats[c]!
        child = c
      }
      if (at <= least) break
      ats[i] = least
      items[i] = items[child]!
      i = child
    }
    ats[i] = at
    items[i] = item
  }
}
