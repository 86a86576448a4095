// Keys and where they live: Kafka's own default partitioner, so that Java, Python and Node producers agree (S1.4).
export type Key = string | number

/** Whether a value can be a key: text, or a number that is one. */
export const isKey = (value: unknown): value is Key => typeof value === 'string' || (typeof value === 'number' && value === value)

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** Kafka's murmur2 of `bytes[start, end)` as a signed 32-bit integer (org.apache.kafka.common.utils.Utils.murmur2). */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const length = end - start
  let h = SEED ^ length
  let i = start
  for (const tail = start + (length & ~3); i < tail; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, M)
    k = Math.imul(k ^ (k >>> 24), M)
    h = Math.imul(h, M) ^ k
  }
  const left = length & 3
  if (left === 3) h ^= bytes[i + 2]! << 16
  if (left >= 2) h ^= bytes[i + 1]! << 8
  if (left >= 1) h = Math.imul(h ^ bytes[i]!, M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}

/** The partition of a key's bytes: `(murmur2 & 0x7fffffff) mod partitions`. */
export const partitionOf = (key: Uint8Array, partitions: number, start = 0, end = key.length): number =>
  (murmur2(key, start, end) & 0x7fffffff) % partitions

/** Keys in the one order that results are emitted in (S3.9): numbers before strings, strings by UTF-16 code unit. */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
