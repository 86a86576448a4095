// The byte layout of a frame: one durable, indivisible step of the log. Little endian; lengths are multiples of 8.
//
//   0 magic · 4 CRC-32C of the head from 8 on · 8 frame length · 12 head length · 16 sequence f64 · 24 synced f64 · 32 kind ·
//  36 number of batches · 40 length of notes · 44 segment number · 48 directory, 48 bytes a batch · notes (JSON) · bodies
//
// `synced`: everything of the segment before this position was durable when the frame was written. So a damaged frame at p is a torn write,
// never acknowledged to anybody, unless some later frame says synced > p: then it is damage (recovery.ts).
import { crc32c } from '@node-rs/crc32'
import type { Columns } from '../../model/record-batch.ts'
import { readBody, type Shape, shapeOf, writeBody } from './batch-body.ts'

export const MAGIC = 0x3146524d
export const FIXED_HEAD = 48
const ENTRY = 48

/**
 * 'state': everything but the batches, at the begin of each segment, so that any older segment may go. 'transaction': one commit. 'change': a new
 * topic or new log starts. 'moved': batches that take the place of older copies. 'closed': the log was closed, nothing before may be damaged.
 */
export type FrameKind = 'state' | 'transaction' | 'change' | 'moved' | 'closed'
const KINDS: readonly FrameKind[] = ['state', 'transaction', 'change', 'moved', 'closed']

/** A batch as the head's directory names it. Offsets `base ≤ o < base + span`. */
export interface BatchEntry {
  readonly topic: number
  readonly partition: number
  readonly base: number
  readonly maxTime: number
  readonly records: number
  readonly span: number
  /** Of the body, in the frame. */
  readonly position: number
  readonly length: number
  readonly crc: number
}

export interface FrameHead {
  readonly length: number
  readonly headLength: number
  readonly sequence: number
  readonly synced: number
  readonly kind: FrameKind
  readonly segment: number
  readonly notes: unknown
  readonly batches: readonly BatchEntry[]
}

/** A batch to be written: columns of a commit, or a body that lies in the journal already. */
export type BatchSource = { readonly topic: number; readonly partition: number } & (
  | { readonly shape: Shape; readonly base: number | null; readonly span: number }
  | {
      readonly body: Buffer
      readonly base: number
      readonly span: number
      readonly records: number
      readonly maxTime: number
      readonly crc: number
    }
)

/** The batch of a commit; its base is given when the frame is sealed. */
export const committedBatch = (topic: number, partition: number, columns: Columns): BatchSource => ({
  topic,
  partition,
  shape: shapeOf(columns),
  base: null,
  span: columns.count,
})

/** A frame on its way: bodies are in place, what is only known when it is written (`seal`) is not. */
export interface DraftFrame {
  readonly kind: FrameKind
  readonly bytes: Buffer
  readonly batches: readonly BatchEntry[]
}

const lengthOf = (source: BatchSource): number => ('shape' in source ? source.shape.length : source.body.length)
const aligned = (n: number): number => Math.ceil(n / 8) * 8

/** Bytes that a frame of these parts takes. */
export function frameLength(notesLength: number, batches: readonly BatchSource[]): number {
  return batches.reduce((sum, b) => sum + lengthOf(b), aligned(FIXED_HEAD + batches.length * ENTRY + notesLength))
}

/** Lays a frame out in memory of its own: bodies with their CRCs, directory and notes. */
export function draftFrame(kind: FrameKind, notes: unknown, batches: readonly BatchSource[] = []): DraftFrame {
  const text = Buffer.from(JSON.stringify(notes))
  const headLength = aligned(FIXED_HEAD + batches.length * ENTRY + text.length)
  const bytes = Buffer.allocUnsafeSlow(frameLength(text.length, batches))
  bytes.fill(0, 0, headLength)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(bytes.length, 8)
  bytes.writeUInt32LE(headLength, 12)
  bytes[32] = KINDS.indexOf(kind)
  bytes.writeUInt32LE(batches.length, 36)
  bytes.writeUInt32LE(text.length, 40)
  text.copy(bytes, FIXED_HEAD + batches.length * ENTRY)
  let position = headLength
  const entries = batches.map((source, i): BatchEntry => {
    const { topic, partition, span } = source
    const length = lengthOf(source)
    if ('shape' in source) writeBody(source.shape, bytes, position)
    else source.body.copy(bytes, position)
    const crc = 'shape' in source ? crc32c(bytes.subarray(position, position + length)) : source.crc
    const records = 'shape' in source ? source.shape.columns.count : source.records
    const maxTime = 'shape' in source ? source.shape.maxTime : source.maxTime
    const entry = { topic, partition, base: source.base ?? -1, maxTime, records, span, position, length, crc }
    writeEntry(entry, bytes, FIXED_HEAD + i * ENTRY)
    position += length
    return entry
  })
  return { kind, bytes, batches: entries }
}

