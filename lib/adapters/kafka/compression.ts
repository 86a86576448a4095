// The codecs of record batches, by their number in a batch's attributes.
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { uncompressSync } from 'snappy'
import { MillraceError, messageOf } from '../../model/errors.ts'

export type Compression = 'none' | 'gzip' | 'lz4' | 'zstd'
const NUMBERS: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, lz4: 3, zstd: 4 }
export const codecOf = (compression: Compression): number => NUMBERS[compression]

/** Of one batch; brokers take a few MB at most. */
const AT_MOST = { maxOutputLength: 2 ** 28 }

/** @throws DATA_CORRUPT */
export function decompressed(codec: number, bytes: Buffer): Buffer {
  try {
    switch (codec) {
      case 1:
        return gunzipSync(bytes, AT_MOST)
      case 2:
        return unsnapped(bytes)
      case 3:
        return decompressFrameSync(bytes)
      case 4:
        return zstdDecompressSync(bytes, AT_MOST)
    }
  } catch (error) {
    throw new MillraceError('DATA_CORRUPT', `a compressed record batch cannot be read: ${messageOf(error)}`, { cause: error })
  }
  throw new MillraceError('DATA_CORRUPT', `a record batch names the codec ${codec}, which there is not`)
}

export function compressed(compression: Compression, bytes: Buffer): Buffer {
  switch (compression) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes)
    case 'lz4':
      return compressFrameSync(bytes)
    case 'zstd':
      return zstdCompressSync(bytes, { params: { [ZSTD_LEVEL]: 1 } })
  }
}
/** `zlib.constants.ZSTD_c_compressionLevel`; its types do not know it yet. */
const ZSTD_LEVEL = 100

const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER = 16
/** Java's clients write snappy in blocks with lengths, others as one. */
function unsnapped(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return uncompressSync(bytes) as Buffer
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER; at < bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at)
    blocks.push(uncompressSync(bytes.subarray(at + 4, end)) as Buffer)
    at = end
  }
  return Buffer.concat(blocks)
}
