// How the columns of a batch lie in the journal: aligned to 8 bytes, every column as narrow as its values allow, so that reading is views,
// a widening copy and a prefix sum, and never a loop over fields of records.
//
//   0 count u32 · 4 width of key, value and header lengths and of deltas, u8 each · 8 their values when the width is 0, i32 × 3
//  20 length of `bytes` u32 · 24 width of times u8 · 32 first of times f64 · 40 columns: times, deltas, key, value, header lengths, bytes
import { MillraceError } from '../../model/errors.ts'
import type { Columns } from '../../model/record-batch.ts'

const HEAD = 40
export const align = (n: number): number => (n + 7) & ~7

/** 0: all values are equal. */
type Width = 0 | 1 | 2 | 4
interface Shape {
  readonly columns: Columns
  readonly deltas: Int32Array | Float64Array | null
  readonly contiguous: boolean
  readonly bytesLength: number
  readonly timeWidth: 0 | 4 | 8
  readonly minTime: number
  readonly maxTime: number
  readonly keyWidth: Width
  readonly valueWidth: Width
  readonly headerWidth: Width
  /** Bytes of the whole body, a multiple of 8. */
  readonly length: number
}
export type { Shape }

function widthOf(lengths: Int32Array, count: number): Width {
  const first = lengths[0] ?? 0
  let equal = true
  let most = first
  for (let i = 0; i < count; i++) {
    const n = lengths[i]!
    if (n !== first) equal = false
    if (n > most) most = n
  }
  return equal ? 0 : most < 128 ? 1 : most < 32_768 ? 2 : 4
}

/** Measures columns for writing. @throws INTERNAL when they contradict themselves: a record outside `bytes`, a time that is no number */
export function shapeOf(columns: Columns, deltas: Int32Array | Float64Array | null = null): Shape {
  const { count, times, bytes, starts, keyLengths, valueLengths, headerLengths } = columns
  let contiguous = true
  let integral = true
  let bytesLength = 0
  let expected = starts[0] ?? 0
  let minTime = times[0] ?? 0
  let maxTime = minTime
  for (let i = 0; i < count; i++) {
    const key = keyLengths[i]!
    const value = valueLengths[i]!
    const headers = headerLengths[i]!
    const start = starts[i]!
    const time = times[i]!
    const length = (key > 0 ? key : 0) + (value > 0 ? value : 0) + headers
    if (!(start >= 0 && start + length <= bytes.length && key >= -1 && value >= -1 && headers >= 0 && Number.isFinite(time)))
      throw new MillraceError('INTERNAL', `record ${i} of a write does not lie in its buffer or has no time (start ${start}, time ${time})`)
    if (start !== expected) contiguous = false
    expected = start + length
    bytesLength += length
    if (time < minTime) minTime = time
    else if (time > maxTime) maxTime = time
    if (!Number.isInteger(time)) integral = false
  }
  const [keyWidth, valueWidth, headerWidth] = [widthOf(keyLengths, count), widthOf(valueLengths, count), widthOf(headerLengths, count)]
  const timeWidth = minTime === maxTime ? 0 : integral && maxTime - minTime < 2 ** 32 ? 4 : 8
  const length =
    HEAD +
    [timeWidth, deltas?.BYTES_PER_ELEMENT ?? 0, keyWidth, valueWidth, headerWidth].reduce((sum, width) => sum + align(width * count), 0) +
    align(bytesLength)
  return { columns, deltas, contiguous, bytesLength, timeWidth, minTime, maxTime, keyWidth, valueWidth, headerWidth, length }
}

const view = (target: Buffer, at: number, width: 1 | 2 | 4, count: number): Int8Array | Int16Array | Int32Array => {
  const [buffer, from] = [target.buffer, target.byteOffset + at]
  return width === 1
    ? new Int8Array(buffer, from, count)
    : width === 2
      ? new Int16Array(buffer, from, count)
      : new Int32Array(buffer, from, count)
}

