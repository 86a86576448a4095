// The parts that live in a data directory: lock, facts, log, registry, tables.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DirectoryLock, lockDirectory } from '#lib/adapters/embedded/lock.ts'
import { type EmbeddedLog, openEmbeddedLog } from '#lib/adapters/embedded/record-log.ts'
import { openPglite } from '#lib/adapters/postgres/pglite.ts'
import { openTables } from '#lib/adapters/postgres/tables.ts'
import { openLocalRegistry } from '#lib/adapters/registry/local.ts'
import { MillraceError } from '#lib/model/errors.ts'
import type { Registry } from '#lib/ports/registry.ts'
import type { Tables } from '#lib/ports/tables.ts'
import type { Settings } from '#lib/config/settings.ts'
import type { Closing } from './closing.ts'
import { checkUsable, type DirectoryFacts, makeDirectory, readFacts, shownPath, writeFacts } from './directory.ts'
import { SYSTEMS } from './systems.ts'
import { type TablesOnceOpen, tablesOnceOpen } from './tables-once-open.ts'

const DEFAULT_PARTITIONS = 4

export interface Taken {
  readonly lock: DirectoryLock
  readonly facts: DirectoryFacts
}

/** Takes the directory for this process, makes it if it is new, and compares what it says of itself with the settings. @throws DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATA_CORRUPT, OPTION_INVALID */
export async function takeDirectory(closing: Closing, settings: Settings): Promise<Taken> {
  await checkUsable(settings.data)
  await makeDirectory(settings.data)
  const lock = closing.after(await lockDirectory(settings.data), l => l.release())
  const { directory } = lock
  const stored = await readFacts(directory)
  if (stored === null) {
    const facts = { app: settings.app, partitions: settings.partitions ?? DEFAULT_PARTITIONS, generatorStartAt: null }
    await writeFacts(directory, facts)
    return { lock, facts }
  }
  const refuse = (what: string): never => {
    throw new MillraceError(
      'OPTION_INVALID',
      `${shownPath(directory)} was made with ${what}, which cannot be changed; leave the option out or choose another directory with --data`,
    )
  }
  if (settings.app !== stored.app) refuse(`--app ${stored.app}`)
  if (settings.partitions !== null && settings.partitions !== stored.partitions) refuse(`--partitions ${stored.partitions}`)
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
export const openTablesIn = (closing: Closing, directory: string): TablesOnceOpen =>
  closing.after(
    tablesOnceOpen(() => migratedTables(join(directory, 'tables'))),
    t => t.close(),
  )

async function migratedTables(directory: string): Promise<Tables> {
  const tables = await openTables(await openPglite(directory))
  try {
    await tables.migrate(migrations())
    await tables.check(SYSTEMS.flatMap(s => s.tables))
    return tables
  } catch (error) {
    await tables.close()
    throw error
  }
}

function migrations(): readonly { readonly name: string; readonly sql: string }[] {
  const folder = new URL('../sql/plain/', import.meta.url)
  return readdirSync(folder)
    .filter(name => name.endsWith('.sql'))
    .sort()
    .map(name => ({ name, sql: readFileSync(new URL(name, folder), 'utf8') }))
}
