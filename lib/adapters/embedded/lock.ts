// One process per data directory. The lock is the operating system's own file lock, taken by SQLite on an empty file, so it goes with the
// process however that ends; there is nothing stale to guess about.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MillraceError, messageOf } from '../../model/errors.ts'
import { isDiskFull } from './files.ts'
import { makeDirectory } from './make-directory.ts'

export interface DirectoryLock {
  /** Absolute path of the locked directory. */
  readonly directory: string
  /** Whether the lock is still held. */
  readonly state: 'held' | 'released'
  /** Lets the next process in. May be called twice. */
  release(): Promise<void>
}

const LOCK = 'lock'
/** Says who holds the lock. Only a hint for the message: safety rests on the lock. */
const OWNER = 'lock-owner'
const SQLITE_BUSY = 5
const SQLITE_FULL = 13

/** node:sqlite without its ExperimentalWarning; every other warning is printed as ever. */
async function sqlite(): Promise<typeof import('node:sqlite')> {
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!(rest[0] === 'ExperimentalWarning' && String(warning).startsWith('SQLite is')))
      (emitWarning as (...all: unknown[]) => void).call(process, warning, ...rest)
  }) as typeof process.emitWarning
  try {
    return await import('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

/**
 * Takes the data directory for this process, and creates it if it is not there. The directory must lie on a local disk: network file systems
 * may grant one lock twice.
 * @throws DATA_DIR_IN_USE naming the process that has it, DATA_DIR_UNUSABLE, DISK_FULL
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = resolve(directory)
  const { DatabaseSync } = await sqlite()
  let database: InstanceType<typeof DatabaseSync> | undefined
  try {
    await makeDirectory(path)
    database = new DatabaseSync(join(path, LOCK))
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    await writeFile(join(path, OWNER), `${process.pid}\n`)
  } catch (error) {
    database?.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY)
      throw new MillraceError('DATA_DIR_IN_USE', `${path} is in use by ${await ownerOf(path)}; stop it or choose another directory`, {
        where: { file: path },
      })
    if ((error as { errcode?: number }).errcode === SQLITE_FULL || isDiskFull(error))
      throw new MillraceError('DISK_FULL', `${path} cannot be locked, because the disk is full: free some space`, {
        cause: error,
        where: { file: path },
      })
    throw new MillraceError('DATA_DIR_UNUSABLE', `${path} cannot be used as a data directory: ${messageOf(error)}`, {
      cause: error,
      where: { file: path },
    })
  }
  let state: 'held' | 'released' = 'held'
  return {
    directory: path,
    get state() {
      return state
    },
    async release() {
      if (state === 'released') return
      state = 'released'
      await rm(join(path, OWNER), { force: true })
      database.close()
    },
  }
}

async function ownerOf(path: string): Promise<string> {
  const pid = Number(await readFile(join(path, OWNER), 'utf8').catch(() => ''))
  if (pid === process.pid) return 'this very process'
  return pid > 0 ? `process ${pid}` : 'another process'
}
