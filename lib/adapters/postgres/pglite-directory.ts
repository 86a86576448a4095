// A data directory of PGlite: made whole or not at all. Apart from what runs PGlite, so that whoever only asks does not load it.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MillraceError } from '../../model/errors.ts'

export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function syncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name)
    if (entry.isDirectory()) syncTree(child)
    else if (entry.isFile()) syncDirectory(child)
  }
  syncDirectory(path)
}

/**
 * Makes a directory and its parents. Node's own recursive mkdir never returns where the file system answers ENOENT below a directory that exists
 * (below `/proc`, for one). @throws the file system's own error
 */
export function makeDirectory(path: string): void {
  if (existsSync(path)) return
  const parent = dirname(path)
  if (parent !== path) makeDirectory(parent)
  try {
    mkdirSync(path)
  } catch (error) {
    if (!existsSync(path)) throw error // another process was faster
  }
}

/** Whether something is there under the name of a data directory. */
export const isThere = (directory: string): boolean => existsSync(directory) && readdirSync(directory).length > 0

/** Whoever makes a database notices only at its end that the process that asked was killed, and writes until then: some seconds on a busy machine. */
const AGAINST_A_WRITER = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }

/**
 * Makes `directory` by `fill`, which is given an empty directory beside it: what is there under the final name is whole, whenever the process ends.
 * Does nothing when something is there already. What earlier tries left behind is removed.
 */
export async function createWhole(directory: string, fill: (staging: string) => Promise<void>): Promise<void> {
  const [home, name] = [dirname(directory), basename(directory)]
  for (const left of readdirSync(home)) if (left.startsWith(`${name}.new-`)) rmSync(join(home, left), AGAINST_A_WRITER)
  if (isThere(directory)) return
  const staging = `${directory}.new-${process.pid}`
  mkdirSync(staging)
  await fill(staging)
  syncTree(staging)
  try {
    renameSync(staging, directory)
  } catch (error) {
    if (!isThere(directory)) throw error
    rmSync(staging, { recursive: true }) // another process was faster
  }
  syncDirectory(home)
}

/** Of a directory without its version file PGlite would make a new database, over whatever is there. @throws DATA_CORRUPT */
export function checkWhole(directory: string): void {
  if (!existsSync(join(directory, 'PG_VERSION'))) throw new MillraceError('DATA_CORRUPT', 'the file PG_VERSION is missing')
}
