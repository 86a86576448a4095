// The files of the journal: how large they are, how much of them still counts, and reading from them while they may be about to go.
import { join } from 'node:path'
import { isMillraceError, MillraceError, messageOf } from '../../model/errors.ts'
import type { Files, OpenFile } from './files.ts'

/** Files kept open for reading, besides those in use. */
const KEPT_OPEN = 64

export interface Segment {
  readonly number: number
  readonly path: string
  /** Bytes of whole, durable frames. */
  size: number
  /** Bytes of batches that some partition still holds. */
  live: number
}
interface Held extends Segment {
  file: Promise<OpenFile> | null
  pins: number
  whenUnpinned: (() => void) | null
}

const NAME = /^(\d{10})\.seg$/
export const segmentName = (number: number): string => `${String(number).padStart(10, '0')}.seg`
export const segmentNumber = (name: string): number | null => {
  const match = NAME.exec(name)
  return match === null ? null : Number(match[1])
}

const unpinned = (segment: Held): Promise<void> =>
  segment.pins === 0 ? Promise.resolve() : new Promise(resolve => (segment.whenUnpinned = resolve))

export class Segments {
  readonly directory: string
  readonly #files: Files
  readonly #held = new Map<number, Held>()
  /** Open for reading, least recently used first. */
  readonly #open = new Set<Held>()
  constructor(files: Files, directory: string) {
    this.#files = files
    this.directory = directory
  }
  pathOf(number: number): string {
    return join(this.directory, segmentName(number))
  }
  all(): readonly Segment[] {
    return [...this.#held.values()]
  }
  get sizeBytes(): number {
    let sum = 0
    for (const segment of this.#held.values()) sum += segment.size
    return sum
  }
  add(number: number, size: number): Segment {
    const path = this.pathOf(number)
    const segment: Held = { number, path, size, live: 0, file: null, pins: 0, whenUnpinned: null }
    this.#held.set(number, segment)
    return segment
  }
  /** Takes back `add` of a file that came to nothing. */
  forget(number: number): void {
    this.#held.delete(number)
  }
  /** Tells that `bytes` of a segment came to life, or died (below 0). */
  readonly live = (number: number, bytes: number): void => {
    const segment = this.#held.get(number)
    if (segment !== undefined) segment.live += bytes
  }
  /** Keeps the files in place until `unpin`. The numbers come from an index that was just asked, so the files are there. */
  pin(numbers: readonly number[]): void {
    for (const number of numbers) this.#held.get(number)!.pins++
  }
  unpin(numbers: readonly number[]): void {
    for (const number of numbers) {
      const segment = this.#held.get(number)!
      if (--segment.pins === 0) segment.whenUnpinned?.()
    }
  }
  /** Fills `target` from a pinned segment. @throws DATA_CORRUPT when the file is shorter, LOG_UNAVAILABLE when it cannot be read */
  async read(number: number, target: Buffer, position: number): Promise<void> {
    const segment = this.#held.get(number)!
    try {
      const filled = await (await this.#fileOf(segment)).read(target, position)
      if (filled < target.length)
        throw new MillraceError(
          'DATA_CORRUPT',
          `${segment.path} ends at byte ${position + filled}, in the middle of a batch that was committed`,
          {
            where: { file: segment.path },
          },
        )
    } catch (error) {
      if (isMillraceError(error)) throw error
      throw new MillraceError('LOG_UNAVAILABLE', `${segment.path} cannot be read at byte ${position}: ${messageOf(error)}`, {
        cause: error,
        where: { file: segment.path },
      })
    }
  }
  /** Removes the file of a dead segment, after the last reader let go of it. */
  async remove(number: number): Promise<void> {
    const segment = this.#held.get(number)!
    await unpinned(segment)
    await this.#close(segment)
    await this.#files.remove(segment.path)
    this.#held.delete(number)
  }
  /** Closes the files, each after the last reader let go of it. */
  async close(): Promise<void> {
    await Promise.all([...this.#held.values()].map(async segment => (await unpinned(segment), this.#close(segment))))
  }

  #fileOf(segment: Held): Promise<OpenFile> {
    this.#open.delete(segment)
    this.#open.add(segment)
    if (segment.file === null) {
      const opening = this.#files.open(segment.path, 'existing')
      segment.file = opening
      opening.catch(() => {
        if (segment.file === opening) segment.file = null
      })
    }
    for (const idle of this.#open) {
      if (this.#open.size <= KEPT_OPEN) break
      if (idle.pins === 0) void this.#close(idle)
    }
    return segment.file
  }
  async #close(segment: Held): Promise<void> {
    const { file } = segment
    segment.file = null
    this.#open.delete(segment)
    await file?.then(
      opened => opened.close(),
      () => {},
    )
  }
}
