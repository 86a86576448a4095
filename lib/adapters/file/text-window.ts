// The part of a file's text that is in memory: what was read and not yet used, at most a row and a piece.
import { fileError } from './file-facts.ts'
import type { TextSource } from './text-source.ts'

const FIRST_SIZE = 256 * 1024

export class TextWindow {
  /** Unused text lies at `[at, end)`. A fill may move it. */
  bytes = Buffer.allocUnsafeSlow(FIRST_SIZE)
  at = 0
  end = 0
  /** Nothing follows `end`. */
  final = false
  readonly #source: TextSource
  #failure: unknown = null
  private constructor(source: TextSource) {
    this.#source = source
  }
  /** Begins a text: skips a UTF-8 byte order mark. @throws FILE_UNREADABLE when it is UTF-16 or UTF-32, and what the source throws */
  static async open(path: string, source: TextSource): Promise<TextWindow> {
    const window = new TextWindow(source)
    while (window.end < 4 && !window.final) await window.fill()
    const [a, b, c, d] = window.bytes.subarray(0, window.end)
    if (a === 0xef && b === 0xbb && c === 0xbf) window.at = 3
    const marked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)
    if (marked || a === 0 || b === 0 || (c === 0 && d === 0))
      throw fileError('FILE_UNREADABLE', path, 'is not UTF-8 text (it looks like UTF-16 or binary data); save it as UTF-8')
    return window
  }
  /**
   * Reads on until at least twice as much is unused, so that looking at a long row again and again stays linear. A failure of the source
   * is thrown only when everything before it was handed out.
   */
  async fill(): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const wanted = Math.max(this.end - this.at, 1)
    for (let gained = 0; gained < wanted && !this.final; ) {
      try {
        const piece = await this.#source.read()
        if (piece === null) this.final = true
        else {
          this.#append(piece)
          gained += piece.length
        }
      } catch (error) {
        if (gained === 0) throw error
        this.#failure = error
        return
      }
    }
  }
  #append(piece: Uint8Array): void {
    if (this.end + piece.length > this.bytes.length) {
      const need = this.end - this.at + piece.length
      const target = need * 2 > this.bytes.length ? Buffer.allocUnsafeSlow(need * 2) : this.bytes
      this.bytes.copy(target, 0, this.at, this.end)
      this.bytes = target
      this.end -= this.at
      this.at = 0
    }
    this.bytes.set(piece, this.end)
    this.end += piece.length
  }
  get bytesRead(): number {
    return this.#source.bytesRead
  }
  close(): void {
    this.#source.close()
  }
}
