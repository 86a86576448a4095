// What a data directory says of itself: how many partitions it was made with, and when its generated history begins.
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { MillraceError, messageOf } from '../model/errors.ts'

export interface DirectoryFacts {
  readonly app: string
  readonly partitions: number
  /** Event time of the first generated event, ms since epoch; null until a generator was started here. */
  readonly generatorStartAt: number | null
}

const FILE = 'millrace.json'
const FORMAT = 1
/** What a process that was killed before it wrote its facts may have left. */
const LEFTOVERS = /^(lock(-owner|-journal)?|millrace[.]json[.]new|control[.]json([.]new)?)$/

/** The path as shown: relative when it lies below the working directory. */
export function shownPath(directory: string): string {
  const path = relative(process.cwd(), resolve(directory))
  return path === '' || path.startsWith('..') ? resolve(directory) : path
}

/** Refuses a directory that belongs to somebody else, before anything is written into it. @throws DATA_DIR_UNUSABLE */
export async function checkUsable(directory: string): Promise<void> {
  const names: readonly string[] = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw unusable(directory, `cannot be used as a data directory: ${messageOf(error)}`, error)
  })
  if (names.includes(FILE) || names.every(n => LEFTOVERS.test(n))) return
  throw unusable(directory, 'is not empty and holds no data of Millrace; choose a new or an empty directory with --data')
}

/** Makes the directory and its parents, one by one: Node's own recursive way never ends where a parent takes no entries (/proc). @throws DATA_DIR_UNUSABLE */
export async function makeDirectory(directory: string): Promise<void> {
  const missing: string[] = []
  for (let path = resolve(directory); !existsSync(path) && dirname(path) !== path; path = dirname(path)) missing.unshift(path)
  try {
    for (const path of missing) await mkdir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(directory, `cannot be made: ${messageOf(error)}`, error)
  }
}

export const holdsData = (directory: string): boolean => existsSync(join(directory, FILE))

/** Null for a new directory. @throws DATA_CORRUPT, DATA_DIR_UNUSABLE */
export async function readFacts(directory: string): Promise<DirectoryFacts | null> {
  const file = join(directory, FILE)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw unusable(directory, `cannot be read: ${messageOf(error)}`, error)
  }
  const damaged = (what: string): MillraceError =>
    new MillraceError('DATA_CORRUPT', `${file} is damaged: ${what}. Restore it, or start with a new data directory`, { where: { file } })
  try {
    const { format, app, partitions, generatorStartAt } = JSON.parse(text) as DirectoryFacts & { format: unknown }
    if (format !== FORMAT) throw damaged(`its format is ${String(format)}, this version reads ${FORMAT}`)
    if (
      typeof app !== 'string' ||
      !Number.isSafeInteger(partitions) ||
      !(generatorStartAt === null || Number.isSafeInteger(generatorStartAt))
    )
      throw damaged('a field is missing or wrong')
    return { app, partitions, generatorStartAt }
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(error.message)
    throw error
  }
}

/** Old facts or new ones, whatever happens in between; durable when it resolves. The caller holds the directory's lock. @throws DISK_FULL, DATA_DIR_UNUSABLE */
export async function writeFacts(directory: string, facts: DirectoryFacts): Promise<void> {
  const file = join(directory, FILE)
  try {
    const handle = await open(`${file}.new`, 'w')
    try {
      await handle.writeFile(`${JSON.stringify({ format: FORMAT, ...facts }, null, 2)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(`${file}.new`, file)
    const parent = await open(directory, 'r')
    await parent.sync().finally(() => parent.close())
  } catch (error) {
    const full = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
    throw new MillraceError(full ? 'DISK_FULL' : 'DATA_DIR_UNUSABLE', `${file} cannot be written: ${messageOf(error)}`, {
      cause: error,
      where: { file },
    })
  }
}

const unusable = (directory: string, what: string, cause?: unknown): MillraceError =>
  new MillraceError('DATA_DIR_UNUSABLE', `${resolve(directory)} ${what}`, { cause, where: { file: resolve(directory) } })
