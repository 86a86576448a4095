// What is remembered of an input file, so that its rows keep their offsets: enough to know it again and to see that it changed.
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { type ErrorCode, messageOf, MillraceError } from '../../model/errors.ts'

/** How much of a file's beginning stands for its content. */
const KNOWN_BY = 65_536

/** A run of equal cells that is open between two rows: what grouping must know to go on without the rows before (see runs.ts). */
export interface RunState {
  /** Number of its first row. */
  readonly start: number
  /** SHA-256 of the cell that its rows share. */
  readonly cell: string
  readonly sizeBytes: number
  /** Of the refused rows within it. */
  readonly heldBytes: number
  /** `rest`: the part before was longer than a run may be. */
  readonly part: 'first' | 'rest'
}

/** A row that more text behind the end of its file could make another row: its line has no end, or a quote is not closed. */
export interface OpenRow {
  /** Within the file. */
  readonly row: number
  /** SHA-256 of its raw bytes. */
  readonly sha256: string
}

export interface FileFacts {
  /** Without its folder: files may be moved together. */
  readonly name: string
  readonly sizeBytes: number
  /** Of the first 64 KB, or of all of it. */
  readonly sha256: string
  /** Null until it was read to its end. */
  readonly rows: number | null
  /** The run that is open after its last row; files are read on from there. */
  readonly run: RunState | null
  readonly openRows: readonly OpenRow[]
}

export const fileError = (code: ErrorCode, path: string, what: string, cause?: unknown, line?: number): MillraceError =>
  new MillraceError(code, `${path}: ${what}`, { cause, where: { file: path, line } })

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 32)

/**
 * Looks at a file as it is now.
 * @param knownBytes how long it was when it was looked at before: the digest is that of the same bytes
 * @throws FILE_UNREADABLE
 */
export function lookAt(path: string, knownBytes = Infinity): FileFacts {
  let fd: number | null = null
  try {
    fd = openSync(path, 'r')
    const stat = fstatSync(fd)
    if (!stat.isFile())
      throw fileError('FILE_UNREADABLE', path, `is ${stat.isDirectory() ? 'a directory' : 'no regular file'}; name a file`)
    const head = Buffer.alloc(Math.min(KNOWN_BY, knownBytes, stat.size))
    let length = 0
    while (length < head.length) {
      const n = readSync(fd, head, length, head.length - length, length)
      if (n === 0) break
      length += n
    }
    return { name: basename(path), sizeBytes: stat.size, sha256: sha256(head.subarray(0, length)), rows: null, run: null, openRows: [] }
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw fileError('FILE_UNREADABLE', path, `cannot be read: ${messageOf(error)}`, error)
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

/** How a file that was known as `then` stands to what is there `now` (looked at with `then.sizeBytes`). */
export function changeOf(then: FileFacts, now: FileFacts): 'same' | 'grown' | 'other' {
  if (then.name !== now.name || then.sha256 !== now.sha256 || now.sizeBytes < then.sizeBytes) return 'other'
  return now.sizeBytes === then.sizeBytes ? 'same' : 'grown'
}
