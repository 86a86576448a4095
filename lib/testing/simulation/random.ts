// Every chance of a simulated world comes out of one seed.
import { MillraceError } from '../../model/errors.ts'
import type { Random } from '../../ports/random.ts'

/** An integer 0 … 2^32 − 1 that looks like chance and depends on nothing but `n`. */
export function mixed(n: number): number {
  let s = (n ^ Math.floor(n / 0x100000000)) | 0
  s = Math.imul(s ^ (s >>> 16), 0x85ebca6b)
  s = Math.imul(s ^ (s >>> 13), 0xc2b2ae35)
  return (s ^ (s >>> 16)) >>> 0
}

/** A seeded stream of numbers (mulberry32 behind a mixed seed): equal seeds give equal streams. */
export class SeededRandom implements Random {
  #state: number
  /** @param seed any integer */
  constructor(seed: number) {
    this.#state = mixed(seed) | 0
  }
  /** An integer 0 … 2^32 − 1. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  /** 0 ≤ x < 1. */
  next(): number {
    return this.bits() / 0x100000000
  }
  /** An integer 0 … n − 1. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }
  /** An integer `from` … `to`, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }
  /** @throws INTERNAL when the list is empty */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new MillraceError('INTERNAL', 'there is nothing to pick from')
    return list[this.below(list.length)]!
  }
  uuid(): string {
    const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0')
    const [a, b, c, d] = [
      hex(this.bits()),
      hex((this.bits() & 0xffff0fff) | 0x4000),
      hex((this.bits() & 0x3fffffff) | 0x80000000),
      hex(this.bits()),
    ]
    return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`
  }
}
