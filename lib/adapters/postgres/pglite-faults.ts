// Why PGlite did not start, as one of our codes.
import type { ErrorCode } from '../../model/errors.ts'

const FULL = /No space left on device|ENOSPC|Disk quota exceeded|EDQUOT|disk is full/i
const UNUSABLE = /EACCES|EPERM|EROFS|ENOTDIR|Permission denied|Read-only file system|Not a directory/i

/** Whether an error's words, PostgreSQL's, SQLite's or the system's, are those of a full disk. */
export const saysDiskFull = (said: string): boolean => FULL.test(said)

/** @param said what PostgreSQL or the error said */
export function faultOf(error: unknown, said: string, directory: string | null): { code: ErrorCode; message: string } {
  const where = directory ?? 'memory'
  const words = `${said} ${String(error)}`
  if (saysDiskFull(words)) return { code: 'DISK_FULL', message: `the tables in ${where} cannot be opened: the disk is full (${said})` }
  if (UNUSABLE.test(words)) return { code: 'DATA_DIR_UNUSABLE', message: `the tables in ${where} cannot be opened: ${said}` }
  if (directory === null) return { code: 'TABLES_UNAVAILABLE', message: `tables in memory cannot be made: ${said}` }
  return {
    code: 'DATA_CORRUPT',
    message: `the tables in ${where} cannot be opened: ${said}. Restore the directory, or remove it: the tables are loaded again from the topics, as far back as those are kept`,
  }
}
