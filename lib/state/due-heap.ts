// What is due first: a binary heap whose entries may be out of date. An item may become due later than it was when it was added, never earlier, so an old
// entry is a lower bound and is looked at again when it comes to the top.
export class DueHeap<T> {
  readonly #entries: { at: number; readonly item: T }[] = []
  readonly #dueOf: (item: T) => number | null
  readonly #forgotten: (item: T) => void
  /**
   * @param dueOf when an item is due now; null when it is not waited for any more
   * @param forgotten is told of an item that left the heap
   */
  constructor(dueOf: (item: T) => number | null, forgotten: (item: T) => void = () => {}) {
    this.#dueOf = dueOf
    this.#forgotten = forgotten
  }
  add(item: T, at: number): void {
    const entries = this.#entries
    let i = entries.push({ at, item }) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (entries[parent]!.at <= entries[i]!.at) return
      ;[entries[parent], entries[i]] = [entries[i]!, entries[parent]!]
      i = parent
    }
  }
  /** The item that is due first; undefined when nothing is waited for. It stays until it is not waited for any more. */
  first(): T | undefined {
    const entries = this.#entries
    while (entries.length > 0) {
      const top = entries[0]!
      const due = this.#dueOf(top.item)
      if (due === top.at) return top.item
      if (due !== null) top.at = due
      else {
        this.#forgotten(top.item)
        const last = entries.pop()!
        if (entries.length === 0) return undefined
        entries[0] = last
      }
      this.#sink()
    }
    return undefined
  }
  /** When the first item is due, Infinity when nothing is waited for. */
  firstAt(): number {
    return this.first() === undefined ? Infinity : this.#entries[0]!.at
  }
  clear(): void {
    this.#entries.length = 0
  }
  #sink(): void {
    const entries = this.#entries
    for (let i = 0; ; ) {
      const left = 2 * i + 1
      if (left >= entries.length) return
      const child = left + 1 < entries.length && entries[left + 1]!.at < entries[left]!.at ? left + 1 : left
      if (entries[i]!.at <= entries[child]!.at) return
      ;[entries[i], entries[child]] = [entries[child]!, entries[i]!]
      i = child
    }
  }
}
