// The bytes of a file's text, a piece at a time, decompressed when the file begins as gzip does (its name says nothing).
import { type FileHandle, open } from 'node:fs/promises'
import { createGunzip, type Gunzip } from 'node:zlib'
import { messageOf } from '../../model/errors.ts'
import { fileError } from './file-facts.ts'

const PLAIN_PIECE = 256 * 1024
/** One compressed piece makes at most 1,032 times as much text: 16 MB. */
const GZIP_PIECE = 16 * 1024
/** What zlib hands out at a time. What it holds when it meets damage is lost to us, so not much. */
const INFLATED_PIECE = 32 * 1024

export interface TextSource {
  /** The next piece, null after the last. It holds until the next call. @throws FILE_UNREADABLE, FILE_TRUNCATED, FILE_CHANGED */
  read(): Promise<Uint8Array | null>
  /** Bytes of the file (compressed ones, if it is) that were read. */
  readonly bytesRead: number
  close(): void
}

const NOT_TEXT: readonly (readonly [magic: readonly number[], what: string])[] = [
  [[0x50, 0x4b, 3, 4], 'a zip archive'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed with zstd'],
  [[0x42, 0x5a, 0x68], 'compressed with bzip2'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'compressed with xz'],
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file'],
]

/**
 * Opens a file for one reading.
 * @param sizeBytes how much of it to read: a file that grows meanwhile ends where it ended when it was looked at
 * @throws FILE_UNREADABLE, also for archives and other compressions than gzip
 */
export async function openTextSource(path: string, sizeBytes: number): Promise<TextSource> {
  const file = await FileBytes.open(path, sizeBytes)
  try {
    const magic = await file.peek(5)
    const other = NOT_TEXT.find(([bytes]) => bytes.every((b, i) => magic[i] === b))
    if (other !== undefined) throw fileError('FILE_UNREADABLE', path, `is ${other[1]}; unpack it first: plain text and gzip can be read`)
    return magic[0] === 0x1f && magic[1] === 0x8b ? new GzipText(path, file) : file
  } catch (error) {
    file.close()
    throw error
  }
}

/** Whoever closes a reader does not wait for its last fetch. */
const closedWhileRead = (path: string) => fileError('INTERNAL', path, 'was closed while it was read')

class FileBytes implements TextSource {
  bytesRead = 0
  readonly #path: string
  readonly #sizeBytes: number
  readonly #handle: FileHandle
  #piece = Buffer.allocUnsafeSlow(PLAIN_PIECE)
  #closed = false
  private constructor(path: string, sizeBytes: number, handle: FileHandle) {
    this.#path = path
    this.#sizeBytes = sizeBytes
    this.#handle = handle
  }
  static async open(path: string, sizeBytes: number): Promise<FileBytes> {
    try {
      return new FileBytes(path, sizeBytes, await open(path, 'r'))
    } catch (error) {
      throw fileError('FILE_UNREADABLE', path, `cannot be opened: ${messageOf(error)}`, error)
    }
  }
  async peek(n: number): Promise<Uint8Array> {
    const { bytesRead } = await this.#readAt(0, Math.min(n, this.#sizeBytes))
    return this.#piece.subarray(0, bytesRead)
  }
  read(): Promise<Uint8Array | null> {
    return this.readUpTo(PLAIN_PIECE)
  }
  async readUpTo(n: number): Promise<Uint8Array | null> {
    const left = Math.min(n, this.#sizeBytes - this.bytesRead)
    if (left === 0) return null
    const { bytesRead } = await this.#readAt(this.bytesRead, left)
    if (bytesRead === 0)
      throw fileError(
        'FILE_CHANGED',
        this.#path,
        `became shorter while it was read (${this.bytesRead} of ${this.#sizeBytes} bytes are left)`,
      )
    this.bytesRead += bytesRead
    return this.#piece.subarray(0, bytesRead)
  }
  async #readAt(position: number, length: number): Promise<{ bytesRead: number }> {
    if (this.#closed) throw closedWhileRead(this.#path)
    try {
      return await this.#handle.read(this.#piece, 0, length, position)
    } catch (error) {
      if (this.#closed) throw closedWhileRead(this.#path)
      throw fileError('FILE_UNREADABLE', this.#path, `cannot be read at byte ${position}: ${messageOf(error)}`, error)
    }
  }
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#handle.close().catch(() => {})
  }
}

class GzipText implements TextSource {
  readonly #path: string
  readonly #file: FileBytes
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: INFLATED_PIECE })
  #inflated: Uint8Array[] = []
  #failure: Error | null = null
  #state: 'reading' | 'ended' = 'reading'
  #closed = false
  #settle = (): void => {}
  constructor(path: string, file: FileBytes) {
    this.#path = path
    this.#file = file
    this.#gunzip.on('data', (piece: Buffer) => this.#inflated.push(piece))
    this.#gunzip.on('end', () => {
      this.#state = 'ended'
      this.#settle()
    })
    this.#gunzip.on('error', error => this.#fail(error))
  }
  get bytesRead(): number {
    return this.#file.bytesRead
  }
  async read(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#closed) throw closedWhileRead(this.#path)
      const piece = this.#inflated.shift()
      if (piece !== undefined) return piece
      if (this.#failure !== null) {
        const what = `is damaged or ends early after ${this.bytesRead} bytes (gzip: ${this.#failure.message}); restore the file and start again`
        throw fileError('FILE_TRUNCATED', this.#path, what, this.#failure)
      }
      if (this.#state === 'ended') return null
      await this.#inflate(await this.#file.readUpTo(GZIP_PIECE))
    }
  }
  /** Settles when the piece is unpacked, the end was reached, or there is a failure (zlib then may call nobody back). */
  #inflate(piece: Uint8Array | null): Promise<void> {
    return new Promise(resolve => {
      this.#settle = resolve
      if (piece === null) this.#gunzip.end()
      else this.#gunzip.write(piece, error => (error instanceof Error ? this.#fail(error) : resolve()))
    })
  }
  #fail(error: Error): void {
    this.#failure ??= error
    this.#settle()
  }
  close(): void {
    this.#closed = true
    this.#settle()
    this.#gunzip.destroy()
    this.#file.close()
  }
}