function writeEntry(entry: BatchEntry, bytes: Buffer, at: number): void {
  bytes.writeUInt32LE(entry.topic, at)
  bytes.writeUInt32LE(entry.partition, at + 4)
  bytes.writeDoubleLE(entry.base, at + 8)
  bytes.writeDoubleLE(entry.maxTime, at + 16)
  bytes.writeUInt32LE(entry.records, at + 24)
  bytes.writeUInt32LE(entry.span, at + 28)
  bytes.writeUInt32LE(entry.position, at + 32)
  bytes.writeUInt32LE(entry.length, at + 36)
  bytes.writeUInt32LE(entry.crc, at + 40)
}

/** Gives a drafted frame its place: the bases of its batches (for those that have none yet), sequence, segment and how far the segment was durable. */
export function sealFrame(
  draft: DraftFrame,
  place: { sequence: number; segment: number; synced: number },
  baseOf: (entry: BatchEntry) => number,
): readonly BatchEntry[] {
  const { bytes } = draft
  const batches = draft.batches.map((entry, i) => {
    if (entry.base >= 0) return entry
    const base = baseOf(entry)
    bytes.writeDoubleLE(base, FIXED_HEAD + i * ENTRY + 8)
    return { ...entry, base }
  })
  bytes.writeDoubleLE(place.sequence, 16)
  bytes.writeDoubleLE(place.synced, 24)
  bytes.writeUInt32LE(place.segment, 44)
  bytes.writeUInt32LE(crc32c(bytes.subarray(8, bytes.readUInt32LE(12))), 4)
  return batches
}

/** Length of the head that begins at `at`, as far as the first 48 bytes say; null when they cannot be those of a frame. */
export function headLengthAt(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + FIXED_HEAD || bytes.readUInt32LE(at) !== MAGIC) return null
  const [length, head, count, notes] = [8, 12, 36, 40].map(field => bytes.readUInt32LE(at + field)) as [number, number, number, number]
  return head <= length && head === aligned(FIXED_HEAD + count * ENTRY + notes) ? head : null
}

/** The frame head at `at`; null when it is not there whole and unharmed. `notes` are parsed only where asked for. */
export function readHead(bytes: Buffer, at: number): FrameHead | null {
  const headLength = headLengthAt(bytes, at)
  if (headLength === null || bytes.length < at + headLength) return null
  if (crc32c(bytes.subarray(at + 8, at + headLength)) !== bytes.readUInt32LE(at + 4)) return null
  const kind = KINDS[bytes[at + 32]!]
  if (kind === undefined) return null
  const count = bytes.readUInt32LE(at + 36)
  const notesAt = at + FIXED_HEAD + count * ENTRY
  return {
    length: bytes.readUInt32LE(at + 8),
    headLength,
    sequence: bytes.readDoubleLE(at + 16),
    synced: bytes.readDoubleLE(at + 24),
    kind,
    segment: bytes.readUInt32LE(at + 44),
    notes: JSON.parse(bytes.toString('utf8', notesAt, notesAt + bytes.readUInt32LE(at + 40))),
    batches: Array.from({ length: count }, (_, i) => readEntry(bytes, at + FIXED_HEAD + i * ENTRY)),
  }
}

const readEntry = (bytes: Buffer, at: number): BatchEntry => ({
  topic: bytes.readUInt32LE(at),
  partition: bytes.readUInt32LE(at + 4),
  base: bytes.readDoubleLE(at + 8),
  maxTime: bytes.readDoubleLE(at + 16),
  records: bytes.readUInt32LE(at + 24),
  span: bytes.readUInt32LE(at + 28),
  position: bytes.readUInt32LE(at + 32),
  length: bytes.readUInt32LE(at + 36),
  crc: bytes.readUInt32LE(at + 40),
})

/** True when the body is unharmed. */
export const isWhole = (bytes: Buffer, at: number, length: number, crc: number): boolean => crc32c(bytes.subarray(at, at + length)) === crc

export { readBody }
