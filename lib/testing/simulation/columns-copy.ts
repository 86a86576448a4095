// A copy of columns in one piece: what a caller gives may change once its call settles.
import type { Columns } from '../../model/record-batch.ts'

export function columnsCopy(given: Columns): Columns {
  const { count } = given
  const starts = new Int32Array(count)
  let size = 0
  for (let i = 0; i < count; i++) {
    starts[i] = size
    size += recordBytes(given, i)
  }
  const bytes = Buffer.allocUnsafe(size)
  const first = count > 0 ? given.starts[0]! : 0
  if (inOnePiece(given, first, starts)) given.bytes.copy(bytes, 0, first, first + size)
  else for (let i = 0; i < count; i++) given.bytes.copy(bytes, starts[i]!, given.starts[i]!, given.starts[i]! + recordBytes(given, i))
  return {
    count,
    times: given.times.slice(0, count),
    bytes,
    starts,
    keyLengths: given.keyLengths.slice(0, count),
    valueLengths: given.valueLengths.slice(0, count),
    headerLengths: given.headerLengths.slice(0, count),
  }
}

/** Bytes of key, value and headers of record `i`. */
export const recordBytes = ({ keyLengths, valueLengths, headerLengths }: Columns, i: number): number =>
  Math.max(keyLengths[i]!, 0) + Math.max(valueLengths[i]!, 0) + headerLengths[i]!

function inOnePiece(given: Columns, first: number, starts: Int32Array): boolean {
  for (let i = 0; i < given.count; i++) if (given.starts[i]! - first !== starts[i]!) return false
  return true
}
