// One PGlite per directory: it takes no lock itself, and two of them would tear the files apart.
import { dirname } from 'node:path'
import { MillraceError, messageOf } from '../../model/errors.ts'
import { makeDirectory } from './pglite-directory.ts'
import { saysDiskFull } from './pglite-faults.ts'

export interface TablesLock {
  release(): void
}

const SQLITE_BUSY = 5

/** node:sqlite without its ExperimentalWarning; every other warning is printed as ever. */
async function sqlite(): Promise<typeof import('node:sqlite')> {
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] !== 'ExperimentalWarning') (emitWarning as (...all: unknown[]) => void).call(process, warning, ...rest)
  }) as typeof process.emitWarning
  try {
    return await import('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

/**
 * Takes `directory` for this process by the operating system's lock on the file `<directory>.lock`; it goes with the process however that ends.
 * Makes the folder around the directory.
 * @throws DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DISK_FULL
 */
export async function lockTables(directory: string): Promise<TablesLock> {
  const { DatabaseSync } = await sqlite()
  const where = { where: { file: directory } }
  let file: InstanceType<typeof DatabaseSync> | null = null
  try {
    makeDirectory(dirname(directory))
    file = new DatabaseSync(`${directory}.lock`)
    file.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    file?.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY)
      throw new MillraceError(
        'DATA_DIR_IN_USE',
        `the tables in ${directory} are in use; stop the process that has them or choose another directory`,
        where,
      )
    const said = messageOf(error)
    if (saysDiskFull(said))
      throw new MillraceError('DISK_FULL', `the tables in ${directory} cannot be locked, because the disk is full: free some space`, {
        cause: error,
        ...where,
      })
    throw new MillraceError('DATA_DIR_UNUSABLE', `${directory} cannot be used for tables: ${said}`, { cause: error, ...where })
  }
  const held = file
  let state: 'held' | 'released' = 'held'
  return {
    release: () => {
      if (state === 'held') held.close()
      state = 'released'
    },
  }
}