/** Writes the body at `at`, a multiple of 8 in `target`'s memory, which must be zeroed where nothing is written. */
export function writeBody(shape: Shape, target: Buffer, at: number): void {
  const { columns, deltas, timeWidth, minTime } = shape
  const { count, times, keyLengths, valueLengths, headerLengths } = columns
  target.fill(0, at, at + HEAD)
  target.writeUInt32LE(count, at)
  const lengths = [
    [shape.keyWidth, keyLengths],
    [shape.valueWidth, valueLengths],
    [shape.headerWidth, headerLengths],
  ] as const
  lengths.forEach(([width, values], i) => {
    target[at + 4 + i] = width
    if (width === 0) target.writeInt32LE(values[0] ?? 0, at + 8 + 4 * i)
  })
  target[at + 7] = deltas?.BYTES_PER_ELEMENT ?? 0
  target.writeUInt32LE(shape.bytesLength, at + 20)
  target[at + 24] = timeWidth
  target.writeDoubleLE(minTime, at + 32)
  let here = at + HEAD
  const skip = (bytes: number): void => {
    const end = here + align(bytes)
    target.fill(0, here + bytes, end)
    here = end
  }
  if (timeWidth === 8)
    new Float64Array(target.buffer, target.byteOffset + here, count).set(count === times.length ? times : times.subarray(0, count))
  else if (timeWidth === 4) {
    const offsets = new Uint32Array(target.buffer, target.byteOffset + here, count)
    for (let i = 0; i < count; i++) offsets[i] = times[i]! - minTime
  }
  skip(timeWidth * count)
  if (deltas instanceof Int32Array) new Int32Array(target.buffer, target.byteOffset + here, count).set(deltas)
  else if (deltas !== null) new Float64Array(target.buffer, target.byteOffset + here, count).set(deltas)
  skip((deltas?.BYTES_PER_ELEMENT ?? 0) * count)
  for (const [width, values] of lengths) {
    if (width !== 0) view(target, here, width, count).set(count === values.length ? values : values.subarray(0, count))
    skip(width * count)
  }
  writeBytes(shape, target, here)
  skip(shape.bytesLength)
}

function writeBytes({ columns, contiguous, bytesLength }: Shape, target: Buffer, at: number): void {
  const { count, bytes, starts, keyLengths, valueLengths, headerLengths } = columns
  if (contiguous) bytes.copy(target, at, starts[0] ?? 0, (starts[0] ?? 0) + bytesLength)
  else
    for (let i = 0; i < count; i++) {
      const end = starts[i]! + Math.max(keyLengths[i]!, 0) + Math.max(valueLengths[i]!, 0) + headerLengths[i]!
      at += bytes.copy(target, at, starts[i]!, end)
    }
}

/** Reads the body at `at`, a multiple of 8 in `source`'s memory; what it gives shares memory with `source`. */
export function readBody(source: Buffer, at: number): { columns: Columns; deltas: Int32Array | Float64Array | null } {
  const count = source.readUInt32LE(at)
  const timeWidth = source[at + 24]!
  const deltaWidth = source[at + 7]!
  const minTime = source.readDoubleLE(at + 32)
  const bytesLength = source.readUInt32LE(at + 20)
  let here = at + HEAD
  let times: Float64Array
  if (timeWidth === 8) times = new Float64Array(source.buffer, source.byteOffset + here, count)
  else {
    times = new Float64Array(count)
    if (timeWidth === 0) times.fill(minTime)
    else {
      const offsets = new Uint32Array(source.buffer, source.byteOffset + here, count)
      for (let i = 0; i < count; i++) times[i] = minTime + offsets[i]!
    }
  }
  here += align(timeWidth * count)
  const deltas =
    deltaWidth === 0
      ? null
      : deltaWidth === 4
        ? new Int32Array(source.buffer, source.byteOffset + here, count)
        : new Float64Array(source.buffer, source.byteOffset + here, count)
  here += align(deltaWidth * count)
  const lengths = (index: number): Int32Array => {
    const width = source[at + 4 + index] as Width
    const from = here
    here += align(width * count)
    if (width === 0) return new Int32Array(count).fill(source.readInt32LE(at + 8 + 4 * index))
    const values = view(source, from, width, count)
    return values instanceof Int32Array ? values : new Int32Array(values)
  }
  const [keyLengths, valueLengths, headerLengths] = [lengths(0), lengths(1), lengths(2)]
  const starts = new Int32Array(count)
  for (let i = 0, next = 0; i < count; i++) {
    starts[i] = next
    const key = keyLengths[i]!
    const value = valueLengths[i]!
    next += (key > 0 ? key : 0) + (value > 0 ? value : 0) + headerLengths[i]!
  }
  const bytes = source.subarray(here, here + bytesLength)
  return { columns: { count, times, bytes, starts, keyLengths, valueLengths, headerLengths }, deltas }
}
