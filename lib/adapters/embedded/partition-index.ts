// Where the batches of one partition lie: columns instead of objects (40 bytes a batch), because a long-lived log has millions of them.

/** Entries are numbered 0 … count − 1 in offset order; numbers shift when the start moves. */
export interface Place {
  readonly segment: number
  readonly position: number
  readonly length: number
  readonly crc: number
}
/** The memory that a batch still lies in, besides the disk. */
export interface InMemory {
  readonly bytes: Buffer
  readonly at: number
}
export interface IndexEntry extends Place {
  readonly base: number
  readonly span: number
  readonly records: number
  readonly maxTime: number
}

/** A batch also takes its entry in a frame's directory. */
const DIRECTORY_BYTES = 48
const COLUMNS = ['base', 'maxTime', 'span', 'records', 'segment', 'position', 'length', 'crc'] as const
type Column = (typeof COLUMNS)[number]
type ColumnArrays = { [C in Column]: C extends 'base' | 'maxTime' ? Float64Array : Uint32Array }

const arrays = (size: number): ColumnArrays => ({
  base: new Float64Array(size),
  maxTime: new Float64Array(size),
  span: new Uint32Array(size),
  records: new Uint32Array(size),
  segment: new Uint32Array(size),
  position: new Uint32Array(size),
  length: new Uint32Array(size),
  crc: new Uint32Array(size),
})

