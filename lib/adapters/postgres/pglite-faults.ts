// Why PGlite did not start, as one of our codes.
import { type ErrorCode, messageOf } from '../../model/errors.ts'

const FULL = /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT|disk is full/i
const UNUSABLE = /EACCES|EPERM|EROFS|ENOTDIR|Permission denied|Read-only file system|Not a directory/i

/** Whether an error's words, PostgreSQL's, SQLite's or the system's, are those of a full disk. */
export const saysDiskFull = (said: string): boolean => FULL.test(said)

/** WASI's numbers of the faults that a disk has: Emscripten throws nothing but a number when it makes files itself. */
const NAMES: Readonly<Record<number, string>> = {
  2: 'EACCES',
  19: 'EDQUOT',
  29: 'EIO',
  51: 'ENOSPC',
  54: 'ENOTDIR',
  63: 'EPERM',
  69: 'EROFS',
}

/** What an error says, also one that is only a number. */
export function wordsOf(error: unknown): string {
  const { name, errno } = (error ?? {}) as { readonly name?: unknown; readonly errno?: unknown }
  if (name !== 'ErrnoError' || typeof errno !== 'number') return messageOf(error)
  return `the file system answers ${NAMES[errno] ?? `error ${errno} of WASI`}`
}

/** What one does about tables whose files are damaged: they hold nothing that is not in the topics. */
const RESTORE = 'Restore the directory, or remove it: the tables are loaded again from the topics, as far back as those are kept'

/** What was to become of the directory. */
export type Begun = 'made' | 'opened'

/** @param said what PostgreSQL or the error said */
export function faultOf(error: unknown, said: string, directory: string | null, begun: Begun): { code: ErrorCode; message: string } {
  const fault = `the tables in ${directory ?? 'memory'} cannot be ${begun}`
  const words = `${said} ${String(error)}`
  if (saysDiskFull(words)) return { code: 'DISK_FULL', message: `${fault}: the disk is full (${said}); free space` }
  if (UNUSABLE.test(words)) return { code: 'DATA_DIR_UNUSABLE', message: `${fault}: ${said}` }
  if (directory === null || begun === 'made') return { code: 'TABLES_UNAVAILABLE', message: `${fault}: ${said}` }
  return { code: 'DATA_CORRUPT', message: `${fault}: ${said}. ${RESTORE}` }
}
