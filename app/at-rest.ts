// A data directory that nobody else has open while something is done with it.
import { systemClock } from '#lib/adapters/embedded/system-clock.ts'
import { systemRandom } from '#lib/adapters/embedded/system-random.ts'
import type { AtRest } from '#lib/cli/commands/reset.ts'
import type { Settings } from '#lib/config/settings.ts'
import { MillraceError } from '#lib/model/errors.ts'
import { Closing } from '#lib/embedded/closing.ts'
import { holdsData, shownPath } from '#lib/embedded/directory.ts'
import { openLog, openTablesIn, takeDirectory } from '#lib/embedded/directory-parts.ts'
import { MIGRATIONS } from './migrations.ts'
import { PROCESSORS } from './systems.ts'

/**
 * @param tell told what is noticed on the way
 * @throws DATA_DIR_UNUSABLE when nothing was ever stored there, DATA_DIR_IN_USE while a system runs on it, and what `use` throws
 */
export async function atRest<T>(settings: Settings, tell: (text: string) => void, use: (resting: AtRest) => Promise<T>): Promise<T> {
  const { data } = settings
  if (!holdsData(data)) throw new MillraceError('DATA_DIR_UNUSABLE', `${shownPath(data)} holds no data; --data names another directory`)
  const closing = new Closing()
  try {
    const { lock, facts } = await takeDirectory(closing, settings)
    const log = await openLog(closing, lock, tell)
    const tables = openTablesIn(closing, lock.directory, MIGRATIONS)
    const ports = { log, tables, clock: systemClock(), random: systemRandom() }
    return await use({ app: facts.app, processors: PROCESSORS, ports })
  } finally {
    await closing.close()
  }
}
