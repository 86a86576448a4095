// A growing buffer that everything that becomes bytes is written into: no small buffers on the hot path.
export class Arena {
  bytes: Buffer
  at = 0
  constructor(size = 4096) {
    this.bytes = allocated(size)
  }
  /** Makes room for `n` more bytes. */
  reserve(n: number): void {
    const need = this.at + n
    if (need <= this.bytes.length) return
    const grown = allocated(Math.max(need, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
  }
  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.at++] = value
  }
  /** An unsigned integer 0 … 2^53 − 1, seven bits a byte, low first. */
  varint(value: number): void {
    this.reserve(8)
    const { bytes } = this
    while (value > 0x7fffffff) {
      bytes[this.at++] = (value % 128) | 0x80
      value = Math.floor(value / 128)
    }
    while (value > 127) {
      bytes[this.at++] = (value & 127) | 0x80
      value >>>= 7
    }
    bytes[this.at++] = value
  }
  double(value: number): void {
    this.reserve(8)
    this.at = this.bytes.writeDoubleLE(value, this.at)
  }
  raw(source: Uint8Array, start = 0, end = source.length): void {
    this.reserve(end - start)
    if (end - start < 24) {
      const { bytes } = this
      for (let i = start; i < end; i++) bytes[this.at++] = source[i]!
    } else {
      this.bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.at)
      this.at += end - start
    }
  }
  /** UTF-8 without a length. Returns the number of bytes. */
  utf8(text: string): number {
    const { length } = text
    this.reserve(length * 3)
    const { bytes } = this
    const from = this.at
    if (length < 40) {
      let i = 0
      for (; i < length; i++) {
        const c = text.charCodeAt(i)
        if (c > 127) break
        bytes[from + i] = c
      }
      if (i === length) {
        this.at = from + length
        return length
      }
    }
    const n = bytes.write(text, from)
    this.at = from + n
    return n
  }
  /** A copy of what was written since `from`. */
  copy(from = 0): Buffer {
    return Buffer.from(this.bytes.subarray(from, this.at))
  }
  clear(): void {
    this.at = 0
  }
}

/** Small ones share memory with others: making an ArrayBuffer costs more than filling it. Large ones do not keep what others need. */
const allocated = (size: number): Buffer => (size < SHARED ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(size))
/** Half of Node's pool, above which it shares nothing. */
const SHARED = 2_048
