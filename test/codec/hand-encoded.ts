// Avro by hand, for tests that say which bytes mean what.

/** A long (or int, length, count, index) as a zigzag varint; `padTo` bytes by adding empty groups. */
export function long(value: number | bigint, padTo = 1): number[] {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  for (; bytes.length < padTo; bytes.push(0)) bytes[bytes.length - 1]! |= 128
  return bytes
}
export const text = (value: string): number[] => [...long(Buffer.byteLength(value)), ...Buffer.from(value)]
export const double = (value: number): number[] => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return [...bytes]
}
export const float = (value: number): number[] => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return [...bytes]
}
