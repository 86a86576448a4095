// What is to happen at a virtual time: a heap by time, among equals in the order of setting.
export interface Timer<T> {
  due: number
  readonly order: number
  readonly what: T
  cancelled: boolean
}

export class Timers<T> {
  readonly #heap: Timer<T>[] = []
  #order = 0

  set(due: number, what: T): Timer<T> {
    const timer = { due, order: this.#order++, what, cancelled: false }
    const heap = this.#heap
    let i = heap.push(timer) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(timer, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = timer
    return timer
  }
  /** The time of the next one, null when none will ever come. */
  next(): number | null {
    while (this.#heap[0]?.cancelled === true) this.#removeFirst()
    const due = this.#heap[0]?.due ?? Number.POSITIVE_INFINITY
    return due === Number.POSITIVE_INFINITY ? null : due
  }
  /** Takes the next one if it is due at `time`. */
  take(time: number): T | null {
    const due = this.next()
    return due === null || due > time ? null : this.#removeFirst().what
  }
  cancelWhere(unwanted: (what: T) => boolean): void {
    for (const timer of this.#heap) if (unwanted(timer.what)) timer.cancelled = true
  }
  /** Moves all of them by the same time. */
  shift(by: number): void {
    for (const timer of this.#heap) timer.due += by
  }
  #removeFirst(): Timer<T> {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) {
      let i = 0
      for (;;) {
        let child = 2 * i + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
        if (!before(heap[child]!, last)) break
        heap[i] = heap[child]!
        i = child
      }
      heap[i] = last
    }
    return first
  }
}

const before = (a: Timer<unknown>, b: Timer<unknown>): boolean => a.due < b.due || (a.due === b.due && a.order < b.order)
