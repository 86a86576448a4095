// java.util.SplittableRandom (Java 17), so that the bench reads the very orders that the peers were measured on. Source of the constants and
// steps: the class's own documentation and "Fast splittable pseudorandom number generators" (Steele, Lea, Flood 2014). 64 bits as two halves.
export class SplittableRandom {
  #high: number
  #low: number
  // a product or sum of 64 bits, as its two halves
  #h = 0
  #l = 0
  constructor(seed: number) {
    this.#high = Math.floor(seed / 2 ** 32) >>> 0
    this.#low = seed >>> 0
  }
  /** 0 ≤ x < 1 */
  nextDouble(): number {
    this.#mix64()
    return (this.#h * 2 ** 21 + (this.#l >>> 11)) / 2 ** 53
  }
  /** 0 ≤ n < bound, bound below 2^31 */
  nextInt(bound: number): number {
    let r = this.#mix32()
    const m = bound - 1
    if ((bound & m) === 0) return r & m
    for (let u = r >>> 1; u + m - (r = u % bound) > 0x7fffffff; u = this.#mix32() >>> 1);
    return r
  }
  /** 0 ≤ n < bound, bound below 2^31: the wide overflow test of the original never fires for such bounds but once in 2^32 */
  nextLong(bound: number): number {
    this.#mix64()
    const low31 = (this.#h % bound) * (2 ** 31 % bound) + (this.#l >>> 1)
    if ((bound & (bound - 1)) === 0) return this.#l & (bound - 1)
    return low31 % bound
  }
  #next(): void {
    const low = this.#low + 0x7f4a7c15
    this.#low = low >>> 0
    this.#high = (this.#high + 0x9e3779b9 + (low > 0xffffffff ? 1 : 0)) >>> 0
    this.#h = this.#high
    this.#l = this.#low
  }
  #mix64(): void {
    this.#next()
    this.#fold(30)
    this.#times(0xbf58476d, 0x1ce4e5b9)
    this.#fold(27)
    this.#times(0x94d049bb, 0x133111eb)
    this.#fold(31)
  }
  #mix32(): number {
    this.#next()
    this.#fold(33)
    this.#times(0x62a9d9ed, 0x799705f5)
    this.#fold(28)
    this.#times(0xcb24d0a5, 0xc88c35b3)
    return this.#h | 0
  }
  /** z ^= z >>> bits */
  #fold(bits: number): void {
    const { h, l } =
      bits < 32 ? { h: this.#h >>> bits, l: ((this.#l >>> bits) | (this.#h << (32 - bits))) >>> 0 } : { h: 0, l: this.#h >>> (bits - 32) }
    this.#h = (this.#h ^ h) >>> 0
    this.#l = (this.#l ^ l) >>> 0
  }
  #times(h: number, l: number): void {
    const a = this.#l & 0xffff
    const b = this.#l >>> 16
    const c = l & 0xffff
    const d = l >>> 16
    const ac = a * c
    const middle = (ac >>> 16) + a * d
    const cross = (middle & 0xffff) + b * c
    const low = (((cross & 0xffff) << 16) | (ac & 0xffff)) >>> 0
    const carry = b * d + Math.floor(middle / 65536) + ((cross / 65536) >>> 0)
    this.#h = (carry + Math.imul(this.#h, l) + Math.imul(this.#l, h)) >>> 0
    this.#l = low
  }
}
