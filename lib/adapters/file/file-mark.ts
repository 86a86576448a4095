// What a feed of files stores with its position, and whether the files are still those that the position means.
import { isMillraceError, MillraceError } from '../../model/errors.ts'
import { changeOf, type FileFacts, fileError, lookAt, type OpenRow } from './file-facts.ts'

/** What row numbers and records depend on besides the files. */
export interface ReadingWay {
  readonly format: 'csv' | 'ndjson'
  readonly groupBy: string | null
  readonly rowLimitBytes: number
  readonly runLimitBytes: number
}

export interface Known {
  /** Of the first files in the list; only the last may lack its number of rows. */
  readonly files: FileFacts[]
  /** Row numbers at which the input once ended: a run that was given as complete does not go on behind. */
  readonly ends: Set<number>
  /** Rows of the last of them that must come again as they came before: it grew, and they were read when it ended there. */
  readonly expected: readonly OpenRow[]
}

interface Mark {
  readonly kind: 'files'
  readonly way: ReadingWay
  readonly ends: readonly number[]
  readonly files: readonly FileFacts[]
}

export function markOf(way: ReadingWay, files: readonly FileFacts[], ends: Iterable<number>): string {
  return JSON.stringify({ kind: 'files', way, ends: [...ends], files } satisfies Mark)
}

/**
 * What is still true of what the mark tells. Only files with rows below `from` must be as they were: of the others nothing was committed.
 * @throws FILE_CHANGED, FILE_UNREADABLE
 */
export function knownOf(name: string, mark: string | null, way: ReadingWay, paths: readonly string[], from: number): Known {
  const known: Known = { files: [], ends: new Set(), expected: [] }
  if (mark === null || from === 0) return known
  const then = parsed(name, mark)
  for (const key of ['format', 'groupBy', 'rowLimitBytes', 'runLimitBytes'] as const) {
    if (then.way[key] !== way[key])
      throw changed(
        name,
        `was read with ${key} ${JSON.stringify(then.way[key])} up to row ${from} and is now opened with ${JSON.stringify(way[key])}`,
      )
  }
  for (const end of then.ends) known.ends.add(end)
  let row = 0
  for (const [i, facts] of then.files.entries()) {
    if (row >= from) break
    const path = paths[i]
    if (path === undefined) throw changed(name, `has only ${paths.length} files, but was read into its file ${i + 1}, ${facts.name}`)
    const now = lookAtAgain(path, facts)
    const change = changeOf(facts, now)
    const behind = facts.rows !== null && from > row + facts.rows
    if (change === 'other' || (change === 'grown' && behind)) throw fileError('FILE_CHANGED', path, differenceOf(facts, now, change))
    if (change === 'same') known.files.push(facts)
    else {
      known.files.push(lookAt(path))
      return { ...known, expected: facts.openRows.filter(open => row + open.row < from) }
    }
    if (facts.rows === null) break
    row += facts.rows
  }
  return known
}

/** @throws FILE_CHANGED when it is gone */
function lookAtAgain(path: string, facts: FileFacts): FileFacts {
  try {
    return lookAt(path, facts.sizeBytes)
  } catch (error) {
    if (isMillraceError(error) && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT')
      throw fileError('FILE_CHANGED', path, 'was read before and is gone; put it back', error)
    throw error
  }
}

function differenceOf(then: FileFacts, now: FileFacts, change: 'other' | 'grown'): string {
  const advice = 'positions in it mean nothing now: restore it, or start with a new data directory'
  if (then.name !== now.name) return `stands where ${then.name} stood when it was read; ${advice}`
  if (change === 'grown') return `grew from ${then.sizeBytes} to ${now.sizeBytes} bytes after the files behind it were read; ${advice}`
  if (now.sizeBytes < then.sizeBytes) return `shrank from ${then.sizeBytes} to ${now.sizeBytes} bytes after it was read; ${advice}`
  return `does not begin as it did when it was read; ${advice}`
}

const changed = (name: string, what: string): MillraceError =>
  new MillraceError('FILE_CHANGED', `feed '${name}' ${what}; open it as before, or start with a new data directory`)

function parsed(name: string, mark: string): Mark {
  try {
    const value = JSON.parse(mark) as Mark
    if (value.kind === 'files' && Array.isArray(value.files) && Array.isArray(value.ends) && typeof value.way === 'object') return value
  } catch {
    // told below
  }
  throw changed(name, `was another input before: its mark is ${mark.length > 200 ? `${mark.slice(0, 200)}…` : mark}`)
}
