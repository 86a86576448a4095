// Numbers that look random and are a function of where they are asked for: 32-bit integer arithmetic only, the same on every machine.

const scrambled = (x: number): number => {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 0
}

/** A splitmix32 sequence for one (seed, purpose, number). */
export class Draws {
  #state: number
  /** @param n a whole number, 0 … 2^53 − 1 */
  constructor(seed: number, purpose: number, n: number) {
    const high = Math.floor(n / 0x1_0000_0000)
    this.#state = scrambled(scrambled(scrambled(seed | 0) ^ Math.imul(purpose, 0x9e3779b9) ^ high) ^ (n | 0))
  }
  /** 0 … k − 1, for 0 < k ≤ 2^21 (so that the product stays exact). */
  below(k: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    return Math.floor((scrambled(this.#state) * k) / 0x1_0000_0000)
  }
  /** True in `n` of a million cases. */
  perMillion(n: number): boolean {
    return this.below(1_000_000) < n
  }
  /** `low` … `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }
}