export class PartitionIndex {
  /** First kept offset. */
  start = 0
  /** Where the next transaction goes: everything below is durable and visible. */
  end = 0
  /** Compaction has looked at everything below, in this process. */
  compactedTo = 0
  readonly memory = new Map<number, InMemory>()
  readonly #live: (segment: number, bytes: number) => void
  readonly #waiting = new Set<() => void>()
  #columns = arrays(4)
  #head = 0
  #tail = 0
  #inOrder = true
  #collecting = false
  /** @param live is told how many bytes of a segment came to life (or died, below 0) */
  constructor(live: (segment: number, bytes: number) => void) {
    this.#live = live
  }
  get count(): number {
    return this.#tail - this.#head
  }
  entry(i: number): IndexEntry {
    const c = this.#columns
    const at = this.#head + i
    return {
      base: c.base[at]!,
      span: c.span[at]!,
      records: c.records[at]!,
      maxTime: c.maxTime[at]!,
      segment: c.segment[at]!,
      position: c.position[at]!,
      length: c.length[at]!,
      crc: c.crc[at]!,
    }
  }
  baseOf(i: number): number {
    return this.#columns.base[this.#head + i]!
  }
  nextOf(i: number): number {
    return this.#columns.base[this.#head + i]! + this.#columns.span[this.#head + i]!
  }
  maxTimeOf(i: number): number {
    return this.#columns.maxTime[this.#head + i]!
  }
  lengthOf(i: number): number {
    return this.#columns.length[this.#head + i]!
  }
  segmentOf(i: number): number {
    return this.#columns.segment[this.#head + i]!
  }
  /** Number of the entry that holds `offset`; `count` when it lies at or beyond the end. */
  find(offset: number): number {
    const { base, span } = this.#columns
    let low = this.#head
    for (let high = this.#tail; low < high; ) {
      const middle = (low + high) >>> 1
      if (base[middle]! + span[middle]! <= offset) low = middle + 1
      else high = middle
    }
    return low - this.#head
  }
  /** Adds the newest batch and wakes who waits for it. */
  append(entry: IndexEntry): void {
    this.#push(entry)
    this.end = entry.base + entry.span
    this.#live(entry.segment, entry.length + DIRECTORY_BYTES)
    this.wake()
  }
  /** Forgets what lies wholly below `start`. */
  moveStart(start: number): void {
    if (start <= this.start) return
    this.start = start
    if (this.#collecting) return
    const { base, span, segment, length } = this.#columns
    for (; this.#head < this.#tail && base[this.#head]! + span[this.#head]! <= start; this.#head++) {
      this.#live(segment[this.#head]!, -length[this.#head]! - DIRECTORY_BYTES)
      this.memory.delete(base[this.#head]!)
    }
    if (this.#head > 1024 && this.#head > this.#tail / 2) this.#resize(this.count * 2)
  }
  /** Puts `entry` in the place of the entries that cover its offsets. False, and nothing is done, when the first of them is gone meanwhile. */
  replace(entry: IndexEntry): boolean {
    const first = this.find(entry.base)
    if (first === this.count || this.baseOf(first) !== entry.base) return false
    const { records } = this.entry(first)
    let last = first
    while (last + 1 < this.count && this.baseOf(last + 1) < entry.base + entry.span) last++
    for (let i = first; i <= last; i++) {
      this.#live(this.segmentOf(i), -this.lengthOf(i) - DIRECTORY_BYTES)
      if (last > first || records !== entry.records) this.memory.delete(this.baseOf(i))
    }
    this.#set(this.#head + first, entry)
    for (const column of COLUMNS) this.#columns[column].copyWithin(this.#head + first + 1, this.#head + last + 1, this.#tail)
    this.#tail -= last - first
    this.#live(entry.segment, entry.length + DIRECTORY_BYTES)
    return true
  }
  /** Adds a batch in the order of the journal, while the log is opened; `settle` makes order of it. */
  collect(entry: IndexEntry): void {
    this.#collecting = true
    if (this.count > 0 && entry.base !== this.nextOf(this.count - 1)) this.#inOrder = false
    this.#push(entry)
    this.end = Math.max(this.end, entry.base + entry.span)
  }
  /**
   * After the last `collect`: of several copies of an offset the one written last counts, and what lies below the start is forgotten.
   * Returns the first kept offset that no batch holds, or null when none is missing.
   */
  settle(): number | null {
    this.#collecting = false
    return this.#inOrder ? this.#settleInOrder() : this.#settleCopies()
  }
  #settleInOrder(): number | null {
    for (let i = 0; i < this.count; i++) this.#live(this.segmentOf(i), this.lengthOf(i) + DIRECTORY_BYTES)
    const { start } = this
    this.start = 0
    this.moveStart(start)
    const first = this.count === 0 ? this.end : this.baseOf(0)
    if (first > start) return start
    return this.count > 0 && this.nextOf(this.count - 1) < this.end ? this.nextOf(this.count - 1) : null
  }
  #settleCopies(): number | null {
    const collected = Array.from({ length: this.count }, (_, i) => i)
    collected.sort((a, b) => this.baseOf(a) - this.baseOf(b) || b - a)
    const kept: IndexEntry[] = []
    let next = this.start
    let missing: number | null = null
    for (const i of collected) {
      const entry = this.entry(i)
      if (entry.base + entry.span <= next) continue
      if (entry.base > next) missing ??= next
      kept.push(entry)
      next = entry.base + entry.span
    }
    if (next < this.end) missing ??= next
    this.#columns = arrays(Math.max(kept.length, 4))
    this.#head = this.#tail = 0
    for (const entry of kept) {
      this.#push(entry)
      this.#live(entry.segment, entry.length + DIRECTORY_BYTES)
    }
    return missing
  }
  /** Calls `wake` once, when a batch is appended or the log closes. */
  waitFor(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }
  wake(): void {
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  #push(entry: IndexEntry): void {
    if (this.#tail === this.#columns.base.length) this.#resize(Math.max(this.count * 2, 4))
    this.#set(this.#tail++, entry)
  }
  #set(at: number, entry: IndexEntry): void {
    for (const column of COLUMNS) this.#columns[column][at] = entry[column]
  }
  #resize(size: number): void {
    const bigger = arrays(Math.max(size, this.count + 1))
    for (const column of COLUMNS) bigger[column].set(this.#columns[column].subarray(this.#head, this.#tail))
    this.#columns = bigger
    this.#tail -= this.#head
    this.#head = 0
  }
}
