// The few file operations that the log is made of, so that tests can stop, fail or forget each of them.
import { constants } from 'node:fs'
import { open, readdir, unlink } from 'node:fs/promises'
import { makeDirectory } from './make-directory.ts'

export interface OpenFile {
  /** Writes all bytes at `position`. After an error any part may have been written. */
  write(buffers: readonly Buffer[], position: number): Promise<void>
  /** Fills `target` from `position`; returns the number of bytes there were. */
  read(target: Buffer, position: number): Promise<number>
  /** Resolves when everything written to the file, and its size, survives a power cut. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface Files {
  /** Creates the directory and its parents if they are not there. */
  makeDirectory(directory: string): Promise<void>
  list(directory: string): Promise<readonly string[]>
  /** 'create': a new, empty file (an old one of that name is emptied); 'existing': one that is there. Both to read and write. */
  open(path: string, how: 'create' | 'existing'): Promise<OpenFile>
  remove(path: string): Promise<void>
  /** Resolves when the names in the directory survive a power cut. */
  syncDirectory(directory: string): Promise<void>
}

const { O_CREAT, O_RDONLY, O_RDWR, O_TRUNC } = constants

/** Files of the local disk. */
export const diskFiles: Files = {
  async makeDirectory(directory) {
    await makeDirectory(directory)
  },
  list: directory => readdir(directory),
  async open(path, how) {
    const handle = await open(path, how === 'create' ? O_RDWR | O_CREAT | O_TRUNC : O_RDWR, 0o644)
    return {
      async write(buffers, position) {
        let left: readonly Buffer[] = buffers
        for (let at = position; left.length > 0; ) {
          const { bytesWritten } = await handle.writev(left as Buffer[], at)
          at += bytesWritten
          left = remainder(left, bytesWritten)
        }
      },
      async read(target, position) {
        let filled = 0
        while (filled < target.length) {
          const { bytesRead } = await handle.read(target, filled, target.length - filled, position + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return filled
      },
      sync: () => handle.datasync(),
      truncate: size => handle.truncate(size),
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    }
  },
  remove: path => unlink(path),
  async syncDirectory(directory) {
    // Windows knows no handle on a directory and keeps names by itself.
    if (process.platform === 'win32') return
    const handle = await open(directory, O_RDONLY)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

/** What of `buffers` is left after their first `written` bytes. */
function remainder(buffers: readonly Buffer[], written: number): readonly Buffer[] {
  let skip = 0
  while (skip < buffers.length && written >= buffers[skip]!.length) written -= buffers[skip++]!.length
  if (skip === buffers.length) return []
  return [buffers[skip]!.subarray(written), ...buffers.slice(skip + 1)]
}

/** The system's error code (`ENOSPC`, `EIO` …), if it is one. */
export const systemCodeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code
/** True when there was no room, on the disk or in the quota. */
export const isDiskFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error) ?? '')
