// A set of small whole numbers in the order in which they came, each with its place among them: a table of places, hashed, without an object per entry.

/** Fibonacci hashing: neighbours in number become strangers in place. */
const SPREAD = 0x9e3779b1
const LEAST_BITS = 3

export class IdSet {
  readonly ids: number[] = []
  /** Places plus one, 0 where there is none; at most half full. */
  #table: Int32Array
  #shift: number
  /** @param expected so many are to come */
  constructor(expected = 0) {
    const bits = Math.max(LEAST_BITS, Math.ceil(Math.log2(expected * 2)))
    this.#table = new Int32Array(1 << bits)
    this.#shift = 32 - bits
  }
  get size(): number {
    return this.ids.length
  }
  /** The place of `id`, −1 when it is not in the set. */
  find(id: number): number {
    const table = this.#table
    const ids = this.ids
    const mask = table.length - 1
    for (let i = Math.imul(id, SPREAD) >>> this.#shift; ; i = (i + 1) & mask) {
      const place = table[i]! - 1
      if (place < 0 || ids[place] === id) return place
    }
  }
  /** Adds what is not in the set. @returns its place, the last */
  add(id: number): number {
    const place = this.ids.push(id) - 1
    if (this.ids.length * 2 > this.#table.length) this.#grow()
    else this.#table[this.#gapFor(id)] = place + 1
    return place
  }
  /** Removes what is in a place; what was added last takes it. */
  remove(place: number): void {
    const table = this.#table
    const ids = this.ids
    const mask = table.length - 1
    let gap = this.#slotOf(place)
    // What was moved on by a full slot moves back, as if the removed one had never been there.
    for (let i = (gap + 1) & mask; table[i] !== 0; i = (i + 1) & mask) {
      const home = Math.imul(ids[table[i]! - 1]!, SPREAD) >>> this.#shift
      if (((i - home) & mask) < ((i - gap) & mask)) continue
      table[gap] = table[i]!
      gap = i
    }
    table[gap] = 0
    const last = ids.length - 1
    if (place < last) {
      table[this.#slotOf(last)] = place + 1
      ids[place] = ids[last]!
    }
    ids.pop()
  }
  #slotOf(place: number): number {
    const table = this.#table
    let i = Math.imul(this.ids[place]!, SPREAD) >>> this.#shift
    while (table[i] !== place + 1) i = (i + 1) & (table.length - 1)
    return i
  }
  #gapFor(id: number): number {
    const table = this.#table
    let i = Math.imul(id, SPREAD) >>> this.#shift
    while (table[i] !== 0) i = (i + 1) & (table.length - 1)
    return i
  }
  #grow(): void {
    this.#table = new Int32Array(this.#table.length * 2)
    this.#shift--
    for (const [place, id] of this.ids.entries()) this.#table[this.#gapFor(id)] = place + 1
  }
}
