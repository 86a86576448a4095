// The parts that live in a data directory: lock, facts, log, registry, tables.
import { join } from 'node:path'
import { type DirectoryLock, lockDirectory } from '../adapters/embedded/lock.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../adapters/embedded/record-log.ts'
import { openLocalRegistry } from '../adapters/registry/local.ts'
import { MillraceError } from '../model/errors.ts'
import type { Registry } from '../ports/registry.ts'
import type { Closing } from './closing.ts'
import { checkUsable, type DirectoryFacts, makeDirectory, readFacts, shownPath, writeFacts } from './directory.ts'
import { type Migrations, openMigrated } from './migrated-tables.ts'
import { type TablesOnceOpen, tablesOnceOpen } from './tables-once-open.ts'

const DEFAULT_PARTITIONS = 4

export interface WantedDirectory {
  readonly data: string
  /** Prefix of internal topics and ids. */
  readonly app: string
  /** Of topics that do not say their own; null: as the directory was made, 4 if it is new. */
  readonly partitions: number | null
}

export interface Taken {
  readonly lock: DirectoryLock
  readonly facts: DirectoryFacts
}

/** Takes the directory for this process, makes it if it is new, and compares what it says of itself with the settings. @throws DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATA_CORRUPT, OPTION_INVALID */
export async function takeDirectory(closing: Closing, { data, app, partitions }: WantedDirectory): Promise<Taken> {
  await checkUsable(data)
  await makeDirectory(data)
  const lock = closing.after(await lockDirectory(data), l => l.release())
  const { directory } = lock
  const stored = await readFacts(directory)
  if (stored === null) {
    const facts = { app, partitions: partitions ?? DEFAULT_PARTITIONS, generatorStartAt: null }
    await writeFacts(directory, facts)
    return { lock, facts }
  }
  const refuse = (what: string): never => {
    throw new MillraceError(
      'OPTION_INVALID',
      `${shownPath(directory)} was made with ${what}, which cannot be changed; leave that setting out, or choose another directory`,
    )
  }
  if (app !== stored.app) refuse(`the app name '${stored.app}'`)
  if (partitions !== null && partitions !== stored.partitions) refuse(`${stored.partitions} partition${stored.partitions === 1 ? '' : 's'}`)
  return { lock, facts: stored }
}

export const openLog = async (closing: Closing, lock: DirectoryLock, tornTail: (text: string) => void): Promise<EmbeddedLog> =>
  closing.after(
    await openEmbeddedLog(lock, {
      tornTail: ({ file, sizeBytes, keptIn }) =>
        tornTail(`the end of ${file} was torn by a crash: ${sizeBytes} bytes that were never acknowledged are kept in ${keptIn}`),
    }),
    l => l.close(),
  )

export const openRegistry = async (closing: Closing, directory: string): Promise<Registry> =>
  closing.after(await openLocalRegistry(join(directory, 'registry.json')), r => r.close())

/** Tables in `<directory>/tables`, opened at the first question or when told to. */
export const openTablesIn = (closing: Closing, directory: string, migrations: Migrations): TablesOnceOpen =>
  closing.after(
    tablesOnceOpen(() => openMigrated(join(directory, 'tables'), migrations)),
    t => t.close(),
  )
