// Opening: walks the frame heads of all segments, checks every byte of the last one, cuts a torn tail off, and never passes over damage.
import { join } from 'node:path'
import { MillraceError, messageOf } from '../../model/errors.ts'
import type { Catalog, ChangeNotes, TransactionNotes } from './catalog.ts'
import { type Files, isDiskFull, type OpenFile } from './files.ts'
import { FIXED_HEAD, type FrameHead, headLengthAt, isWhole, MAGIC, readHead } from './frame.ts'
import { type Segment, type Segments, segmentNumber } from './segments.ts'

/** The end of the journal that was written but never acknowledged, and is now cut off. */
export interface TornTail {
  readonly file: string
  /** Where it was cut. */
  readonly position: number
  readonly sizeBytes: number
  /** The file that keeps the cut bytes. */
  readonly keptIn: string
}

export interface Recovered {
  readonly segment: Segment
  readonly sequence: number
}

const damage = (file: string, position: number, what: string): MillraceError =>
  new MillraceError(
    'DATA_CORRUPT',
    `${file} is damaged at byte ${position}: ${what}. Restore the data directory from a copy, or start with a new one`,
    {
      where: { file },
    },
  )

/** Reads a file forwards in windows that grow while frames are small and lie one after the other. */
class Windows {
  readonly #file: OpenFile
  readonly #size: number
  #from = 0
  #bytes = Buffer.alloc(0)
  #window = 8 << 10
  constructor(file: OpenFile, size: number) {
    this.#file = file
    this.#size = size
  }
  /** The bytes from `position` on, at least `n` of them unless the file ends before; and where they begin in the buffer. */
  async at(position: number, n: number): Promise<{ bytes: Buffer; at: number }> {
    const wanted = Math.min(n, this.#size - position)
    if (position < this.#from || position + wanted > this.#from + this.#bytes.length) {
      const near = position <= this.#from + this.#bytes.length + this.#window
      this.#window = near ? Math.min(this.#window * 2, 256 << 10) : 8 << 10
      const length = Math.min(Math.max(wanted, this.#window), this.#size - position)
      const bytes = Buffer.allocUnsafeSlow(length)
      this.#bytes = bytes.subarray(0, await this.#file.read(bytes, position))
      this.#from = position
    }
    return { bytes: this.#bytes, at: position - this.#from }
  }
  async head(position: number): Promise<FrameHead | null> {
    const fixed = await this.at(position, FIXED_HEAD)
    const length = headLengthAt(fixed.bytes, fixed.at)
    if (length === null) return null
    const whole = await this.at(position, length)
    return readHead(whole.bytes, whole.at)
  }
}

export interface Recovery {
  readonly files: Files
  readonly segments: Segments
  readonly catalog: Catalog
  readonly tornTail: (tail: TornTail) => void
}

/** Fills catalog and segments from the disk; where the journal ends, or null when there is nothing. @throws DATA_CORRUPT, DISK_FULL, DATA_DIR_UNUSABLE */
export async function recover(recovery: Recovery): Promise<Recovered | null> {
  const { files, segments, catalog } = recovery
  const numbers = (await files.list(segments.directory))
    .map(segmentNumber)
    .filter(n => n !== null)
    .sort((a, b) => a - b)
  let last = null as Recovered | null
  for (const [i, number] of numbers.entries()) {
    last = await new SegmentWalk(recovery, number, last?.sequence ?? 0, lastUsed(i, numbers)).run()
  }
  for (const { topic, partition, index } of catalog.indexes()) {
    const missing = index.settle()
    if (missing !== null)
      throw new MillraceError(
        'DATA_CORRUPT',
        `records of ${topic.settings.name}/${partition} from offset ${missing} on are in no file of ${segments.directory}: a segment file is gone. Restore it`,
        { where: { topic: topic.settings.name, partition, offset: missing, file: segments.directory } },
      )
  }
  return last
}

/** The last segment may be torn; the one before it is checked to the last byte too, since the last may hold nothing yet. */
const lastUsed = (i: number, numbers: readonly number[]): 'last' | 'before last' | 'older' =>
  i === numbers.length - 1 ? 'last' : i === numbers.length - 2 ? 'before last' : 'older'

class SegmentWalk {
  readonly #recovery: Recovery
  readonly #segment: Segment
  readonly #age: 'last' | 'before last' | 'older'
  #sequence: number
  #position = 0
  constructor(recovery: Recovery, number: number, sequence: number, age: 'last' | 'before last' | 'older') {
    this.#recovery = recovery
    this.#segment = recovery.segments.add(number, 0)
    this.#sequence = sequence
    this.#age = age
  }

  /** Where the segment ends; at 0 when it holds nothing yet. */
  async run(): Promise<Recovered> {
    const { path } = this.#segment
    const file = await this.#recovery.files.open(path, 'existing')
    try {
      const size = await file.size()
      const windows = new Windows(file, size)
      while (this.#position < size) {
        const head = await this.#headHere(windows, size)
        if (head === null) {
          if (this.#age !== 'last') throw damage(path, this.#position, 'no whole frame begins there, though later segments follow')
          await this.#cut(file, size)
          break
        }
        this.#take(head)
      }
    } finally {
      await file.close()
    }
    this.#segment.size = this.#position
    return { segment: this.#segment, sequence: this.#sequence }
  }

  async #headHere(windows: Windows, size: number): Promise<FrameHead | null> {
    const head = await windows.head(this.#position)
    if (head === null || this.#position + head.length > size || head.segment !== this.#segment.number) return null
    const first = this.#position === 0
    if (first ? head.kind !== 'state' || head.sequence <= this.#sequence : head.sequence !== this.#sequence + 1) return null
    if (this.#age === 'older') return head
    const { bytes, at } = await windows.at(this.#position, head.length)
    return head.batches.every(b => isWhole(bytes, at + b.position, b.length, b.crc)) ? head : null
  }

  #take(head: FrameHead): void {
    const { catalog } = this.#recovery
    const { path, number } = this.#segment
    if (head.kind === 'state') catalog.load(head.notes, path)
    else if (head.kind === 'change') catalog.change(head.notes as ChangeNotes)
    else if (head.kind === 'transaction') catalog.transaction(head.notes as TransactionNotes)
    for (const batch of head.batches) {
      const index = catalog.indexOf(batch)
      if (index === undefined)
        throw damage(path, this.#position, `it holds a batch of topic number ${batch.topic}, which no frame describes`)
      const { base, span, records, maxTime, length, crc } = batch
      index.collect({ base, span, records, maxTime, segment: number, position: this.#position + batch.position, length, crc })
    }
    this.#sequence = head.sequence
    this.#position += head.length
  }

  /** Cuts off what was never acknowledged, after it was copied to a file of its own. @throws DATA_CORRUPT when it was durable once */
  async #cut(file: OpenFile, size: number): Promise<void> {
    const { files, segments, tornTail } = this.#recovery
    const { path, number } = this.#segment
    const position = this.#position
    const bytes = Buffer.allocUnsafeSlow(size - position)
    const tail = bytes.subarray(0, await file.read(bytes, position))
    const witness = this.#witness(tail)
    if (witness !== null)
      throw damage(path, position, `the frame there is broken, and a later one at byte ${witness} was written after it was safe on disk`)
    const keptIn = join(segments.directory, `torn-${String(number).padStart(10, '0')}-${position}.bin`)
    try {
      const side = await files.open(keptIn, 'create')
      await side.write([tail], 0)
      await side.sync()
      await side.close()
      await files.syncDirectory(segments.directory)
    } catch (error) {
      const code = isDiskFull(error) ? 'DISK_FULL' : 'DATA_DIR_UNUSABLE'
      throw new MillraceError(code, `the torn end of ${path} (${tail.length} bytes) cannot be kept in ${keptIn}: ${messageOf(error)}`, {
        cause: error,
        where: { file: keptIn },
      })
    }
    await file.truncate(position)
    await file.sync()
    tornTail({ file: path, position, sizeBytes: tail.length, keptIn })
  }

  /** Position of a frame which says that the segment was durable beyond the place in hand; null when there is none. */
  #witness(tail: Buffer): number | null {
    const magic = Buffer.alloc(4)
    magic.writeUInt32LE(MAGIC)
    for (let at = tail.indexOf(magic); at >= 0; at = tail.indexOf(magic, at + 4)) {
      const head = at % 8 === 0 ? readHead(tail, at) : null
      if (head !== null && head.segment === this.#segment.number && head.sequence > this.#sequence && head.synced > this.#position)
        return this.#position + at
    }
    return null
  }
}
