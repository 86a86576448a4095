// The one writer: frames that wait while a sync runs go together into the next write, and one fdatasync makes all of them durable (group commit).
import { MillraceError, messageOf } from '../../model/errors.ts'
import { type BatchEntry, type DraftFrame, draftFrame, sealFrame } from './frame.ts'
import { type Files, isDiskFull, type OpenFile } from './files.ts'
import type { Segment, Segments } from './segments.ts'

/** A write takes at most this many bytes (but at least one frame) and frames. */
const GROUP_BYTES = 16 << 20
const GROUP_FRAMES = 256

/** A frame that is durable. */
export interface Landed {
  readonly segment: number
  /** Of the frame, in the segment. */
  readonly position: number
  readonly bytes: Buffer
  readonly batches: readonly BatchEntry[]
}
interface Waiting {
  readonly draft: DraftFrame
  readonly landed: (landed: Landed) => void
  readonly resolve: (landed: Landed) => void
  readonly reject: (error: MillraceError) => void
}
export interface JournalSetup {
  readonly files: Files
  readonly segments: Segments
  readonly segmentBytes: number
  /** Notes of a new segment's 'state' frame. */
  readonly state: () => unknown
  /** End of the partition that a batch belongs to, before the write. */
  readonly endOf: (entry: BatchEntry) => number
  /** Where the journal ends: its last segment and sequence number; null for a new one. */
  readonly last: { readonly segment: Segment; readonly sequence: number } | null
}

export class Journal {
  readonly #setup: JournalSetup
  #active: Segment | null
  #file: OpenFile | null = null
  #sequence: number
  #waiting: Waiting[] = []
  #running: Promise<void> | null = null
  #failure: MillraceError | null = null
  #dirty = false
  #closed = false
  constructor(setup: JournalSetup) {
    this.#setup = setup
    this.#active = setup.last?.segment ?? null
    this.#sequence = setup.last?.sequence ?? 0
  }
  /** Why the journal refuses every further frame; null while it works. */
  get failure(): MillraceError | null {
    return this.#failure
  }
  /** The segment that is written to. */
  get active(): number {
    return this.#active?.number ?? -1
  }
  /**
   * Resolves when the frame is durable; `landed` was called just before, in the order of frames.
   * @throws DISK_FULL: nothing of the frame was kept; COMMIT_UNKNOWN: it may be there after the next start; LOG_UNAVAILABLE: closed
   */
  append(draft: DraftFrame, landed: (landed: Landed) => void): Promise<Landed> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#closed)
      return Promise.reject(new MillraceError('LOG_UNAVAILABLE', `the journal in ${this.#setup.segments.directory} is closed`))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, landed, resolve, reject })
      this.#running ??= this.#run()
    })
  }
  /** Waits for what is under way, marks the end as clean and lets go of the file. */
  async close(): Promise<void> {
    const mark = this.#dirty && this.#failure === null ? this.append(draftFrame('closed', {}), () => {}).catch(() => {}) : null
    this.#closed = true
    await mark
    await this.#running
    await this.#file?.close()
    this.#file = null
  }

  async #run(): Promise<void> {
    await Promise.resolve() // what else commits in this turn of the event loop comes along
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      try {
        const all = await this.#write(group)
        group.forEach((waiting, i) => waiting.landed(all[i]!))
        group.forEach((waiting, i) => waiting.resolve(all[i]!))
      } catch (error) {
        const told = error instanceof MillraceError ? error : this.#fail(error)
        for (const { reject } of group) reject(told)
      }
    }
    this.#running = null
  }

  #nextGroup(): Waiting[] {
    let [frames, bytes] = [0, 0]
    do bytes += this.#waiting[frames++]!.draft.bytes.length
    while (frames < this.#waiting.length && frames < GROUP_FRAMES && bytes + this.#waiting[frames]!.draft.bytes.length <= GROUP_BYTES)
    return this.#waiting.splice(0, frames)
  }

  /** Writes and syncs a group. @throws MillraceError when nothing of it is left on the disk; anything else: the outcome is open, and the journal is done for */
  async #write(group: readonly Waiting[]): Promise<readonly Landed[]> {
    const size = group.reduce((sum, { draft }) => sum + draft.bytes.length, 0)
    const segment = await this.#segmentFor(size)
    const fresh = segment.size === 0
    const drafts = group.map(({ draft }) => draft)
    if (fresh) drafts.unshift(draftFrame('state', this.#setup.state()))
    const landed = this.#seal(drafts, segment)
    this.#dirty = true
    await this.#writeWhole(
      drafts.map(({ bytes }) => bytes),
      segment,
    )
    await this.#file!.sync()
    if (fresh) await this.#setup.files.syncDirectory(this.#setup.segments.directory)
    segment.size += drafts.reduce((sum, { bytes }) => sum + bytes.length, 0)
    this.#sequence += drafts.length
    return fresh ? landed.slice(1) : landed
  }

  #seal(drafts: readonly DraftFrame[], segment: Segment): Landed[] {
    const ends = new Map<string, number>()
    const baseOf = (entry: BatchEntry): number => {
      const partition = `${entry.topic}:${entry.partition}`
      const base = ends.get(partition) ?? this.#setup.endOf(entry)
      ends.set(partition, base + entry.span)
      return base
    }
    let position = segment.size
    return drafts.map((draft, i) => {
      const place = { sequence: this.#sequence + 1 + i, segment: segment.number, synced: segment.size }
      const batches = sealFrame(draft, place, baseOf)
      const landed = { segment: segment.number, position, bytes: draft.bytes, batches }
      position += draft.bytes.length
      return landed
    })
  }

  async #writeWhole(buffers: readonly Buffer[], segment: Segment): Promise<void> {
    const file = this.#file!
    try {
      await file.write(buffers, segment.size)
    } catch (error) {
      if (!isDiskFull(error)) throw error
      // Synced, because frames that are refused here must not come back after a power cut.
      await file.truncate(segment.size)
      await file.sync()
      throw diskFull(segment.path, error)
    }
  }

  async #segmentFor(size: number): Promise<Segment> {
    const { files, segments, segmentBytes } = this.#setup
    const active = this.#active
    if (active !== null && (active.size === 0 || active.size + size <= segmentBytes)) {
      this.#file ??= await files.open(active.path, 'existing')
      return active
    }
    const next = segments.add((active?.number ?? 0) + 1, 0)
    try {
      const file = await files.open(next.path, 'create')
      await this.#file?.close()
      this.#file = file
      this.#active = next
      return next
    } catch (error) {
      segments.forget(next.number)
      if (isDiskFull(error)) throw diskFull(next.path, error)
      throw new MillraceError('COMMIT_UNKNOWN', `the segment ${next.path} cannot be created: ${messageOf(error)}`, {
        cause: error,
        where: { file: next.path },
      })
    }
  }

  #fail(cause: unknown): MillraceError {
    const path = this.#active?.path ?? this.#setup.segments.directory
    const message = `the journal ${path} could not be written (${messageOf(cause)}); it takes no more commits until it is opened again: mend the disk and restart`
    this.#failure = new MillraceError('COMMIT_UNKNOWN', message, { cause, where: { file: path } })
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure)
    return this.#failure
  }
}

const diskFull = (file: string, cause: unknown): MillraceError =>
  new MillraceError('DISK_FULL', `there is no room for more of ${file}; nothing of the transaction was kept: free space on this disk`, {
    cause,
    where: { file },
  })
